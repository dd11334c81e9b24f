//! A row's writer: the fixed part at constant offsets, then the name and the entries.
//!
//! ```text
//!  0    1         p          p+18      p+28     p+37   p+46  p+48   p+54         p+64
//!  ┌────┬─────────┬──────────┬─────────┬────────┬──────┬─────┬──────┬────────────┬────────┬──────┬─────────┐
//!  │ 12 │ LEN 1-3 │ trace_id │ span_id │ start  │ end  │kind │flags │ (parent)   │ 2a LEN │ name │ entries │
//!  └────┴─────────┴──────────┴─────────┴────────┴──────┴─────┴──────┴────────────┴────────┴──────┴─────────┘
//!                 └──────────────── the OTLP `Span` message ──────────────────────────────────────────────┘
//! ```
//!
//! The length is known before the first byte is written, so nothing is patched, and the arrays' sizes let the
//! compiler see that every store is in bounds.

use super::ROW_TAG;
use super::copy::copy_bytes;
use crate::context::SpanContext;
use crate::pipeline::Priority;

/// The fields of a root in front of its name, and those of a child.
const ROOT_FIELDS: usize = 54;
const CHILD_FIELDS: usize = 64;
/// OTLP's flag of a span whose parent is in another process.
const PARENT_IS_REMOTE: u32 = 0x200;

/// A finished span, ready to be written.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// Who made it; not part of what is written.
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

/// A name of at most so many bytes is copied without a call.
pub(crate) const SHORT_NAME_MAX: usize = 32;
/// With a short name and so many bytes of entries, a row's length takes two bytes.
pub(crate) const SHORT_ENTRIES_MAX: usize = 0x3f00;
/// Room for all that stands in front of a row's entries, if its name is short.
const HEAD_MAX: usize = 4 + CHILD_FIELDS + 2 + SHORT_NAME_MAX;

impl Row<'_> {
    /// Errors and local roots go last when memory runs out.
    pub(crate) fn priority(&self) -> Priority {
        let is_local_root = !self.context.parent_id().is_valid() || self.flags & PARENT_IS_REMOTE != 0;
        if self.is_error || is_local_root { Priority::Last } else { Priority::Ordinary }
    }

    /// The room that it is written into: at least its size.
    #[inline(always)]
    pub(crate) const fn room_bytes(&self) -> usize {
        let rest = if self.name.len() > SHORT_NAME_MAX { self.name.len() } else { 0 };
        HEAD_MAX + rest + self.entries.len()
    }

    /// Writes the row, and says how many bytes it has.
    #[inline(always)]
    pub(crate) fn write(&self, room: &mut [u8]) -> Option<usize> {
        if self.context.parent_id().is_valid() {
            let len = CHILD_FIELDS + field_len(self.name.len()) + self.entries.len();
            match len_bytes(len) {
                1 => self.write_as::<1, true>(len, room),
                2 => self.write_as::<2, true>(len, room),
                _ => self.write_long(len, room),
            }
        } else {
            let len = ROOT_FIELDS + field_len(self.name.len()) + self.entries.len();
            match len_bytes(len) {
                1 => self.write_as::<1, false>(len, room),
                2 => self.write_as::<2, false>(len, room),
                _ => self.write_long(len, room),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn write_long(&self, len: usize, room: &mut [u8]) -> Option<usize> {
        if self.context.parent_id().is_valid() {
            self.write_as::<3, true>(len, room)
        } else {
            self.write_as::<3, false>(len, room)
        }
    }

    /// Writes a row whose length has so many bytes. All in front of the name is at constant places.
    #[inline(always)]
    fn write_as<const LEN_BYTES: usize, const HAS_PARENT: bool>(
        &self,
        len: usize,
        room: &mut [u8],
    ) -> Option<usize> {
        let head: &mut [u8; HEAD_MAX] = room.first_chunk_mut()?;
        put(head, 0, [ROW_TAG])?;
        put(head, 1, varint::<LEN_BYTES>(len))?;
        let at = 1 + LEN_BYTES;
        self.put_root_fields(head, at)?;
        if HAS_PARENT {
            put(head, at + ROOT_FIELDS, [0x22, 8])?;
            put(head, at + ROOT_FIELDS + 2, self.context.parent_id().to_bytes())?;
        }
        let at = at + if HAS_PARENT { CHILD_FIELDS } else { ROOT_FIELDS };
        put(head, at, [0x2a, self.name.len().to_le_bytes()[0]])?;
        let end = if self.name.len() <= SHORT_NAME_MAX {
            let (_, name) = head.split_at_mut_checked(at + 2)?;
            copy_bytes(name.get_mut(..self.name.len())?, self.name)?;
            at + 2 + self.name.len()
        } else {
            put_long_name(room, at, self.name)?
        };
        if !self.entries.is_empty() {
            room.get_mut(end..)?.get_mut(..self.entries.len())?.copy_from_slice(self.entries);
        }
        Some(end + self.entries.len())
    }

    #[inline(always)]
    fn put_root_fields(&self, head: &mut [u8; HEAD_MAX], at: usize) -> Option<()> {
        put(head, at, [0x0a, 16])?;
        put(head, at + 2, self.context.trace_id().to_bytes())?;
        put(head, at + 18, [0x12, 8])?;
        put(head, at + 20, self.context.span_id().to_bytes())?;
        put(head, at + 28, [0x39])?;
        put(head, at + 29, self.start_unix_ns.to_le_bytes())?;
        put(head, at + 37, [0x41])?;
        put(head, at + 38, self.end_unix_ns.to_le_bytes())?;
        put(head, at + 46, [0x30, self.kind, 0x85, 0x01])?;
        put(head, at + 50, self.flags.to_le_bytes())
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

/// Writes bytes at a place.
#[inline(always)]
fn put<const N: usize>(head: &mut [u8; HEAD_MAX], at: usize, bytes: [u8; N]) -> Option<()> {
    *head.get_mut(at..)?.first_chunk_mut()? = bytes;
    Some(())
}

/// Writes a name of any length as a field, and says where it ends.
#[inline(never)]
fn put_long_name(room: &mut [u8], at: usize, name: &[u8]) -> Option<usize> {
    let room = room.get_mut(at..)?;
    let start = 1 + len_bytes(name.len());
    match start {
        2 => *room.first_chunk_mut()? = varint_field::<1, 2>(name.len()),
        3 => *room.first_chunk_mut()? = varint_field::<2, 3>(name.len()),
        _ => *room.first_chunk_mut()? = varint_field::<3, 4>(name.len()),
    }
    room.get_mut(start..start + name.len())?.copy_from_slice(name);
    Some(at + start + name.len())
}

#[inline(always)]
fn varint_field<const LEN_BYTES: usize, const N: usize>(len: usize) -> [u8; N] {
    field::<1, LEN_BYTES, N>([0x2a], varint(len))
}

/// A length in so many bytes: rows are smaller than 64 KiB.
#[inline(always)]
fn varint<const LEN_BYTES: usize>(len: usize) -> [u8; LEN_BYTES] {
    let mut bytes = [0; LEN_BYTES];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let more = if index + 1 < LEN_BYTES { 0x80 } else { 0 };
        *byte = ((len >> (7 * index)).to_le_bytes()[0] & 0x7f) | more;
    }
    bytes
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
