//! Room of a known size that is written front to back. Nothing is asked of an allocator, and copies of
//! up to 32 bytes, which nearly all keys and texts are, have a fixed size and need no call.

use super::compact::Varint;

/// The rest of a buffer. All methods answer `None` when it is full.
#[derive(Debug)]
pub(super) struct Room<'a> {
    rest: &'a mut [u8],
}

impl<'a> Room<'a> {
    pub(super) const fn new(rest: &'a mut [u8]) -> Self {
        Self { rest }
    }

    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        let (place, rest) = std::mem::take(&mut self.rest).split_first_chunk_mut::<N>()?;
        *place = bytes;
        self.rest = rest;
        Some(())
    }

    pub(super) fn put_slice(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        place.copy_from_slice(bytes);
        self.rest = rest;
        Some(())
    }

    /// The first `len` bytes of `source`. What stands behind them may be copied too, and is written over
    /// by what comes next.
    #[inline(always)]
    pub(super) fn put_start(&mut self, source: &[u8], len: usize) -> Option<()> {
        match (source.first_chunk::<16>(), self.rest.first_chunk_mut::<16>()) {
            (Some(bytes), Some(place)) if len <= 16 => {
                *place = *bytes;
                self.skip(len)
            }
            _ => self.put_other_start(source, len),
        }
    }

    #[inline]
    fn put_other_start(&mut self, source: &[u8], len: usize) -> Option<()> {
        if len <= 16 {
            return self.put_short(source.get(..len)?);
        }
        match (source.first_chunk::<32>(), self.rest.first_chunk_mut::<32>()) {
            (Some(bytes), Some(place)) if len <= 32 => {
                *place = *bytes;
                self.skip(len)
            }
            _ => self.put_slice(source.get(..len)?),
        }
    }

    /// At most 16 bytes, as two that overlap.
    #[inline]
    fn put_short(&mut self, bytes: &[u8]) -> Option<()> {
        let (place, rest) = std::mem::take(&mut self.rest).split_at_mut_checked(bytes.len())?;
        self.rest = rest;
        if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            *place.first_chunk_mut::<8>()? = *first;
            *place.last_chunk_mut::<8>()? = *last;
        } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            *place.first_chunk_mut::<4>()? = *first;
            *place.last_chunk_mut::<4>()? = *last;
        } else {
            place.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        }
        Some(())
    }

    /// The first `len` bytes of a block.
    #[inline(always)]
    pub(super) fn put_block<const N: usize>(&mut self, block: &[u8; N], len: usize) -> Option<()> {
        *self.rest.first_chunk_mut::<N>()? = *block;
        self.skip(len)
    }

    /// A byte, and a 64-bit integer as compact Thrift has it.
    #[inline(always)]
    pub(super) fn put_i64_field(&mut self, head: u8, value: i64) -> Option<()> {
        self.put_varint_field(head, Varint::zigzag(value))
    }

    /// As [`put_i64_field`](Self::put_i64_field), for ids.
    #[inline(always)]
    pub(super) fn put_id_field(&mut self, head: u8, id: [u8; 8]) -> Option<()> {
        self.put_varint_field(head, Varint::id(i64::from_be_bytes(id)))
    }

    #[inline(always)]
    fn put_varint_field(&mut self, head: u8, varint: Varint) -> Option<()> {
        let place = self.rest.first_chunk_mut::<11>()?;
        let Varint { groups, last, len } = varint;
        place[0] = head;
        place[1..9].copy_from_slice(&groups);
        place[9..11].copy_from_slice(&last);
        self.skip(1 + len)
    }

    /// What comes next, to be written in any order before it is skipped.
    #[inline(always)]
    pub(super) fn window<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.rest.first_chunk_mut::<N>()
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, len: usize) -> Option<()> {
        self.rest = std::mem::take(&mut self.rest).get_mut(len..)?;
        Some(())
    }
}
