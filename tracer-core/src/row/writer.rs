//! A row's writer: the fixed part at constant offsets, then the name and the entries.
//!
//! ```text
//!  0        4    5         p          p+18      p+28     p+37   p+46  p+48   p+54         p+64
//!  ┌────────┬────┬─────────┬──────────┬─────────┬────────┬──────┬─────┬──────┬────────────┬────────┬──────┬─────────┐
//!  │ source │ 12 │ LEN 1-3 │ trace_id │ span_id │ start  │ end  │kind │flags │ (parent)   │ 2a LEN │ name │ entries │
//!  └────────┴────┴─────────┴──────────┴─────────┴────────┴──────┴─────┴──────┴────────────┴────────┴──────┴─────────┘
//!  └ for the worker alone   └──────────────── the OTLP `Span` message ──────────────────────────────────────────────┘
//! ```
//!
//! The length is known before the first byte is written, so nothing is patched, and the arrays' sizes let the
//! compiler see that every store is in bounds.

use super::ROW_TAG;
use super::copy::copy_bytes;
use crate::context::SpanContext;
use crate::pipeline::Priority;

/// The number of the source, which stands in front of each row in a log.
pub(crate) const SOURCE_BYTES: usize = 4;
/// The fields of a root in front of its name, and those of a child.
const ROOT_FIELDS: usize = 54;
const CHILD_FIELDS: usize = 64;
/// OTLP's flag of a span whose parent is in another process.
const PARENT_IS_REMOTE: u32 = 0x200;

/// A finished span, ready to be written.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) source: u32,
    pub(crate) context: &'a SpanContext,
    pub(crate) start_unix_ns: u64,
    pub(crate) end_unix_ns: u64,
    pub(crate) kind: u8,
    pub(crate) flags: u32,
    pub(crate) name: &'a [u8],
    /// Its status is an error.
    pub(crate) is_error: bool,
    /// Encoded attributes, events and links, and the fields behind them.
    pub(crate) entries: &'a [u8],
}

/// The sizes of a row's parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowLen {
    span: usize,
    /// With the source and the row's own key and length.
    pub(crate) total: usize,
}

impl Row<'_> {
    /// Whether it is short enough for lengths of one and two bytes and a name that is copied without a call.
    #[inline(always)]
    pub(crate) const fn is_usual(&self) -> bool {
        self.name.len() <= 32 && self.entries.len() < 0x3f00
    }

    /// Errors and local roots go last when memory runs out.
    pub(crate) fn priority(&self) -> Priority {
        let is_local_root = !self.context.parent_id().is_valid() || self.flags & PARENT_IS_REMOTE != 0;
        if self.is_error || is_local_root { Priority::Last } else { Priority::Ordinary }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> RowLen {
        let fields = if self.context.parent_id().is_valid() { CHILD_FIELDS } else { ROOT_FIELDS };
        let span = fields + field_len(self.name.len()) + self.entries.len();
        RowLen { span, total: SOURCE_BYTES + field_len(span) }
    }

    /// Writes the row into room of its size, with its source in front.
    #[inline(always)]
    pub(crate) fn write(&self, len: RowLen, room: &mut [u8]) -> Option<()> {
        let room = put(room, self.source.to_le_bytes())?;
        let room = put_key_len(room, ROW_TAG, len.span)?;
        let room = put(room, self.root_fields())?;
        let parent = self.context.parent_id();
        let room = if parent.is_valid() {
            put(room, field::<2, 8, 10>([0x22, 8], parent.to_bytes()))?
        } else {
            room
        };
        let room = put_key_len(room, 0x2a, self.name.len())?;
        let (name, room) = room.split_at_mut_checked(self.name.len())?;
        copy_bytes(name, self.name)?;
        if !self.entries.is_empty() {
            room.get_mut(..self.entries.len())?.copy_from_slice(self.entries);
        }
        Some(())
    }

    #[inline(always)]
    fn root_fields(&self) -> [u8; ROOT_FIELDS] {
        let mut bytes = [0; ROOT_FIELDS];
        bytes[0..18].copy_from_slice(&field::<2, 16, 18>([0x0a, 16], self.context.trace_id().to_bytes()));
        bytes[18..28].copy_from_slice(&field::<2, 8, 10>([0x12, 8], self.context.span_id().to_bytes()));
        bytes[28] = 0x39;
        bytes[29..37].copy_from_slice(&self.start_unix_ns.to_le_bytes());
        bytes[37] = 0x41;
        bytes[38..46].copy_from_slice(&self.end_unix_ns.to_le_bytes());
        bytes[46..50].copy_from_slice(&[0x30, self.kind, 0x85, 0x01]);
        bytes[50..54].copy_from_slice(&self.flags.to_le_bytes());
        bytes
    }
}

/// Two arrays as one.
#[inline(always)]
fn field<const K: usize, const V: usize, const N: usize>(key: [u8; K], value: [u8; V]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..K].copy_from_slice(&key);
    bytes[K..K + V].copy_from_slice(&value);
    bytes
}

/// Writes bytes of a known number, and gives the room behind them.
#[inline(always)]
fn put<const N: usize>(room: &mut [u8], bytes: [u8; N]) -> Option<&mut [u8]> {
    let (place, rest) = room.split_first_chunk_mut()?;
    *place = bytes;
    Some(rest)
}

/// Writes a key and a length below 2^21: rows are smaller than 64 KiB.
#[inline(always)]
fn put_key_len(room: &mut [u8], key: u8, len: usize) -> Option<&mut [u8]> {
    let [low, middle, high] = [len, len >> 7, len >> 14].map(|bits| bits.to_le_bytes()[0]);
    match len_bytes(len) {
        1 => put(room, [key, low]),
        2 => put(room, [key, low | 0x80, middle]),
        _ => put(room, [key, low | 0x80, middle | 0x80, high]),
    }
}

/// The size of a field with a one-byte key and a length below 2^21.
#[inline(always)]
const fn field_len(len: usize) -> usize {
    1 + len_bytes(len) + len
}

#[inline(always)]
const fn len_bytes(len: usize) -> usize {
    match len {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 3,
    }
}
