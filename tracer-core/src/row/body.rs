//! The writer of a row's variable part: attributes, events and links, encoded as they are set.
//!
//! All limits are enforced here, at the moment of the call, so that no row can be too large later.
//! A value over its limit is cut at a character boundary; an entry over its limit is left out and
//! counted in the row, as OTLP's `dropped_*_count` fields say it.

use super::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, varint_len};
use crate::context::SpanContext;
use crate::limits::SpanLimits;
use crate::value::{Field, TagRef};

const ATTRIBUTE: u8 = 0x4a;
const EVENT: u8 = 0x5a;
const LINK: u8 = 0x6a;

/// Encoded entries of one span.
#[derive(Debug, Default)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    attributes: u32,
    events: u32,
    links: u32,
    /// One bit per key that was set, to find out cheaply that a key is new.
    keys: u64,
    dropped: DroppedEntries,
    values_cut: u32,
}

/// How many entries were left out for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DroppedEntries {
    pub(crate) attributes: u32,
    pub(crate) events: u32,
    pub(crate) links: u32,
}

impl Body {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) const fn dropped(&self) -> DroppedEntries {
        self.dropped
    }

    /// How many values were cut to their limit.
    pub(crate) const fn values_cut(&self) -> u32 {
        self.values_cut
    }

    /// Sets an attribute; one of the same key is replaced.
    pub(crate) fn set_attribute(&mut self, key: &str, value: TagRef<'_>, limits: &SpanLimits) {
        let (key, value) = self.cut_field(key, value, limits);
        let key_bit = key_bit(key);
        if self.keys & key_bit != 0 {
            self.remove_attribute(key);
        }
        let len = key_value_len(key, value);
        if self.attributes >= limits.attributes_max || !self.has_room(len, limits) {
            self.dropped.attributes += 1;
            return;
        }
        self.keys |= key_bit;
        self.attributes += 1;
        put_key_value(&mut self.bytes, ATTRIBUTE, key, value);
    }

    /// Appends an event.
    pub(crate) fn add_event(
        &mut self,
        time_unix_ns: u64,
        name: &str,
        fields: &[Field<'_>],
        limits: &SpanLimits,
    ) {
        let name = self.cut(name, limits.name_bytes_max);
        let fields = self.cut_fields(fields, limits);
        let len = 9 + bytes_field_len(name.len()) + fields_len(&fields);
        if self.events >= limits.events_max || !self.has_room(len, limits) {
            self.dropped.events += 1;
            return;
        }
        self.events += 1;
        put_key_len(&mut self.bytes, EVENT, len);
        self.bytes.push(0x09);
        self.bytes.extend_from_slice(&time_unix_ns.to_le_bytes());
        put_bytes(&mut self.bytes, 0x12, name.as_bytes());
        put_fields(&mut self.bytes, 0x1a, &fields);
    }

    /// Appends a link.
    pub(crate) fn add_link(&mut self, context: &SpanContext, fields: &[Field<'_>], limits: &SpanLimits) {
        let fields = self.cut_fields(fields, limits);
        let trace_state = context.trace_state().map_or("", |state| state.as_str());
        let state_len = if trace_state.is_empty() { 0 } else { bytes_field_len(trace_state.len()) };
        let len = 18 + 10 + state_len + fields_len(&fields) + 5;
        if self.links >= limits.links_max || !self.has_room(len, limits) {
            self.dropped.links += 1;
            return;
        }
        self.links += 1;
        put_key_len(&mut self.bytes, LINK, len);
        put_bytes(&mut self.bytes, 0x0a, &context.trace_id().to_bytes());
        put_bytes(&mut self.bytes, 0x12, &context.span_id().to_bytes());
        if state_len > 0 {
            put_bytes(&mut self.bytes, 0x1a, trace_state.as_bytes());
        }
        put_fields(&mut self.bytes, 0x22, &fields);
        self.bytes.push(0x35);
        self.bytes.extend_from_slice(&otlp_flags(context, context.is_remote()).to_le_bytes());
    }

    /// Cuts the encoded attribute of that key out, if it is there.
    fn remove_attribute(&mut self, key: &str) {
        let Some(range) = self.find_attribute(key) else {
            return;
        };
        self.bytes.drain(range);
        self.attributes -= 1;
    }

    fn find_attribute(&self, key: &str) -> Option<std::ops::Range<usize>> {
        let mut at = 0;
        while let Some((&kind, rest)) = self.bytes.get(at..)?.split_first() {
            let (len, len_bytes) = read_len(rest)?;
            let content = at + 1 + len_bytes;
            let entry = self.bytes.get(content..content + len)?;
            if kind == ATTRIBUTE && entry_key(entry) == Some(key.as_bytes()) {
                return Some(at..content + len);
            }
            at = content + len;
        }
        None
    }

    fn has_room(&self, len: usize, limits: &SpanLimits) -> bool {
        self.bytes.len() + bytes_field_len(len) <= limits.body_bytes_max
    }

    fn cut<'a>(&mut self, text: &'a str, bytes_max: usize) -> &'a str {
        let cut = cut_text(text, bytes_max);
        self.values_cut += u32::from(cut.len() < text.len());
        cut
    }

    fn cut_field<'a>(&mut self, key: &'a str, value: TagRef<'a>, limits: &SpanLimits) -> Field<'a> {
        let key = self.cut(key, limits.name_bytes_max);
        let value = match value {
            TagRef::Str(text) => TagRef::Str(self.cut(text, limits.value_bytes_max)),
            TagRef::Bytes(bytes) if bytes.len() > limits.value_bytes_max => {
                self.values_cut += 1;
                TagRef::Bytes(bytes.get(..limits.value_bytes_max).unwrap_or(bytes))
            }
            other => other,
        };
        (key, value)
    }

    fn cut_fields<'a>(&mut self, fields: &'a [Field<'a>], limits: &SpanLimits) -> Vec<Field<'a>> {
        fields.iter().map(|(key, value)| self.cut_field(key, *value, limits)).collect()
    }
}

