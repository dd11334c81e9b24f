//! The writer of a row's variable part: attributes, events and links, encoded as they are set.
//!
//! All limits are enforced here, at the moment of the call, so that no row can be too large later.
//! A value over its limit is cut at a character boundary; an entry over its limit is left out and
//! counted in the row, as OTLP's `dropped_*_count` fields say it.

use super::key_value::{fields_len, key_value_len, put_fields, put_key_value};
use super::wire::{bytes_field_len, put_bytes, put_key_len, read_len};
use crate::context::SpanContext;
use crate::limits::SpanLimits;
use crate::span::StatusCode;
use crate::value::{Field, TagRef};

const ATTRIBUTE: u8 = 0x4a;
const EVENT: u8 = 0x5a;
const LINK: u8 = 0x6a;
/// What a scalar pair takes beside key and text, at most.
const PAIR_OVERHEAD: usize = 32;

/// What was set on one span: encoded entries, and the rarer rest.
#[derive(Debug, Default)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    /// One bit per key that was set, to find out cheaply that a key is new.
    keys: u64,
    attributes: u32,
    events: u32,
    links: u32,
    values_cut: u32,
    dropped: DroppedEntries,
    status: StatusCode,
    status_message: String,
    /// A name made while running; empty if there is none.
    name: String,
}

/// Attributes as bodies hold them, encoded once and put into many.
#[derive(Clone, Debug, Default)]
pub(crate) struct EncodedAttributes {
    bytes: Vec<u8>,
    count: u32,
    keys: u64,
}

/// How many entries were left out for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DroppedEntries {
    pub(crate) attributes: u32,
    pub(crate) events: u32,
    pub(crate) links: u32,
}

impl Body {
    /// The room that a body keeps for its next span.
    const KEPT_BYTES_MAX: usize = 2 * 1024;

    /// Forgets everything but the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        if self.bytes.capacity() > Self::KEPT_BYTES_MAX {
            self.bytes.shrink_to(Self::KEPT_BYTES_MAX);
        }
        self.status_message.clear();
        self.name.clear();
        (self.keys, self.status, self.dropped) = (0, StatusCode::Unset, DroppedEntries::default());
        (self.attributes, self.events, self.links, self.values_cut) = (0, 0, 0, 0);
    }

    /// Whether there is nothing but entries: no status, nothing cut or left out.
    #[inline]
    pub(crate) const fn is_plain(&self) -> bool {
        let DroppedEntries { attributes, events, links } = self.dropped;
        attributes | events | links | self.values_cut == 0 && matches!(self.status, StatusCode::Unset)
    }

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

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn status_message(&self) -> &str {
        &self.status_message
    }

    pub(crate) fn set_status(&mut self, status: StatusCode, message: &str, limits: &SpanLimits) {
        self.status = status;
        self.status_message.clear();
        self.status_message.push_str(cut_text(message, limits.name_bytes_max));
    }

    /// The status code alone; what was said about it stays.
    pub(crate) const fn set_status_code(&mut self, status: StatusCode) {
        self.status = status;
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn set_name(&mut self, name: &str, limits: &SpanLimits) {
        self.name.clear();
        self.name.push_str(cut_text(name, limits.name_bytes_max));
    }

    /// Sets an attribute; one of the same key is replaced.
    #[inline(always)]
    pub(crate) fn set_attribute(&mut self, key: &str, value: TagRef<'_>, limits: &SpanLimits) {
        let key_bit = key_bit(key);
        if self.keys & key_bit == 0 && self.fits_surely(key, value, limits) {
            self.keys |= key_bit;
            self.attributes += 1;
            put_key_value(&mut self.bytes, ATTRIBUTE, key, value);
        } else {
            self.set_attribute_within(key, value, limits);
        }
    }

    /// Appends attributes that were encoded before, to a body that has none of these keys.
    pub(crate) fn put_encoded(&mut self, encoded: &EncodedAttributes) {
        self.keys |= encoded.keys;
        self.attributes += encoded.count;
        self.bytes.extend_from_slice(&encoded.bytes);
    }

    /// Whether no limit can be met. Small pairs of a small span never are near one.
    #[inline(always)]
    fn fits_surely(&self, key: &str, value: TagRef<'_>, limits: &SpanLimits) -> bool {
        let text_len = match value {
            TagRef::Str(text) => text.len(),
            TagRef::Bool(_) | TagRef::I64(_) | TagRef::F64(_) => 0,
            _ => return false,
        };
        key.len() <= limits.name_bytes_max
            && text_len <= limits.value_bytes_max
            && self.attributes < limits.attributes_max
            && self.bytes.len() + key.len() + text_len + PAIR_OVERHEAD <= limits.body_bytes_max
    }

    /// As [`set_attribute`](Self::set_attribute), looking at everything.
    #[cold]
    fn set_attribute_within(&mut self, key: &str, value: TagRef<'_>, limits: &SpanLimits) {
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
        let cut;
        let fields = if fields.iter().all(|field| fits(field, limits)) {
            fields
        } else {
            cut = self.cut_fields(fields, limits);
            &cut
        };
        let len = 9 + bytes_field_len(name.len()) + fields_len(fields);
        if self.events >= limits.events_max || !self.has_room(len, limits) {
            self.dropped.events += 1;
            return;
        }
        self.events += 1;
        put_key_len(&mut self.bytes, EVENT, len);
        self.bytes.push(0x09);
        self.bytes.extend_from_slice(&time_unix_ns.to_le_bytes());
        put_bytes(&mut self.bytes, 0x12, name.as_bytes());
        put_fields(&mut self.bytes, 0x1a, fields);
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

/// Whether a field is within its limits.
fn fits((key, value): &Field<'_>, limits: &SpanLimits) -> bool {
    let value_len = match value {
        TagRef::Str(text) => text.len(),
        TagRef::Bytes(bytes) => bytes.len(),
        _ => 0,
    };
    key.len() <= limits.name_bytes_max && value_len <= limits.value_bytes_max
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

impl EncodedAttributes {
    pub(crate) fn new<const N: usize>(pairs: [Field<'_>; N]) -> Self {
        let mut encoded = Self::default();
        for (key, value) in pairs {
            put_key_value(&mut encoded.bytes, ATTRIBUTE, key, value);
            encoded.keys |= key_bit(key);
            encoded.count += 1;
        }
        encoded
    }
}

/// One of 64 bits for a key, from its length and its first, middle and last byte.
#[inline(always)]
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
