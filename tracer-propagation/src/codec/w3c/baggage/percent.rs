//! Percent-encoding of baggage values (W3C Baggage, section 3.3.1.3).

use std::borrow::Cow;

/// What may stand in a value as it is: 0x21-0x7e without double quote, comma, semicolon and
/// backslash.
#[inline]
pub(super) const fn is_baggage_octet(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Appends a value; the percent sign and all that is no baggage-octet as `%XX` of its UTF-8.
pub(super) fn encode(value: &str, list: &mut String) {
    let is_bare = |byte: u8| is_baggage_octet(byte) && byte != b'%';
    let mut rest = value;
    while !rest.is_empty() {
        let bare_bytes = rest.bytes().position(|byte| !is_bare(byte)).unwrap_or(rest.len());
        let (bare, escaped) = rest.split_at_checked(bare_bytes).unwrap_or((rest, ""));
        list.push_str(bare);
        let mut characters = escaped.chars();
        if let Some(character) = characters.next() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                list.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
            }
        }
        rest = characters.as_str();
    }
}

/// The text of a value. A malformed escape stays as it is; ill-formed UTF-8 becomes U+FFFD.
pub(super) fn decode(value: &[u8]) -> Cow<'_, str> {
    if !value.contains(&b'%') {
        return text_of(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        let (byte, after) = escaped(rest).unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Cow::Owned(text)
}

fn text_of(value: &[u8]) -> Cow<'_, str> {
    // Quicker than the other, which is for what is ill-formed.
    std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
}

/// The byte of the escape that a text begins with, and what follows it.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = text else { return None };
    Some((hex_value(*high)? << 4 | hex_value(*low)?, after))
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &str) -> String {
        let mut list = String::new();
        encode(value, &mut list);
        list
    }

    #[test]
    fn every_character_below_0x800_comes_back_and_only_octets_stand_bare() {
        for character in (0..0x800).filter_map(char::from_u32) {
            let text = encoded(character.encode_utf8(&mut [0; 4]));
            assert!(text.bytes().all(is_baggage_octet), "{text}");
            assert_eq!(decode(text.as_bytes()), character.to_string());
        }
        assert_eq!(encoded(" é%\"\\,;+="), "%20%C3%A9%25%22%5C%2C%3B+=");
    }

    #[test]
    fn malformed_escapes_stay_and_malformed_utf8_is_replaced() {
        let cases = [
            ("50%", "50%"),
            ("%", "%"),
            ("%2", "%2"),
            ("%zz%41", "%zzA"),
            ("%+1", "%+1"),
            ("%%41", "%A"),
            ("%2541", "%41"),
            ("%c3%A9+", "é+"),
            ("%FFx", "\u{fffd}x"),
            ("%E2%82z", "\u{fffd}z"),
            ("%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
        ];
        for (value, text) in cases {
            assert_eq!(decode(value.as_bytes()), text, "{value}");
        }
    }
}
