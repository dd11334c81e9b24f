//! Trace and span ids, in wire order, and their lower-case hexadecimal text.

use std::fmt;

/// 128 bits that all spans of a trace share. All zero is "no trace".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TraceId([u8; 16]);

/// 64 bits that name a span within its trace. All zero is "no span".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SpanId([u8; 8]);

macro_rules! id_impl {
    ($name:ident, $number:ident, $bytes:literal, $digits:literal) => {
        impl $name {
            /// The all-zero id, which names nothing.
            pub const INVALID: Self = Self([0; $bytes]);

            /// Wraps an id's bytes, most significant first.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// Reads exactly the id's number of hexadecimal digits, of either case; `None`
            /// for any other text.
            #[must_use]
            pub fn from_hex(digits: &[u8]) -> Option<Self> {
                let digits: &[u8; $digits] = digits.try_into().ok()?;
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    let [high, low] = pair else { return None };
                    *byte = hex_value(*high)? << 4 | hex_value(*low)?;
                }
                Some(Self(bytes))
            }

            /// The bytes, most significant first.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }

            /// The lower-case hexadecimal digits.
            #[must_use]
            pub fn to_hex(self) -> [u8; $digits] {
                let mut digits = [0; $digits];
                for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
                    if let [high, low] = pair {
                        *high = hex_digit(byte >> 4);
                        *low = hex_digit(byte & 0xf);
                    }
                }
                digits
            }

            /// Whether any bit is set.
            #[must_use]
            pub const fn is_valid(self) -> bool {
                $number::from_ne_bytes(self.0) != 0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

id_impl!(TraceId, u128, 16, 32);
id_impl!(SpanId, u64, 8, 16);

impl TraceId {
    /// The less significant half: what samplers compare and 64-bit systems know.
    #[must_use]
    pub const fn low_u64(self) -> u64 {
        let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const fn hex_digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let text = b"4bf92f3577b34da6a3ce929d0e0e4736";
        let id = TraceId::from_hex(text).unwrap();
        assert_eq!(&id.to_hex(), text);
        assert_eq!(id.to_string().as_bytes(), text);
        assert_eq!(id.low_u64(), 0xa3ce_929d_0e0e_4736);
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "00f067aa0ba902b", "00f067aa0ba902b77", "+0f067aa0ba902b7", "00f067aa0ba902g7"] {
            assert_eq!(SpanId::from_hex(text.as_bytes()), None, "{text}");
        }
        assert!(!SpanId::from_hex(b"0000000000000000").unwrap().is_valid());
    }
}
