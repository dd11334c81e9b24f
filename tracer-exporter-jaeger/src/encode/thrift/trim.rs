//! A row that becomes smaller: what matters most is kept, and what is gone is counted in it.
//!
//! Kept are ids, times, kind, status and the start of the name; then, as long as there is room, the
//! tags (long texts cut), the links, the logs. The tag `otel.span_trimmed` says that it happened.

use std::borrow::Cow;

use tracer_core::row::wire::{Field, Fields, bytes_field_len, put_bytes, put_varint};

use crate::encode::names;

const NAME: u64 = 5;
const ATTRIBUTE: u64 = 9;
const DROPPED_ATTRIBUTES: u64 = 10;
const EVENT: u64 = 11;
const DROPPED_EVENTS: u64 = 12;
const LINK: u64 = 13;
const DROPPED_LINKS: u64 = 14;
const STATUS: u64 = 15;

/// What ids, times, the mark and the three counts take.
const FIXED_BYTES: usize = 160;

/// No text is cut to less.
const TEXT_BYTES_MIN: usize = 16;

/// Writes an OTLP `Span` message of about `bytes_max` bytes that has what matters of another.
pub(super) fn trim(row: &[u8], bytes_max: usize) -> Vec<u8> {
    let mut trimmed =
        Trimmed { out: Vec::with_capacity(bytes_max), room: bytes_max.saturating_sub(FIXED_BYTES) };
    let text_bytes_max = (trimmed.room / 8).max(TEXT_BYTES_MIN);
    trimmed.put_fixed(row, text_bytes_max);
    trimmed.put_mark();
    let attributes = trimmed.put_entries(row, ATTRIBUTE, |pair| shorter_pair(pair, text_bytes_max));
    let links = trimmed.put_entries(row, LINK, Cow::Borrowed);
    let events = trimmed.put_entries(row, EVENT, Cow::Borrowed);
    for (number, lost) in [(DROPPED_ATTRIBUTES, attributes), (DROPPED_EVENTS, events), (DROPPED_LINKS, links)]
    {
        let count = count(row, number).saturating_add(lost);
        if count > 0 {
            trimmed.put_varint_field(number, count);
        }
    }
    trimmed.out
}

struct Trimmed {
    out: Vec<u8>,
    room: usize,
}

impl Trimmed {
    /// Everything but entries and counts; texts are cut.
    fn put_fixed(&mut self, row: &[u8], text_bytes_max: usize) {
        for (number, field) in Fields::new(row).flatten() {
            match (number, field) {
                (ATTRIBUTE..=DROPPED_LINKS, _) => {}
                (NAME, Field::Bytes(name)) => self.put_bytes_field(number, cut(name, text_bytes_max)),
                (STATUS, Field::Bytes(status)) => {
                    let status = shorter_status(status, text_bytes_max);
                    self.put_bytes_field(number, &status);
                }
                // Ids; or a tracestate, which must be whole or absent.
                (_, Field::Bytes(bytes)) if bytes.len() <= text_bytes_max => {
                    self.put_bytes_field(number, bytes);
                }
                (_, Field::Varint(value)) => self.put_varint_field(number, value),
                (_, Field::Fixed64(bits)) => self.put_fixed_field(number, 1, &bits.to_le_bytes()),
                (_, Field::Fixed32(bits)) => self.put_fixed_field(number, 5, &bits.to_le_bytes()),
                _ => {}
            }
        }
    }

    fn put_mark(&mut self) {
        let mut pair = Vec::new();
        put_bytes(&mut pair, 0x0a, names::TRIMMED.as_bytes());
        put_bytes(&mut pair, 0x12, &[0x10, 1]);
        self.put_bytes_field(ATTRIBUTE, &pair);
    }

    /// Appends the entries of that number that fit, and says how many do not.
    fn put_entries<'a>(
        &mut self,
        row: &'a [u8],
        wanted: u64,
        shorten: impl Fn(&'a [u8]) -> Cow<'a, [u8]>,
    ) -> u64 {
        let mut lost = 0;
        for (number, field) in Fields::new(row).flatten() {
            let Field::Bytes(entry) = field else { continue };
            if number != wanted {
                continue;
            }
            let entry = shorten(entry);
            let len = bytes_field_len(entry.len());
            if len <= self.room {
                self.put_bytes_field(number, &entry);
            } else {
                lost += 1;
            }
        }
        lost
    }

    fn put_bytes_field(&mut self, number: u64, bytes: &[u8]) {
        self.room = self.room.saturating_sub(bytes_field_len(bytes.len()));
        put_varint(&mut self.out, number << 3 | 2);
        put_varint(&mut self.out, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    fn put_varint_field(&mut self, number: u64, value: u64) {
        put_varint(&mut self.out, number << 3);
        put_varint(&mut self.out, value);
    }

    fn put_fixed_field(&mut self, number: u64, wire_type: u64, bytes: &[u8]) {
        put_varint(&mut self.out, number << 3 | wire_type);
        self.out.extend_from_slice(bytes);
    }
}

/// A count that a row has already.
fn count(row: &[u8], wanted: u64) -> u64 {
    let found = Fields::new(row).flatten().find_map(|(number, field)| match field {
        Field::Varint(count) if number == wanted => Some(count),
        _ => None,
    });
    found.unwrap_or(0)
}

/// A `KeyValue` whose text is cut, if it has one that is too long.
fn shorter_pair(pair: &[u8], text_bytes_max: usize) -> Cow<'_, [u8]> {
    let mut shorter = Vec::new();
    for (number, field) in Fields::new(pair).flatten() {
        match (number, field) {
            (1, Field::Bytes(key)) => put_bytes(&mut shorter, 0x0a, cut(key, text_bytes_max)),
            (2, Field::Bytes(value)) => {
                let Some(Ok((1, Field::Bytes(text)))) = Fields::new(value).next() else {
                    return Cow::Borrowed(pair);
                };
                let mut value = Vec::new();
                put_bytes(&mut value, 0x0a, cut(text, text_bytes_max));
                put_bytes(&mut shorter, 0x12, &value);
            }
            _ => {}
        }
    }
    Cow::Owned(shorter)
}

/// A `Status` whose message is cut.
fn shorter_status(status: &[u8], text_bytes_max: usize) -> Vec<u8> {
    let mut shorter = Vec::new();
    for (number, field) in Fields::new(status).flatten() {
        match (number, field) {
            (2, Field::Bytes(message)) => put_bytes(&mut shorter, 0x12, cut(message, text_bytes_max)),
            (3, Field::Varint(code)) => {
                shorter.push(0x18);
                put_varint(&mut shorter, code);
            }
            _ => {}
        }
    }
    shorter
}

/// The longest start of a text that has at most so many bytes and ends between characters.
fn cut(text: &[u8], bytes_max: usize) -> &[u8] {
    if text.len() <= bytes_max {
        return text;
    }
    let is_boundary = |end: &usize| text.get(*end).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (0..=bytes_max).rev().find(is_boundary).unwrap_or(0);
    text.get(..end).unwrap_or(text)
}
