//! A tag of the common row.
//!
//! ```text
//! KeyValue = 0a LEN key  12 LEN AnyValue      AnyValue = 0a LEN text | 10 truth | 18 varint | 21 double
//! Tag      = 18 LEN key  15 type  (18 LEN text | 31 or 32 | 46 varint | 27 double)  00
//! ```

use super::window::{From, TO_BYTES, To};
use crate::encode::thrift::compact::Varint;

/// What is copied of a key and the two bytes before it, and of a text.
const COPY: usize = 32;

/// Writes the `KeyValue` between two positions.
#[inline(always)]
pub(super) fn put_pair(from: From<'_>, to: &mut To<'_>, at: usize, end: usize) -> Option<()> {
    let [0x0a, key_len @ 0..=30] = *from.array(at) else { return put_long_pair(from, to, at, end) };
    let head = 2 + usize::from(key_len);
    let value = at + head;
    let [0x12, len, kind, first] = *from.array(value) else { return None };
    if value + 2 + usize::from(len) != end {
        return put_long_pair(from, to, at, end);
    }
    to.write::<COPY>(0, from.array(at));
    to.write(0, &[0x18]);
    if kind == 0x0a && first <= 32 && len == first + 2 {
        to.write(head, &[0x15, 0, 0x18, first]);
        to.write::<COPY>(head + 4, from.array(value + 4));
        let end = head + 4 + usize::from(first);
        to.write(end, &[0]);
        to.skip(end + 1);
    } else if kind == 0x18 && (len == 2 || len == 3) {
        let (bytes, varint_len) = small_number(*from.array(value + 3), len == 3)?;
        to.write(head, &[0x15, 6, 0x46]);
        to.write(head + 3, &bytes);
        let end = head + 3 + varint_len;
        to.write(end, &[0]);
        to.skip(end + 1);
    } else if kind == 0x18 && (4..=9).contains(&len) {
        let number = short_varint(from.eight(value + 3), u32::from(len) - 1)?;
        let varint = Varint::zigzag_of_positive(number);
        to.write(head, &[0x15, 6, 0x46]);
        to.write_varint(head + 3, &varint);
        let end = head + 3 + varint.len;
        to.write(end, &[0]);
        to.skip(end + 1);
    } else {
        return put_long_pair(from, to, at, end);
    }
    Some(())
}

/// As [`put_pair`], for what is rarer; it leaves the caller's own values in registers.
#[inline(always)]
fn put_long_pair(from: From<'_>, to: &mut To<'_>, at: usize, end: usize) -> Option<()> {
    let (place, begin) = to.rest_mut();
    let behind = put_any_short_pair(from, place, begin, (at, end))?;
    to.skip(behind - begin);
    Some(())
}

/// A pair with keys and texts of up to 127 bytes; answers where the tag ends.
#[inline(never)]
fn put_any_short_pair(
    from: From<'_>,
    place: &mut [u8; TO_BYTES],
    begin: usize,
    (at, end): (usize, usize),
) -> Option<usize> {
    let mut to = To::at(place, begin);
    let [0x0a, key_len @ 0..=0x7f, rest @ ..] = from.bytes.get(at..end)? else { return None };
    let (key, value) = rest.split_at_checked(usize::from(*key_len))?;
    to.put(&[0x18, *key_len]);
    to.put_slice(key)?;
    match value {
        [0x12, len @ 0..=0x7f, 0x0a, text_len, text @ ..]
            if usize::from(*len) == text.len() + 2 && usize::from(*text_len) == text.len() =>
        {
            to.put(&[0x15, 0, 0x18, *text_len]);
            to.put_slice(text)?;
        }
        [0x12, 2, 0x10, truth @ (0 | 1)] => to.put(&[0x15, 4, 0x32 - truth]),
        [0x12, 9, 0x21, float @ ..] if float.len() == 8 => {
            to.put(&[0x15, 2, 0x27]);
            to.put::<8>(float.first_chunk()?);
        }
        [0x12, len @ 2..=9, 0x18, varint @ ..] if usize::from(*len) == varint.len() + 1 => {
            let number = short_varint(from.eight(end - varint.len()), u32::from(*len) - 1)?;
            let varint = Varint::zigzag_of_positive(number);
            to.put(&[0x15, 6, 0x46]);
            to.write_varint(0, &varint);
            to.skip(varint.len);
        }
        _ => return None,
    }
    to.put(&[0]);
    to.len()
}

/// A varint of one byte or two, as a varint of its zigzag form, of which the first so many bytes count.
#[inline(always)]
fn small_number([low, high]: [u8; 2], has_two: bool) -> Option<([u8; 4], usize)> {
    if (low >= 0x80) != has_two || (has_two && high >= 0x80) {
        return None;
    }
    let high = if has_two { high } else { 0 };
    let bits = u32::from(low & 0x7f) << 1 | u32::from(high) << 8;
    let len = 1 + usize::from(bits >= 1 << 7) + usize::from(bits >= 1 << 14);
    let more = u32::from(bits >= 1 << 7) << 7 | u32::from(bits >= 1 << 14) << 15;
    let groups = (bits & 0x7f) | (bits & 0x3f80) << 1 | (bits & 0xc000) << 2;
    Some(((groups | more).to_le_bytes(), len))
}

/// The number in the first `len` bytes, from 1 to 8, which are one varint.
#[inline(always)]
fn short_varint(bytes: [u8; 8], len: u32) -> Option<u64> {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let mask = u64::MAX >> (64 - 8 * len.clamp(1, 8));
    let bits = u64::from_le_bytes(bytes) & mask;
    // "More" is said by all bytes but the last.
    if bits & MORE != MORE & mask >> 8 {
        return None;
    }
    let bits = (bits & 0x007f_007f_007f_007f) | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
    let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x3fff_0000_3fff_0000) >> 2;
    Some((bits & 0x0fff_ffff) | (bits & 0x0fff_ffff_0000_0000) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_as_all_others() {
        for number in 0..1 << 14 {
            let mut bytes = Vec::new();
            tracer_core::row::wire::put_varint(&mut bytes, number);
            let has_two = bytes.len() == 2;
            bytes.resize(2, 0xff);
            let read: [u8; 2] = bytes.try_into().unwrap();
            let (ours, len) = small_number(read, has_two).unwrap();
            let Varint { groups, len: expected_len, .. } = Varint::zigzag_of_positive(number);
            assert_eq!((&ours[..len], len), (&groups[..expected_len], expected_len), "{number}");
            assert_eq!(small_number(read, !has_two), None);
        }
        assert_eq!(small_number([0x80, 0x80], true), None);
    }

    #[test]
    fn varints_are_read_at_once() {
        for bits in 0..56 {
            for number in [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1] {
                let mut bytes = Vec::new();
                tracer_core::row::wire::put_varint(&mut bytes, number);
                let len = u32::try_from(bytes.len()).unwrap();
                if len > 8 {
                    continue;
                }
                // What stands behind it is not read.
                bytes.resize(8, 0xff);
                let bytes = bytes.try_into().unwrap();
                assert_eq!(short_varint(bytes, len), Some(number), "{number:#x}");
                if len < 8 {
                    assert_eq!(short_varint(bytes, len + 1), None, "it ends earlier");
                }
                if len > 1 {
                    assert_eq!(short_varint(bytes, len - 1), None, "it ends later");
                }
            }
        }
    }
}
