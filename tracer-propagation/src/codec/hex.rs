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
            *four = joined(nibbles(*eight, &mut invalid)).to_le_bytes();
        }
    }
    for (byte, pair) in fours.into_remainder().iter_mut().zip(eights.remainder().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    (invalid == 0).then_some(bytes)
}

/// A trace id and a span id of lower-case digits; `None` for other characters. Zero is not refused.
///
/// All digits are looked at as one row: the compiler makes vectors of it, and few instructions.
#[inline]
pub(crate) fn decode_ids(trace_id: &[u8; 32], span_id: &[u8; 16]) -> Option<(TraceId, SpanId)> {
    let mut digits = [0; 48];
    let (left, right) = digits.split_at_mut(32);
    left.copy_from_slice(trace_id);
    right.copy_from_slice(span_id);
    let (mut values, mut invalid) = ([0; 48], 0);
    for (value, digit) in values.iter_mut().zip(&digits) {
        let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        *value = if number < 10 {
            number
        } else if letter < 6 {
            letter + 10
        } else {
            0xff
        };
        invalid |= *value;
    }
    let (left, right) = values.split_at(32);
    let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
    for (byte, pair) in trace_id.iter_mut().zip(left.chunks_exact(2)) {
        if let [high, low] = pair {
            *byte = high << 4 | low;
        }
    }
    for (four, eight) in span_id.chunks_exact_mut(4).zip(right.chunks_exact(8)) {
        if let Some(eight) = eight.first_chunk() {
            four.copy_from_slice(&joined(u64::from_le_bytes(*eight)).to_le_bytes());
        }
    }
    let ids = (TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id));
    (invalid < 16).then_some(ids)
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
#[inline]
pub(crate) fn of_trace_id(id: TraceId) -> [u8; 32] {
    encode(&id.to_bytes())
}

/// The lower-case digits of a span id.
#[inline]
pub(crate) fn of_span_id(id: SpanId) -> [u8; 16] {
    encode(&id.to_bytes())
}

/// Two digits a byte.
#[inline(always)]
pub(crate) fn encode<const BYTES: usize, const DIGITS: usize>(bytes: &[u8; BYTES]) -> [u8; DIGITS] {
    const { assert!(DIGITS == 2 * BYTES, "two digits a byte") };
    let mut digits = [0; DIGITS];
    for (eight, four) in digits.chunks_mut(8).zip(bytes.chunks(4)) {
        if let (Some(eight), Some(four)) = (eight.first_chunk_mut::<8>(), four.first_chunk()) {
            *eight = characters(spread(u32::from_le_bytes(*four))).to_le_bytes();
            continue;
        }
        for (pair, byte) in eight.chunks_exact_mut(2).zip(four) {
            let [high, low, ..] = characters(spread(u32::from(*byte))).to_le_bytes();
            pair.copy_from_slice(&[high, low]);
        }
    }
    digits
}

/// Whether a trace id is written with 32 digits where its left half may be left out.
#[inline(always)]
pub(crate) fn has_both_halves(id: TraceId) -> bool {
    let [a, b, c, d, e, f, g, h, ..] = id.to_bytes();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h]) != 0
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

/// The nibbles of four bytes, the high ones first: the reverse of [`joined`].
#[inline]
const fn spread(four: u32) -> u64 {
    let four = four as u64;
    let pairs = (four | four << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
    (bytes >> 4 & 0x000f_000f_000f_000f) | (bytes & 0x000f_000f_000f_000f) << 8
}

/// Pairs of nibbles, the high one first, as bytes.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the upper half is to go")]
const fn joined(nibbles: u64) -> u32 {
    let pairs = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    (fours | (fours >> 16)) as u32
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_bytes_is_read_as_the_two_digits_it_is_or_refused() {
        for byte in 0..=255 {
            let digits: [u8; 2] = encode(&[byte]);
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

    /// Whatever stands at a place, it is read as the digit it is or refused.
    #[test]
    fn every_byte_at_every_place_of_ids_is_its_digit_or_refused() {
        let valid = b"4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7";
        for (at, byte) in (0..48).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut digits = *valid;
            digits[at] = byte;
            let (trace_id, span_id) = digits.split_at(32);
            let ids = decode_ids(trace_id.try_into().unwrap(), span_id.try_into().unwrap());
            let expected =
                decode(trace_id).map(TraceId::from_bytes).zip(decode(span_id).map(SpanId::from_bytes));
            assert_eq!(ids, expected, "{byte:#x} at {at}");
            assert_eq!(ids.is_some(), matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
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
