//! Bytes of header values.

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
    fn only_the_first_delimiter_splits() {
        assert_eq!(split_once(b"a=b=c", b'='), Some((b"a".as_slice(), b"b=c".as_slice())));
        assert_eq!(split_once(b"=", b'='), Some((b"".as_slice(), b"".as_slice())));
        assert_eq!(split_once(b"ab", b'='), None);
    }
}