/// The longest start of a text that has at most so many bytes and ends between characters.
pub(crate) fn cut_text(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

/// OTLP's flags of a span or link: the W3C byte, and whether the context that `remote` speaks of
/// came from another process (bits 8 and 9).
pub(crate) fn otlp_flags(context: &SpanContext, remote: bool) -> u32 {
    u32::from(context.flags().to_w3c()) | 0x100 | u32::from(remote) << 9
}

/// Appends a `KeyValue` as a field with that key byte.
pub(crate) fn put_key_value(out: &mut Vec<u8>, field_key: u8, key: &str, value: TagRef<'_>) {
    put_key_len(out, field_key, key_value_len(key, value));
    put_bytes(out, 0x0a, key.as_bytes());
    put_key_len(out, 0x12, value_len(value));
    put_value(out, value);
}

fn put_fields(out: &mut Vec<u8>, field_key: u8, fields: &[Field<'_>]) {
    for (key, value) in fields {
        put_key_value(out, field_key, key, *value);
    }
}

fn fields_len(fields: &[Field<'_>]) -> usize {
    fields.iter().map(|(key, value)| bytes_field_len(key_value_len(key, *value))).sum()
}

fn key_value_len(key: &str, value: TagRef<'_>) -> usize {
    bytes_field_len(key.len()) + bytes_field_len(value_len(value))
}

/// The size of a value as an `AnyValue` message.
fn value_len(value: TagRef<'_>) -> usize {
    match value {
        TagRef::Str(text) => bytes_field_len(text.len()),
        TagRef::Bool(_) => 2,
        TagRef::I64(number) => 1 + varint_len(bits(number)),
        TagRef::U64(number) => match i64::try_from(number) {
            Ok(number) => value_len(TagRef::I64(number)),
            Err(_) => bytes_field_len(decimal_digits(number)),
        },
        TagRef::F64(_) => 9,
        TagRef::Bytes(bytes) => bytes_field_len(bytes.len()),
        TagRef::StrArray(_) | TagRef::BoolArray(_) | TagRef::I64Array(_) | TagRef::F64Array(_) => {
            bytes_field_len(elements(value).map(|element| bytes_field_len(value_len(element))).sum())
        }
    }
}

fn put_value(out: &mut Vec<u8>, value: TagRef<'_>) {
    match value {
        TagRef::Str(text) => put_bytes(out, 0x0a, text.as_bytes()),
        TagRef::Bool(truth) => out.extend_from_slice(&[0x10, u8::from(truth)]),
        TagRef::I64(number) => {
            out.push(0x18);
            put_varint(out, bits(number));
        }
        TagRef::U64(number) => match i64::try_from(number) {
            Ok(number) => put_value(out, TagRef::I64(number)),
            Err(_) => put_bytes(out, 0x0a, number.to_string().as_bytes()),
        },
        TagRef::F64(number) => {
            out.push(0x21);
            out.extend_from_slice(&number.to_le_bytes());
        }
        TagRef::Bytes(bytes) => put_bytes(out, 0x3a, bytes),
        TagRef::StrArray(_) | TagRef::BoolArray(_) | TagRef::I64Array(_) | TagRef::F64Array(_) => {
            put_key_len(out, 0x2a, elements(value).map(|element| bytes_field_len(value_len(element))).sum());
            for element in elements(value) {
                put_key_len(out, 0x0a, value_len(element));
                put_value(out, element);
            }
        }
    }
}

/// Protobuf's `int64`: two's complement in a varint.
const fn bits(number: i64) -> u64 {
    u64::from_le_bytes(number.to_le_bytes())
}

/// The elements of an array value; none of any other.
fn elements<'a>(value: TagRef<'a>) -> impl Iterator<Item = TagRef<'a>> {
    let (texts, truths, integers, floats): (&'a [&'a str], &[bool], &[i64], &[f64]) = match value {
        TagRef::StrArray(texts) => (texts, &[], &[], &[]),
        TagRef::BoolArray(truths) => (&[], truths, &[], &[]),
        TagRef::I64Array(integers) => (&[], &[], integers, &[]),
        TagRef::F64Array(floats) => (&[], &[], &[], floats),
        _ => (&[], &[], &[], &[]),
    };
    let texts = texts.iter().map(|text| TagRef::Str(text));
    let truths = truths.iter().map(|truth| TagRef::Bool(*truth));
    let integers = integers.iter().map(|number| TagRef::I64(*number));
    texts.chain(truths).chain(integers).chain(floats.iter().map(|number| TagRef::F64(*number)))
}

const fn decimal_digits(number: u64) -> usize {
    match number {
        0 => 1,
        _ => number.ilog10() as usize + 1,
    }
}

/// One of 64 bits for a key, from its length and its first, middle and last byte.
fn key_bit(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let at = |index: usize| bytes.get(index).copied().map_or(0, usize::from);
    let hash = bytes.len() + at(0) + 3 * at(bytes.len() / 2) + 5 * at(bytes.len().wrapping_sub(1));
    1 << (hash % 64)
}

/// The key of an encoded `KeyValue` that this file wrote.
fn entry_key(entry: &[u8]) -> Option<&[u8]> {
    let (len, len_bytes) = read_len(entry.get(1..)?)?;
    entry.get(1 + len_bytes..1 + len_bytes + len)
}

/// A varint length and how many bytes it takes.
fn read_len(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut len = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        len |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((len, index + 1));
        }
    }
    None
}
