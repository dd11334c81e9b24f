//! What may stand where in a format, byte by byte: a table that is made while compiling.

use std::ops::RangeInclusive;

/// For each byte the bits of its classes. A class is a bit, and the bytes that are of it.
#[must_use]
pub const fn byte_table(classes: &[(u8, &[RangeInclusive<u8>])]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut byte: u8 = 0;
    while let [entry, after @ ..] = rest {
        *entry = bits_of(byte, classes);
        byte = byte.wrapping_add(1);
        rest = after;
    }
    table
}

const fn bits_of(byte: u8, classes: &[(u8, &[RangeInclusive<u8>])]) -> u8 {
    let (mut bits, mut rest) = (0, classes);
    while let [(bit, ranges), after @ ..] = rest {
        bits |= if is_within(byte, ranges) { *bit } else { 0 };
        rest = after;
    }
    bits
}

/// Whether a byte is in one of the ranges.
#[must_use]
pub const fn is_within(byte: u8, ranges: &[RangeInclusive<u8>]) -> bool {
    let mut rest = ranges;
    while let [range, after @ ..] = rest {
        if *range.start() <= byte && byte <= *range.end() {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_the_bits_of_all_its_classes() {
        static TABLE: [u8; 256] = byte_table(&[(1, &[0..=9, 0xff..=0xff]), (4, &[9..=10]), (2, &[])]);
        for (byte, bits) in TABLE.iter().enumerate() {
            let expected = match byte {
                0..=8 | 0xff => 1,
                9 => 5,
                10 => 4,
                _ => 0,
            };
            assert_eq!(*bits, expected, "{byte}");
        }
    }
}
