//! URL encoding of query values, as Jaeger's clients use it: a plus is read as a blank, and a blank
//! is written as `%20`, which every reader understands.

use std::borrow::Cow;

use crate::codec::hex;

/// The text of a value. A value with a broken escape is taken as it is; ill-formed UTF-8 becomes
/// U+FFFD.
pub(super) fn decode(value: &[u8]) -> Cow<'_, str> {
    if !value.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return String::from_utf8_lossy(value);
    }
    let Some(bytes) = decoded(value) else { return String::from_utf8_lossy(value) };
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Cow::Owned(text)
}

/// A value of which only letters, digits and `-._~` stand bare (RFC 3986, section 2.3).
pub(super) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let digits: [u8; 2] = hex::encode(&[byte]);
            encoded.push('%');
            encoded.extend(digits.map(|digit| char::from(digit.to_ascii_uppercase())));
        }
    }
    encoded
}

/// `None` if an escape is broken.
fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let [byte] = hex::decode_padded(digits)?;
                byte
            }
            other => *other,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_below_0x800_comes_back() {
        for character in (0..0x800).filter_map(char::from_u32) {
            let encoded = encode(character.encode_utf8(&mut [0; 4]));
            assert!(
                encoded
                    .bytes()
                    .all(|byte| byte == b'%' || byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            );
            assert_eq!(decode(encoded.as_bytes()), character.to_string());
        }
        assert_eq!(encode("a ü:+%"), "a%20%C3%BC%3A%2B%25");
    }

    #[test]
    fn broken_escapes_leave_the_value_as_it_is() {
        let cases = [
            ("a+b%20c", "a b c"),
            ("50%", "50%"),
            ("a+b%2", "a+b%2"),
            ("%20%zz", "%20%zz"),
            ("%+1", "%+1"),
            ("%c3%A9", "é"),
            ("%FFx", "\u{fffd}x"),
        ];
        for (value, text) in cases {
            assert_eq!(decode(value.as_bytes()), text, "{value}");
        }
    }
}
