//! Bytes of header values.

use std::cell::Cell;

/// Without the blanks and tabs at both ends (RFC 9110, section 5.6.3: OWS).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Both sides of the first `delimiter`; `None` without one.
pub(crate) fn split_once(bytes: &[u8], delimiter: u8) -> Option<(&[u8], &[u8])> {
    let mut sides = bytes.splitn(2, |byte| *byte == delimiter);
    Some((sides.next()?, sides.next()?))
}

/// Gives a text of this thread to write to, so that a long one costs no allocation each time.
pub(crate) fn with_scratch<T>(write: impl FnOnce(&mut String) -> T) -> T {
    // It is taken out meanwhile: who writes may come here again.
    let mut text = SCRATCH.try_with(Cell::take).unwrap_or_default();
    text.clear();
    let result = write(&mut text);
    if text.capacity() <= SCRATCH_BYTES_MAX {
        let _ = SCRATCH.try_with(|scratch| scratch.set(text));
    }
    result
}

/// What a thread may keep.
const SCRATCH_BYTES_MAX: usize = 16 * 1024;

thread_local! {
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// A short text that is written without an allocation.
pub(crate) struct Buffer<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Buffer<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Appends a part; one for which there is no room is left out.
    pub(crate) fn push(&mut self, part: &[u8]) {
        let end = self.length.saturating_add(part.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(part);
            self.length = end;
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_tabs_are_trimmed_and_nothing_else() {
        for (bytes, trimmed) in [("", ""), (" \t ", ""), ("\ta b ", "a b"), ("\na\u{a0}", "\na\u{a0}")] {
            assert_eq!(trim(bytes.as_bytes()), trimmed.as_bytes());
        }
    }

    #[test]
    fn a_buffer_holds_what_fits() {
        let mut buffer = Buffer::<4>::new();
        assert!(buffer.as_bytes().is_empty());
        for part in ["ab", "cde", "", "c", "d", "e"] {
            buffer.push(part.as_bytes());
        }
        assert_eq!(buffer.as_bytes(), b"abcd");
    }

    #[test]
    fn only_the_first_delimiter_splits() {
        assert_eq!(split_once(b"a=b=c", b'='), Some((b"a".as_slice(), b"b=c".as_slice())));
        assert_eq!(split_once(b"=", b'='), Some((b"".as_slice(), b"".as_slice())));
        assert_eq!(split_once(b"ab", b'='), None);
    }
}
