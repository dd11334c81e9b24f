//! What is read and what is written, in windows: arrays of fixed sizes, in which the compiler sees that positions of
//! known ranges are there, and asks nothing.
//!
//! ```text
//!          0           end     2047                4095
//! read     ├── row ─────┼─ more ─┼──────────────────┤     windows begin left of the middle: a mask sees to it
//!
//!          0                    4095                8191
//! written  ├── span ─────────────┼──────────────────┤     blocks begin left of the middle, or little right of it:
//!                                                          `room` is asked before some of them
//! ```

use crate::encode::thrift::protocol::{Out, Protocol};

/// No common row is longer; the mask of positions in it.
const ROW_BYTES_MAX: usize = FROM_BYTES / 2 - 1;

/// A row, and what stands behind it.
const FROM_BYTES: usize = 4096;

/// Where a span is written.
pub(in crate::encode::thrift) const TO_BYTES: usize = 8192;

/// A position beyond which no block is begun.
const TO_MAX: usize = TO_BYTES / 2 - 1;

/// A short text is copied as a block of this size.
const SHORT_BYTES: usize = 32;

/// A row that is read. What is not in the row reads as something else, and is found out by where the row ends.
#[derive(Clone, Copy)]
pub(in crate::encode::thrift) struct Row<'a> {
    pub(super) bytes: &'a [u8; FROM_BYTES],
    /// The row's length.
    pub(super) end: usize,
}

/// Memory for rows behind which too little stands.
#[derive(Debug, Default)]
pub(in crate::encode::thrift) struct Padding(Vec<u8>);

impl<'a> Row<'a> {
    /// A row, which stands first in `and_more`. `None` if it is too long for a common one.
    #[inline(always)]
    pub(in crate::encode::thrift) fn new(
        row: &[u8],
        and_more: &'a [u8],
        padding: &'a mut Padding,
    ) -> Option<Self> {
        if row.len() > ROW_BYTES_MAX {
            return None;
        }
        let bytes = match and_more.first_chunk() {
            Some(bytes) => bytes,
            None => padding.pad(row)?,
        };
        Some(Self { bytes, end: row.len() })
    }

    /// What stands at a position in the row.
    #[inline(always)]
    pub(super) fn window<const N: usize>(self, at: usize) -> &'a [u8; N] {
        chunk(self.bytes, at & ROW_BYTES_MAX)
    }

    #[inline(always)]
    pub(super) fn byte(self, at: usize) -> u8 {
        self.bytes[at & ROW_BYTES_MAX]
    }

    /// What stands between two positions.
    pub(super) fn slice(self, begin: usize, end: usize) -> Option<&'a [u8]> {
        self.bytes.get(begin..end)
    }

    /// Where the content of an entry begins and ends, whose key stands at `at`. `None` if it is not in the row.
    #[inline(always)]
    pub(super) fn entry(self, at: usize) -> Option<(usize, usize)> {
        let (begin, len) = match *self.window(at + 1) {
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
        let [_, len, found @ ..]: [u8; 7] = *self.window(pair);
        len == 5 && found == key
    }
}

impl Padding {
    #[cold]
    fn pad(&mut self, row: &[u8]) -> Option<&[u8; FROM_BYTES]> {
        self.0.resize(FROM_BYTES, 0);
        self.0.get_mut(..row.len())?.copy_from_slice(row);
        self.0.first_chunk()
    }
}

/// A part of a window; zeros if it is not in there.
#[inline(always)]
pub(super) fn chunk<const N: usize>(window: &[u8], at: usize) -> &[u8; N] {
    window.get(at..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; N])
}

/// Where a span is written, front to back. What does not fit is left out, and then [`room`](Self::room) says so.
pub(super) struct To<'a> {
    bytes: &'a mut [u8; TO_BYTES],
    at: usize,
}

impl Out for To<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.put_first(&bytes, N);
    }

    #[inline(always)]
    fn put_first<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        if let Some(place) = self.bytes.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            *place = *block;
        }
        self.at += len;
    }

    fn put_slice(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }
}

impl<'a> To<'a> {
    /// Goes on where something else ended.
    pub(super) const fn at(bytes: &'a mut [u8; TO_BYTES], at: usize) -> Self {
        Self { bytes, at }
    }

    /// All bytes, and where the next one goes: for what writes on its own, so that all else stays in registers.
    #[inline(always)]
    pub(super) const fn rest_mut(&mut self) -> (&mut [u8; TO_BYTES], usize) {
        (self.bytes, self.at)
    }

    /// Goes on at a position.
    #[inline(always)]
    pub(super) const fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Asks whether there is room for blocks; what follows need not ask. `None` if there is not, and if something
    /// was left out.
    #[inline(always)]
    pub(super) fn room(&self) -> Option<()> {
        (self.at <= TO_MAX).then_some(())
    }

    /// How much was written.
    #[inline(always)]
    pub(super) const fn len(&self) -> usize {
        self.at
    }

    /// At most 127 bytes, which begin a window.
    #[inline(always)]
    pub(super) fn put_text(&mut self, text: &[u8; 128], len: usize) {
        self.put_first(chunk::<SHORT_BYTES>(text, 0), 0);
        if len > SHORT_BYTES {
            self.put_first(text, 0);
        }
        self.at += len;
    }

    /// The head of a list of structs, whose count comes later; answers where it stands.
    #[inline(always)]
    pub(super) fn open_list<P: Protocol>(&mut self) -> usize {
        let at = self.at;
        P::open_list(self);
        at
    }

    /// Says how many there are in a list. `None` if there are too many.
    #[inline(always)]
    pub(super) fn set_count<P: Protocol>(&mut self, list_at: usize, count: usize) -> Option<()> {
        P::set_count(self.bytes.get_mut(list_at..)?, count)
    }
}
