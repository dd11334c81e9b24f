//! The bytes of a body: initialized memory ahead of what is written, so that safe code can store into it.
//!
//! ```text
//!  0                 len                     bytes.len()
//!  ├── entries ───────┼── room, old or zero ──┤
//! ```

use crate::limits::SpanLimits;

/// How much room there is, for a short entry.
pub(crate) const ROOM: usize = 128;
/// The memory of a new buffer, and the step by which it grows.
const STEP: usize = 512;
/// The memory that a buffer keeps for its next use.
const KEPT_MAX: usize = 2 * 1024;

/// Bytes that are only appended to.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        if self.bytes.len() > KEPT_MAX {
            self.bytes.truncate(KEPT_MAX);
            self.bytes.shrink_to_fit();
        }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Room behind the bytes, if there is enough for a short entry. What is written there is kept by
    /// [`extend`](Self::extend).
    #[inline(always)]
    pub(crate) fn room(&mut self) -> Option<&mut [u8; ROOM]> {
        self.bytes.get_mut(self.len..self.len + ROOM)?.first_chunk_mut()
    }

    /// Keeps so many bytes that were written into the room.
    #[inline(always)]
    pub(crate) const fn extend(&mut self, len: usize) {
        self.len += len;
    }

    /// Appends to the bytes as a vector, of any length.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.truncate(self.len);
        write(&mut self.bytes);
        self.len = self.bytes.len();
        // Beyond the limit of all spans there is no room, and every further entry is looked at closely.
        self.bytes.resize((self.len + STEP).min(SpanLimits::BODY_BYTES_MAX).max(self.len), 0);
    }

    /// Forgets what was appended behind an earlier length.
    #[inline(always)]
    pub(crate) const fn truncate(&mut self, len: usize) {
        self.len = len;
    }

    /// Cuts a range out.
    pub(crate) fn remove(&mut self, range: std::ops::Range<usize>) {
        self.len -= range.len();
        self.bytes.drain(range);
    }

    /// Sets a byte that is there.
    #[inline(always)]
    pub(crate) fn set(&mut self, at: usize, byte: u8) {
        if let Some(place) = self.bytes.get_mut(at) {
            *place = byte;
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self { bytes: vec![0; STEP], len: 0 }
    }
}
