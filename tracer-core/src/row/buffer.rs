//! The bytes of a body: initialized memory ahead of what is written, so that safe code can store into it.
//!
//! ```text
//!  short   0               len                1024      long
//!          ├── entries ─────┼── room, whatever ──┤       empty
//!  later   ├── whatever, len = 1024 ─────────────┤       all entries, as soon as short has no room for one
//! ```

/// How much room there is, for a short entry.
pub(crate) const ROOM: usize = 128;
const SHORT_MAX: usize = 1024;
/// The memory that a buffer keeps for its next use.
const LONG_KEPT_MAX: usize = 4 * 1024;

/// Bytes that are only appended to.
#[derive(Debug)]
pub(crate) struct Buffer {
    len: usize,
    short: [u8; SHORT_MAX],
    /// All bytes, once they do not fit; before, where an entry is put together.
    long: Vec<u8>,
    is_long: bool,
}

impl Buffer {
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        if self.is_long {
            self.shorten();
        }
    }

    #[cold]
    fn shorten(&mut self) {
        self.is_long = false;
        self.long.clear();
        self.long.shrink_to(LONG_KEPT_MAX);
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        if self.is_long { self.long.len() } else { self.len }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        if self.is_long { &self.long } else { self.short.get(..self.len).unwrap_or_default() }
    }

    /// Room behind the bytes, if there is enough for a short entry. What is written there is kept by
    /// [`extend`](Self::extend).
    #[inline(always)]
    pub(crate) fn room(&mut self) -> Option<&mut [u8; ROOM]> {
        self.short.get_mut(self.len..)?.first_chunk_mut()
    }

    /// Keeps so many bytes that were written into the room.
    #[inline(always)]
    pub(crate) const fn extend(&mut self, len: usize) {
        self.len += len;
    }

    /// Appends an entry that is encoded.
    #[inline]
    pub(crate) fn append_bytes(&mut self, bytes: &[u8]) {
        match self.room().and_then(|room| room.get_mut(..bytes.len())) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.extend(bytes.len());
            }
            None => self.append(|out| out.extend_from_slice(bytes)),
        }
    }

    /// Appends an entry of any length.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.long);
        if self.is_long {
            return;
        }
        let room = self.short.get_mut(self.len..).unwrap_or_default();
        if let Some(room) = room.get_mut(..self.long.len()) {
            room.copy_from_slice(&self.long);
            self.len += self.long.len();
            self.long.clear();
        } else {
            self.long.splice(0..0, self.short.iter().take(self.len).copied());
            (self.is_long, self.len) = (true, SHORT_MAX);
        }
    }

    /// Of a buffer that has room: forgets what was kept behind an earlier length.
    #[inline(always)]
    pub(crate) const fn truncate(&mut self, len: usize) {
        self.len = len;
    }

    /// Cuts a range out.
    pub(crate) fn remove(&mut self, range: std::ops::Range<usize>) {
        if self.is_long {
            self.long.drain(range);
        } else {
            let cut = range.len();
            self.short.copy_within(range.end..self.len, range.start);
            self.len -= cut;
        }
    }

    /// Of a buffer that has room: sets a byte that is there.
    #[inline(always)]
    pub(crate) fn set(&mut self, at: usize, byte: u8) {
        if let Some(place) = self.short.get_mut(at) {
            *place = byte;
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self { len: 0, short: [0; SHORT_MAX], long: Vec::new(), is_long: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_in_order_when_they_no_longer_fit() {
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for n in 0..300_usize {
            let entry = vec![n.to_le_bytes()[0]; n % 90];
            let room = buffer.room().filter(|_| n % 3 == 0);
            if let Some(room) = room {
                room[..entry.len()].copy_from_slice(&entry);
                buffer.extend(entry.len());
            } else {
                buffer.append(|out| out.extend_from_slice(&entry));
            }
            expected.extend_from_slice(&entry);
            assert_eq!((buffer.as_bytes(), buffer.len()), (&*expected, expected.len()));
        }
        for range in [1_500..1_600, 0..10] {
            buffer.remove(range.clone());
            expected.drain(range);
            assert_eq!(buffer.as_bytes(), expected);
        }
        buffer.clear();
        assert!(buffer.as_bytes().is_empty() && buffer.room().is_some());
    }

    #[test]
    fn a_range_is_cut_out_where_there_is_room_yet() {
        let mut buffer = Buffer::default();
        buffer.append(|out| out.extend_from_slice(b"abcdef"));
        buffer.remove(1..3);
        assert_eq!(buffer.as_bytes(), b"adef");
    }
}
