//! Bytes of header values.

use std::cell::Cell;
use std::ops::RangeInclusive;

use tracer_core::{byte_table, is_within};

/// Without the blanks and tabs at both ends (RFC 9110, section 5.6.3: OWS).
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// How many bytes at the start are of a class.
#[inline]
pub(crate) fn span(bytes: &[u8], class: u8) -> usize {
    bytes.iter().position(|byte| !is_of(*byte, class)).unwrap_or(bytes.len())
}

/// Whether all bytes are of a class.
#[inline]
pub(crate) fn is_all(bytes: &[u8], class: u8) -> bool {
    // To the end in any case, which takes half as long as to ask after each byte.
    bytes.iter().fold(class, |classes, byte| classes & classes_of(*byte)) != 0
}

/// Whether a byte is of a class.
#[inline]
pub(crate) fn is_of(byte: u8, class: u8) -> bool {
    classes_of(byte) & class != 0
}

#[inline]
fn classes_of(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// RFC 9110, section 5.6.2: `tchar`.
pub(crate) const TOKEN: u8 = 1;
/// W3C Baggage, section 3.3.1.3: `baggage-octet`.
pub(crate) const OCTET: u8 = 2;
/// A baggage-octet that is no percent sign, and stands for itself.
pub(crate) const BARE: u8 = 4;

/// The ranges are those of the grammars.
static CLASSES: [u8; 256] = byte_table(&[
    (TOKEN, &TOKEN_BYTES),
    (OCTET, &[0x21..=0x21, 0x23..=0x2b, 0x2d..=0x3a, 0x3c..=0x5b, 0x5d..=0x7e]),
    (BARE, &[0x21..=0x21, 0x23..=0x24, 0x26..=0x2b, 0x2d..=0x3a, 0x3c..=0x5b, 0x5d..=0x7e]),
]);

/// RFC 9110, section 5.6.2: `tchar`; also while compiling.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    is_within(byte, &TOKEN_BYTES)
}

const TOKEN_BYTES: [RangeInclusive<u8>; 9] = [
    b'!'..=b'!',
    b'#'..=b'\'',
    b'*'..=b'+',
    b'-'..=b'.',
    b'0'..=b'9',
    b'A'..=b'Z',
    b'^'..=b'z',
    b'|'..=b'|',
    b'~'..=b'~',
];

/// Both sides of the first `delimiter`; `None` without one.
pub(crate) fn split_once(bytes: &[u8], delimiter: u8) -> Option<(&[u8], &[u8])> {
    let mut sides = bytes.splitn(2, |byte| *byte == delimiter);
    Some((sides.next()?, sides.next()?))
}

/// Gives a text of this thread to write to, so that a long one costs no allocation each time.
pub(crate) fn with_scratch<T>(write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
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
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
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

    /// With a text that fits.
    #[inline]
    pub(crate) fn of<const LENGTH: usize>(text: &[u8; LENGTH]) -> Self {
        const { assert!(LENGTH <= N, "there is room") };
        let mut buffer = Self::new();
        buffer.push(text);
        buffer
    }

    /// Appends a part; one for which there is no room is left out.
    #[inline]
    pub(crate) fn push(&mut self, part: &[u8]) {
        let end = self.length.saturating_add(part.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(part);
            self.length = end;
        }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
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
    fn classes_are_those_of_the_grammars() {
        for byte in 0..=u8::MAX {
            let is_octet = byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
            assert_eq!(is_of(byte, OCTET), is_octet, "{byte:#x}");
            assert_eq!(is_of(byte, BARE), is_octet && byte != b'%', "{byte:#x}");
            let is_token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_of(byte, TOKEN), is_token, "{byte:#x}");
        }
    }

    #[test]
    fn only_the_first_delimiter_splits() {
        assert_eq!(split_once(b"a=b=c", b'='), Some((b"a".as_slice(), b"b=c".as_slice())));
        assert_eq!(split_once(b"=", b'='), Some((b"".as_slice(), b"".as_slice())));
        assert_eq!(split_once(b"ab", b'='), None);
    }
}
