//! Percent-encoding of baggage values (W3C Baggage, section 3.3.1.3).

use std::borrow::Cow;

use crate::text;

/// Appends a value; the percent sign and all that is no baggage-octet as `%XX` of its UTF-8.
#[inline]
pub(super) fn encode(value: &str, list: &mut Vec<u8>) {
    if text::is_all(value.as_bytes(), text::BARE) {
        list.extend_from_slice(value.as_bytes());
    } else {
        encode_each(value, list);
    }
}

fn encode_each(value: &str, list: &mut Vec<u8>) {
    list.reserve(value.len());
    for byte in value.bytes() {
        if text::is_of(byte, text::BARE) {
            list.push(byte);
        } else {
            list.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

/// The text of a value. A malformed escape stays as it is; ill-formed UTF-8 becomes U+FFFD.
pub(super) fn decode(value: &[u8]) -> Cow<'_, str> {
    let Some(bare_bytes) = value.iter().position(|byte| *byte == b'%') else {
        return text_of(value);
    };
    let (bare, mut rest) = value.split_at_checked(bare_bytes).unwrap_or((value, b""));
    let mut bytes = Vec::with_capacity(value.len());
    bytes.extend_from_slice(bare);
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

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &str) -> String {
        let mut list = Vec::new();
        encode(value, &mut list);
        String::from_utf8(list).unwrap()
    }

    #[test]
    fn every_character_below_0x800_comes_back_and_only_octets_stand_bare() {
        for character in (0..0x800).filter_map(char::from_u32) {
            let encoded = encoded(character.encode_utf8(&mut [0; 4]));
            assert!(encoded.bytes().all(|byte| text::is_of(byte, text::OCTET)), "{encoded}");
            assert_eq!(decode(encoded.as_bytes()), character.to_string());
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
