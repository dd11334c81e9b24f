//! The writer of a row's variable part: attributes, events and links, encoded as they are set.
//!
//! All limits are enforced here, at the moment of the call, so that no row can be too large later.
//! A value over its limit is cut at a character boundary; an entry over its limit is left out and
//! counted in the row, as OTLP's `dropped_*_count` fields say it.

mod cut;

pub(crate) use self::cut::cut_text;
use self::cut::fits;
use super::buffer::Buffer;
use super::copy::copy_bytes;
use super::key_value::{fields_len, key_value_len, put_fields, put_key_value, put_short, short_len_max};
use super::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, read_len};
use crate::clock::Timeline;
use crate::context::{SpanContext, TraceState};
use crate::limits::{Limits, SpanLimits};
use crate::span::StatusCode;
use crate::value::{Field, TagRef};

const ATTRIBUTE: u8 = 0x4a;
const EVENT: u8 = 0x5a;
const LINK: u8 = 0x6a;
/// An event of at most so many bytes has lengths of one byte each.
const SHORT_EVENT_MAX: usize = 127;

/// What was set on one span: encoded entries, and the rarer rest.
#[derive(Debug, Default)]
pub(crate) struct Body {
    buffer: Buffer,
    /// One bit per key that was set, to find out cheaply that a key is new.
    keys: u64,
    attributes: u32,
    events: u32,
    links: u32,
    /// Taken at the first log.
    timeline: Option<Timeline>,
    /// Whether anything below is set.
    has_rest: bool,
    rest: Rest,
}

