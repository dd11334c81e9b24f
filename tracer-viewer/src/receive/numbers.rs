//! Numbers and bytes as senders write them in JSON.

use serde::{Deserialize, Deserializer, de};

/// An integer of 64 bits, written as a number or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Int {
    Unsigned(u64),
    Negative(i64),
}

/// A floating-point number, also written as text, as those that are not finite have to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Float(pub(super) f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
}

impl Int {
    /// 0 if it is negative.
    pub(super) const fn to_u64(self) -> u64 {
        match self {
            Self::Unsigned(number) => number,
            Self::Negative(_) => 0,
        }
    }

    /// The greatest there is if it is greater.
    pub(super) fn to_i64(self) -> i64 {
        match self {
            Self::Unsigned(number) => i64::try_from(number).unwrap_or(i64::MAX),
            Self::Negative(number) => number,
        }
    }

    pub(super) fn or_zero(number: Option<Self>) -> u64 {
        number.map_or(0, Self::to_u64)
    }

    /// Reads decimal digits, perhaps after a minus sign.
    fn parse(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(number) => Some(Self::Unsigned(number)),
            Err(_) => text.parse().ok().map(Self::Negative),
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Unsigned(number) => Ok(Self::Unsigned(number)),
            Written::Signed(number) => Ok(Self::Negative(number)),
            Written::Float(number) => {
                Self::parse(&number.to_string()).ok_or_else(|| de::Error::custom("not a whole number"))
            }
            Written::Text(text) => Self::parse(&text)
                .ok_or_else(|| de::Error::custom(format!("not a whole number: {:?}", cut(&text)))),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `as_f64` of any JSON number is its nearest.
        let number = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => number.as_f64(),
            serde_json::Value::String(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => text.parse().ok(),
            },
            _ => None,
        };
        number.map(Self).ok_or_else(|| de::Error::custom("not a floating-point number"))
    }
}

/// RFC 4648, of either alphabet, with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut bits = 0_u32;
        for digit in group {
            bits = bits << 6 | u32::from(sextet(*digit)?);
        }
        // The first bits of the last group stand where those of a whole one do.
        bits <<= 6 * (4 - group.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        bytes.extend(decoded.iter().take(match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        }));
    }
    Some(bytes)
}

const fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_numbers_or_text() {
        let read = |json: &str| serde_json::from_str::<Int>(json).ok();
        assert_eq!(read("18446744073709551615"), Some(Int::Unsigned(u64::MAX)));
        assert_eq!(read(r#""18446744073709551615""#), Some(Int::Unsigned(u64::MAX)));
        assert_eq!(read(r#""-9223372036854775808""#), Some(Int::Negative(i64::MIN)));
        assert_eq!(read("-1"), Some(Int::Negative(-1)));
        assert_eq!(read("3.0"), Some(Int::Unsigned(3)));
        for wrong in ["3.5", r#""""#, r#""1e3""#, r#""x""#, "true", "[]", "1e30"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!((Int::Unsigned(u64::MAX).to_i64(), Int::Negative(-5).to_u64()), (i64::MAX, 0));
    }

    #[test]
    fn floats_may_be_words() {
        let read = |json: &str| serde_json::from_str::<Float>(json).ok().map(|Float(number)| number);
        assert_eq!([read("1"), read("0.5"), read(r#""2.5""#)], [Some(1.0), Some(0.5), Some(2.5)]);
        assert_eq!(read(r#""-Infinity""#), Some(f64::NEG_INFINITY));
        assert!(read(r#""NaN""#).unwrap().is_nan());
        assert_eq!([read("true"), read(r#""x""#)], [None, None]);
    }

    #[test]
    fn base64_has_two_alphabets() {
        assert_eq!(base64("YW55IGNhcm5hbCBwbGVhcw=="), Some(b"any carnal pleas".to_vec()));
        assert_eq!(
            [base64("-_8"), base64("+/8="), base64("")],
            [Some(vec![251, 255]), Some(vec![251, 255]), Some(vec![])]
        );
        assert_eq!([base64("A"), base64("A*=="), base64("AB=A")], [None, None, None]);
    }
}
