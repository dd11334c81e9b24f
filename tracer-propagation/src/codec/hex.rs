//! Lower-case hexadecimal digits of a fixed number. No integer parser: those take signs, upper case
//! and any length. Eight digits are handled at once, as the bytes of a `u64`.

use tracer_core::{SpanId, TraceId};

/// The bytes of exactly `2 * N` lower-case digits; `None` for anything else.
// Where it is inlined the length is a constant, and the loop dissolves.
#[inline(always)]
pub(crate) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut invalid = 0;
    let (mut fours, mut eights) = (bytes.chunks_exact_mut(4), digits.chunks_exact(8));
    for (four, eight) in fours.by_ref().zip(eights.by_ref()) {
        if let (Some(four), Some(eight)) = (four.first_chunk_mut(), eight.first_chunk()) {
            *four = joined(nibbles(*eight, &mut invalid));
        }
    }
    for (byte, pair) in fours.into_remainder().iter_mut().zip(eights.remainder().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    (invalid == 0).then_some(bytes)
}

/// The bytes of 1 to `2 * N` digits of either case, with zeros on the left; `None` for anything else.
pub(crate) fn decode_padded<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    // What most clients write.
    if let Some(bytes) = decode(digits) {
        return Some(bytes);
    }
    if digits.is_empty() || digits.len() > 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().rev().zip(digits.rchunks(2)) {
        let (high, low) = match pair {
            [high, low] => (*high, *low),
            [low] => (b'0', *low),
            _ => return None,
        };
        *byte = value(high.to_ascii_lowercase())? << 4 | value(low.to_ascii_lowercase())?;
    }
    Some(bytes)
}

/// The lower-case digits of a trace id.
pub(crate) fn of_trace_id(id: TraceId) -> [u8; 32] {
    let mut digits = [0; 32];
    encode(&id.to_bytes(), &mut digits);
    digits
}

/// The lower-case digits of a span id.
pub(crate) fn of_span_id(id: SpanId) -> [u8; 16] {
    let mut digits = [0; 16];
    encode(&id.to_bytes(), &mut digits);
    digits
}

/// Writes the lower-case digits of bytes, as many as there is room for.
// Where it is inlined both lengths are constants, and the loop dissolves.
#[inline(always)]
pub(crate) fn encode(bytes: &[u8], digits: &mut [u8]) {
    for (eight, four) in digits.chunks_mut(8).zip(bytes.chunks(4)) {
        match (eight.first_chunk_mut(), four.first_chunk()) {
            (Some(eight), Some(four)) => *eight = characters(separated(*four)).to_le_bytes(),
            _ => encode_pairs(four, eight),
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

/// A `u64` of eight equal bytes.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The values of eight digits, one a byte; `invalid` is zero as long as all are lower-case digits.
#[inline]
const fn nibbles(digits: [u8; 8], invalid: &mut u64) -> u64 {
    let digits = u64::from_le_bytes(digits);
    // Letters have bit 6 set, and their low half counts from 1.
    let nibbles = (digits & all(0x0f)) + ((digits >> 6) & all(1)) * 9;
    // A character that is no digit does not come back, or has a value above 15.
    *invalid |= (characters(nibbles) ^ digits) | (nibbles & all(0xf0));
    nibbles
}

/// The characters of eight nibbles.
#[inline]
const fn characters(nibbles: u64) -> u64 {
    // 10 + 118 is the first sum with bit 7.
    let is_letter = ((nibbles + all(118)) >> 7) & all(1);
    nibbles + all(b'0') + is_letter * (b'a' - b'0' - 10) as u64
}

/// Pairs of nibbles, the high one first, as bytes.
#[inline]
const fn joined(nibbles: u64) -> [u8; 4] {
    let pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff_00ff_00ff_00ff;
    let [a, _, b, _, c, _, d, _] = pairs.to_le_bytes();
    [a, b, c, d]
}

/// The nibbles of bytes, the high one first.
#[inline]
fn separated(bytes: [u8; 4]) -> u64 {
    let spread = u64::from(u32::from_le_bytes(bytes));
    let spread = (spread | (spread << 16)) & 0x0000_ffff_0000_ffff;
    let spread = (spread | (spread << 8)) & 0x00ff_00ff_00ff_00ff;
    ((spread >> 4) | (spread << 8)) & all(0x0f)
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn encode_pairs(bytes: &[u8], digits: &mut [u8]) {
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        let [high, low, ..] = characters(separated([*byte, 0, 0, 0])).to_le_bytes();
        pair.copy_from_slice(&[high, low]);
    }
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
