//! What is read and what is written, with positions that are masked instead of checked.

use crate::encode::thrift::compact::Varint;

/// No common row is longer; the mask of positions in it.
pub(super) const ROW_BYTES_MAX: usize = FROM_BYTES / 2 - 1;

/// A row, and what stands behind it.
pub(super) const FROM_BYTES: usize = 4096;

/// Where a span is written: twice of what the longest can take.
pub(in crate::encode::thrift) const TO_BYTES: usize = 8192;

const TO_MASK: usize = TO_BYTES / 2 - 1;

/// The head of a list of structs, with its count to come.
const STRUCTS: u8 = 0x0c;

/// From the next one on, a count takes more than half a byte.
const COUNT_MAX: u8 = 14;

/// What a copy of fixed size copies.
const STEP: usize = 32;

/// A row that is read. All methods take any position: what is not in the row reads as something else, and has been
/// excluded by whoever asks.
#[derive(Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) bytes: &'a [u8; FROM_BYTES],
    /// The row's length.
    pub(super) end: usize,
}

impl<'a> From<'a> {
    #[inline(always)]
    pub(super) fn array<const N: usize>(self, at: usize) -> &'a [u8; N] {
        let at = at & ROW_BYTES_MAX;
        // Always there: the lower half, and less than the upper one behind it.
        self.bytes[at..].first_chunk().unwrap_or(&[0; N])
    }

    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> u8 {
        self.bytes[at & ROW_BYTES_MAX]
    }

    #[inline(always)]
    pub(super) fn eight(self, at: usize) -> [u8; 8] {
        *self.array(at)
    }

    /// Where the content of an entry begins and ends, whose key stands at `at`.
    #[inline(always)]
    pub(super) fn entry(self, at: usize) -> Option<(usize, usize)> {
        let (begin, len) = match *self.array(at + 1) {
            [len @ 0..=0x7f, _] => (at + 2, usize::from(len)),
            [low, high @ 0..=0x7f] => (at + 3, usize::from(low & 0x7f) | usize::from(high) << 7),
            _ => return None,
        };
        let end = begin + len;
        (end <= self.end).then_some((begin, end))
    }

    /// Whether the key of a pair is this one.
    #[inline(always)]
    pub(super) fn key_is(self, pair: usize, key: [u8; 5]) -> bool {
        let wanted = u64::from_le_bytes([0, 5, key[0], key[1], key[2], key[3], key[4], 0]);
        u64::from_le_bytes(self.eight(pair)) & 0x00ff_ffff_ffff_ff00 == wanted
    }
}

/// The trace of the span before, which is often that of the next one, and its two fields.
#[derive(Debug)]
pub(in crate::encode::thrift) struct LastTrace {
    id: [u8; 16],
    fields: [u8; 32],
    len: usize,
}

impl Default for LastTrace {
    /// No span has the id of zeros.
    fn default() -> Self {
        Self { id: [0; 16], fields: [0; 32], len: 0 }
    }
}

/// Where a span is written, front to back.
pub(super) struct To<'a> {
    bytes: &'a mut [u8; TO_BYTES],
    at: usize,
}

impl<'a> To<'a> {
    /// Goes on where something else ended.
    pub(super) const fn at(bytes: &'a mut [u8; TO_BYTES], at: usize) -> Self {
        Self { bytes, at }
    }

    /// All bytes, and where the next one goes.
    #[inline(always)]
    pub(super) const fn rest_mut(&mut self) -> (&mut [u8; TO_BYTES], usize) {
        (self.bytes, self.at)
    }

    /// What was written; `None` if that was too much, and is of no use.
    pub(super) fn len(&self) -> Option<usize> {
        (self.at <= TO_MASK).then_some(self.at)
    }

