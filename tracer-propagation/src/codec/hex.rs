//! Lower-case hexadecimal digits of a fixed number. No integer parser: those take signs, upper case
//! and any length.

/// The bytes of exactly `2 * N` lower-case digits; `None` for anything else.
pub(crate) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut invalid = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let (high, low) = (nibble(*high), nibble(*low));
        invalid |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    (invalid & 0xf0 == 0).then_some(bytes)
}

/// The bytes of 1 to `2 * N` digits of either case, with zeros on the left; `None` for anything else.
pub(crate) fn decode_padded<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.is_empty() || digits.len() > 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut invalid = 0;
    for (byte, pair) in bytes.iter_mut().rev().zip(digits.rchunks(2)) {
        let (high, low) = match pair {
            [high, low] => (*high, *low),
            [low] => (b'0', *low),
            _ => return None,
        };
        let (high, low) = (nibble(high.to_ascii_lowercase()), nibble(low.to_ascii_lowercase()));
        invalid |= high | low;
        *byte = high << 4 | low & 0xf;
    }
    (invalid & 0xf0 == 0).then_some(bytes)
}

/// The digit's value, or one above 15. Without branches, so that the loop above has none.
const fn nibble(digit: u8) -> u8 {
    let decimal = digit.wrapping_sub(b'0');
    let letter = digit.wrapping_sub(b'a');
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        letter + 10
    } else {
        0xff
    }
}

/// Writes the lower-case digits of bytes, as many as there is room for.
pub(crate) fn encode(bytes: &[u8], digits: &mut [u8]) {
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            *high = digit(byte >> 4);
            *low = digit(byte & 0xf);
        }
    }
}

/// The digits of a trace id: 16 if its left half is zero, else 32.
pub(crate) fn without_zero_half(digits: &[u8; 32]) -> &[u8] {
    match digits.split_at(16) {
        (b"0000000000000000", right) => right,
        _ => digits,
    }
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_bytes_is_read_as_the_two_digits_it_is_or_refused() {
        for byte in 0..=255 {
            let mut digits = [0; 2];
            encode(&[byte], &mut digits);
            assert_eq!(digits, format!("{byte:02x}").as_bytes());
            assert_eq!(decode(&digits), Some([byte]));
        }
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        for high in 0..=255 {
            for low in 0..=255 {
                assert_eq!(decode::<1>(&[high, low]).is_some(), is_digit(high) && is_digit(low));
            }
        }
    }

    #[test]
    fn fewer_digits_of_either_case_are_padded_on_the_left() {
        let cases = [("1", [0, 1]), ("aB", [0, 0xab]), ("fff", [0xf, 0xff]), ("00F0", [0, 0xf0])];
        for (digits, bytes) in cases {
            assert_eq!(decode_padded(digits.as_bytes()), Some(bytes), "{digits}");
        }
        for digits in ["", "12345", "g", "+1", "1 ", "-12", "é", "@1", "`1"] {
            assert_eq!(decode_padded::<2>(digits.as_bytes()), None, "{digits}");
        }
    }

    #[test]
    fn another_number_of_digits_is_refused() {
        for digits in ["", "0", "000", "0000", "00000"] {
            assert_eq!(decode::<1>(digits.as_bytes()), None, "{digits}");
        }
    }
}