/// What most spans have none of.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) values_cut: u32,
    pub(crate) dropped: DroppedEntries,
    pub(crate) status: StatusCode,
    pub(crate) status_message: String,
    /// A name made while running; empty if there is none.
    pub(crate) name: String,
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
    /// Forgets everything but the memory.
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        (self.keys, self.attributes, self.events, self.links) = (0, 0, 0, 0);
        self.timeline = None;
        if self.has_rest {
            self.has_rest = false;
            self.rest.clear();
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.buffer.as_bytes()
    }

    /// What all times of the span are told by, if one has been.
    #[inline(always)]
    pub(crate) const fn timeline(&self) -> Option<Timeline> {
        self.timeline
    }

    /// The same; `now`, and from now on, if none has been.
    #[inline(always)]
    pub(crate) fn timeline_or(&mut self, now: impl FnOnce() -> Timeline) -> Timeline {
        *self.timeline.get_or_insert_with(now)
    }

    /// What most spans have none of, if this one has it.
    #[inline]
    pub(crate) const fn rest(&self) -> Option<&Rest> {
        if self.has_rest { Some(&self.rest) } else { None }
    }

    pub(crate) fn set_status(&mut self, status: StatusCode, message: &str, limits: &SpanLimits) {
        let message = self.cut(message, limits.name_bytes_max);
        let rest = self.rest_mut();
        rest.status = status;
        rest.status_message.clear();
        rest.status_message.push_str(message);
    }

    /// The status code alone; what was said about it stays.
    pub(crate) const fn set_status_code(&mut self, status: StatusCode) {
        self.rest_mut().status = status;
    }

    pub(crate) fn set_name(&mut self, name: &str, limits: &SpanLimits) {
        let name = self.cut(name, limits.name_bytes_max);
        let rest = self.rest_mut();
        rest.name.clear();
        rest.name.push_str(name);
    }

    /// Sets an attribute that is short and new. Says whether it did; else it is for
    /// [`set_attribute`](Self::set_attribute).
    #[inline(always)]
    pub(crate) fn set_short_attribute(&mut self, key: &str, value: TagRef<'_>, short_max: u32) -> bool {
        let key_bit = key_bit(key);
        if self.keys & key_bit != 0 || self.attributes >= short_max {
            return false;
        }
        let put = self.buffer.room().and_then(|room| put_short(room, ATTRIBUTE, key, value));
        let Some(len) = put else { return false };
        self.buffer.extend(len);
        self.keys |= key_bit;
        self.attributes += 1;
        true
    }

    /// Appends attributes that were encoded before, to a body that has none of these keys.
    pub(crate) fn put_encoded(&mut self, encoded: &EncodedAttributes) {
        self.keys |= encoded.keys;
        self.attributes += encoded.count;
        self.buffer.append_bytes(&encoded.bytes);
    }

    /// Appends the fields that stand behind the entries: what was left out, tracestate and status.
    pub(crate) fn close(&mut self, trace_state: Option<&TraceState>) {
        let rest = &self.rest;
        self.buffer.append(|out| {
            let dropped = rest.dropped;
            for (key, count) in [(0x50, dropped.attributes), (0x60, dropped.events), (0x70, dropped.links)] {
                if count > 0 {
                    out.push(key);
                    put_varint(out, u64::from(count));
                }
            }
            if let Some(state) = trace_state {
                put_bytes(out, 0x1a, state.as_str().as_bytes());
            }
            if rest.status != StatusCode::Unset {
                put_status(out, rest.status, rest.status_message.as_bytes());
            }
        });
    }

    /// Sets any attribute; one of the same key is replaced.
    pub(crate) fn set_attribute(&mut self, key: &str, value: TagRef<'_>, limits: &SpanLimits) {
        let texts = self.cut_texts(value, limits);
        let value = texts.as_deref().map_or(value, TagRef::StrArray);
        let (key, value) = self.cut_field(key, value, limits);
        let key_bit = key_bit(key);
        if self.keys & key_bit != 0 {
            self.remove_attribute(key);
        }
        let len = key_value_len(key, value);
        if self.attributes >= limits.attributes_max || !self.has_room(len, limits) {
            self.rest_mut().dropped.attributes += 1;
            return;
        }
        self.keys |= key_bit;
        self.attributes += 1;
        self.buffer.append(|out| put_key_value(out, ATTRIBUTE, key, value));
    }

    /// Appends an event.
    #[inline(always)]
    pub(crate) fn add_event(&mut self, time_unix_ns: u64, name: &str, fields: &[Field<'_>], limits: &Limits) {
        if self.events >= limits.short_events_max
            || self.put_short_event(time_unix_ns, name, fields).is_none()
        {
            self.add_event_within(time_unix_ns, name, fields, &limits.span);
        }
    }

    /// Appends an event whose length fits one byte, if it does and there is room.
    #[inline(always)]
    fn put_short_event(&mut self, time_unix_ns: u64, name: &str, fields: &[Field<'_>]) -> Option<()> {
        let mut len_max = 11 + name.len();
        for (key, value) in fields {
            len_max += short_len_max(key, *value)?;
        }
        if len_max > SHORT_EVENT_MAX {
            return None;
        }
        let start = self.buffer.len();
        let room = self.buffer.room()?;
        *room.first_chunk_mut()? = [EVENT, 0, 0x09];
        *room.get_mut(3..)?.first_chunk_mut()? = time_unix_ns.to_le_bytes();
        *room.get_mut(11..)?.first_chunk_mut()? = [0x12, name.len().to_le_bytes()[0]];
        copy_bytes(room.get_mut(13..13 + name.len())?, name.as_bytes())?;
        self.buffer.extend(13 + name.len());
        for (key, value) in fields {
            let room = self.buffer.room();
            let Some(len) = room.and_then(|room| put_short(room, 0x1a, key, *value)) else {
                self.buffer.truncate(start);
                return None;
            };
            self.buffer.extend(len);
        }
        self.buffer.set(start + 1, (self.buffer.len() - start - 2).to_le_bytes()[0]);
        self.events += 1;
        Some(())
    }

    /// As [`add_event`](Self::add_event), looking at everything.
    #[cold]
    fn add_event_within(&mut self, time_unix_ns: u64, name: &str, fields: &[Field<'_>], limits: &SpanLimits) {
        let name = self.cut(name, limits.name_bytes_max);
        let (texts, cut);
        let fields = if fields.iter().all(|field| fits(field, limits)) {
            fields
        } else {
            texts = self.cut_all_texts(fields, limits);
            cut = self.cut_fields(fields, &texts, limits);
            &cut
        };
        let len = 9 + bytes_field_len(name.len()) + fields_len(fields);
        if self.events >= limits.events_max || !self.has_room(len, limits) {
            self.rest_mut().dropped.events += 1;
            return;
        }
        self.events += 1;
        self.buffer.append(|out| {
            put_key_len(out, EVENT, len);
            out.push(0x09);
            out.extend_from_slice(&time_unix_ns.to_le_bytes());
            put_bytes(out, 0x12, name.as_bytes());
            put_fields(out, 0x1a, fields);
        });
    }

    /// Appends a link.
    pub(crate) fn add_link(&mut self, context: &SpanContext, fields: &[Field<'_>], limits: &SpanLimits) {
        let texts = self.cut_all_texts(fields, limits);
        let fields = self.cut_fields(fields, &texts, limits);
        let trace_state = context.trace_state().map_or("", |state| state.as_str());
        let state_len = if trace_state.is_empty() { 0 } else { bytes_field_len(trace_state.len()) };
        let len = 18 + 10 + state_len + fields_len(&fields) + 5;
        if self.links >= limits.links_max || !self.has_room(len, limits) {
            self.rest_mut().dropped.links += 1;
            return;
        }
        self.links += 1;
        self.buffer.append(|out| {
            put_key_len(out, LINK, len);
            put_bytes(out, 0x0a, &context.trace_id().to_bytes());
            put_bytes(out, 0x12, &context.span_id().to_bytes());
            if state_len > 0 {
                put_bytes(out, 0x1a, trace_state.as_bytes());
            }
            put_fields(out, 0x22, &fields);
            out.push(0x35);
            out.extend_from_slice(&otlp_flags(context, context.is_remote()).to_le_bytes());
        });
    }

    /// Cuts the encoded attribute of that key out, if it is there.
    fn remove_attribute(&mut self, key: &str) {
        let Some(range) = self.find_attribute(key) else {
            return;
        };
        self.buffer.remove(range);
        self.attributes -= 1;
    }

    fn find_attribute(&self, key: &str) -> Option<std::ops::Range<usize>> {
        let bytes = self.buffer.as_bytes();
        let mut at = 0;
        while let Some((&kind, rest)) = bytes.get(at..)?.split_first() {
            let (len, len_bytes) = read_len(rest)?;
            let content = at + 1 + len_bytes;
            let entry = bytes.get(content..content + len)?;
            if kind == ATTRIBUTE && entry_key(entry) == Some(key.as_bytes()) {
                return Some(at..content + len);
            }
            at = content + len;
        }
        None
    }

    fn has_room(&self, len: usize, limits: &SpanLimits) -> bool {
        self.buffer.len() + bytes_field_len(len) <= limits.body_bytes_max
    }

    const fn rest_mut(&mut self) -> &mut Rest {
        self.has_rest = true;
        &mut self.rest
    }
}

impl Rest {
    /// The name made while running, if there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.is_empty())
    }

    fn clear(&mut self) {
        (self.values_cut, self.dropped, self.status) = (0, DroppedEntries::default(), StatusCode::Unset);
        self.status_message.clear();
        self.name.clear();
    }
}

fn put_status(out: &mut Vec<u8>, status: StatusCode, message: &[u8]) {
    put_key_len(out, 0x7a, 2 + if message.is_empty() { 0 } else { bytes_field_len(message.len()) });
    if !message.is_empty() {
        put_bytes(out, 0x12, message);
    }
    out.extend_from_slice(&[0x18, status.number()]);
}

/// OTLP's flags of a span or link: the W3C byte, and whether the context that `remote` speaks of
/// came from another process (bits 8 and 9).
pub(crate) fn otlp_flags(context: &SpanContext, remote: bool) -> u32 {
    u32::from(context.flags().to_w3c()) | 0x100 | u32::from(remote) << 9
}

impl EncodedAttributes {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

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