    /// Writes what stands `ahead` of the next byte.
    #[inline(always)]
    pub(super) fn write<const N: usize>(&mut self, ahead: usize, bytes: &[u8; N]) {
        // Always there: it begins in the lower half, and is smaller than the upper one.
        if let Some(place) = self.bytes[(self.at + ahead) & TO_MASK..].first_chunk_mut() {
            *place = *bytes;
        }
    }

    #[inline(always)]
    pub(super) const fn skip(&mut self, len: usize) {
        self.at += len;
    }

    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.write(0, bytes);
        self.skip(N);
    }

    /// The first `len` bytes of a block.
    #[inline(always)]
    pub(super) fn put_block<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        self.write(0, block);
        self.skip(len);
    }

    /// At most 127 bytes of a row.
    #[inline(always)]
    pub(super) fn copy(&mut self, from: From<'_>, at: usize, len: usize) {
        self.write::<STEP>(0, from.array(at));
        if len > STEP {
            self.write::<STEP>(STEP, from.array(at + STEP));
            self.write::<STEP>(2 * STEP, from.array(at + 2 * STEP));
            self.write::<STEP>(3 * STEP, from.array(at + 3 * STEP));
        }
        self.skip(len);
    }

    pub(super) fn put_slice(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.at..self.at + bytes.len())?.copy_from_slice(bytes);
        self.skip(bytes.len());
        Some(())
    }

    /// The head of a list of tags or logs, whose count comes later; answers where it stands.
    #[inline(always)]
    pub(super) fn put_list_head(&mut self) -> usize {
        self.put(&[STRUCTS]);
        self.at - 1
    }

    /// Says how many there are in a list. `None` if there are too many for half a byte.
    #[inline(always)]
    pub(super) fn set_count(&mut self, list_at: usize, count: usize) -> Option<()> {
        let count = u8::try_from(count).ok().filter(|count| *count <= COUNT_MAX)?;
        self.bytes[list_at & TO_MASK] = count << 4 | STRUCTS;
        Some(())
    }

    /// A byte, and a time in nanoseconds as microseconds.
    #[inline(always)]
    pub(super) fn put_micros_field(&mut self, head: u8, ns: u64) {
        self.put_varint_field(head, Varint::zigzag_of_positive(ns / 1000));
    }

    /// The two fields of a trace id, which stand first of all.
    #[inline(always)]
    pub(super) fn put_trace(&mut self, id: &[u8; 16], last: &mut LastTrace) {
        if *id != last.id {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *id;
            self.put_id_field(0x16, [i, j, k, l, m, n, o, p]);
            self.put_id_field(0x16, [a, b, c, d, e, f, g, h]);
            (last.id, last.len) = (*id, self.at);
            last.fields = *self.bytes.first_chunk().unwrap_or(&[0; 32]);
        } else {
            self.put_block(&last.fields, last.len);
        }
    }

    /// A byte, and an id.
    #[inline(always)]
    pub(super) fn put_id_field(&mut self, head: u8, id: [u8; 8]) {
        self.put_varint_field(head, Varint::id(i64::from_be_bytes(id)));
    }

    #[inline(always)]
    fn put_varint_field(&mut self, head: u8, varint: Varint) {
        self.write(0, &[head]);
        self.write_varint(1, &varint);
        self.skip(1 + varint.len);
    }

    #[inline(always)]
    pub(super) fn write_varint(&mut self, ahead: usize, varint: &Varint) {
        self.write(ahead, &varint.groups);
        self.write(ahead + 8, &varint.last);
    }

    /// A tag of text under a name of ours. `None` if the text's length takes more than a byte.
    pub(super) fn put_text_tag(&mut self, key: &[u8], text: &[u8]) -> Option<()> {
        let len = u8::try_from(text.len()).ok().filter(|len| *len < 0x80)?;
        self.put(&[0x18, u8::try_from(key.len()).ok()?]);
        self.put_slice(key)?;
        self.put(&[0x15, 0, 0x18, len]);
        self.put_slice(text)?;
        self.put(&[0]);
        Some(())
    }
}
