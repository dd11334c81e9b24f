//! Thrift's compact protocol (its specification: `thrift-compact-protocol.md`).
//!
//! ```text
//! field  = delta of the id << 4 | type       (a truth is its type: 1 true, 2 false)
//! list   = count << 4 | type, or f0 | type, varint(count) from 15 on
//! i32, i64 = varint of the zigzag form       double = 8 bytes, little-endian
//! text   = varint(length), bytes
//! ```

use super::protocol::{Block, Out, Protocol, Type};

/// The compact protocol, as Jaeger takes it over UDP on port 6831.
pub(super) struct Compact;

impl Protocol for Compact {
    const IDS_ARE_DEAR: bool = true;

    #[inline(always)]
    fn field(out: &mut impl Out, previous: u8, id: u8, field_type: Type) {
        out.put([(id - previous) << 4 | code(field_type)]);
    }

    #[inline(always)]
    fn bool_field(out: &mut impl Out, previous: u8, id: u8, value: bool) {
        out.put([(id - previous) << 4 | if value { 1 } else { 2 }]);
    }

    #[inline]
    fn list(out: &mut impl Out, element: Type, count: usize) {
        match u8::try_from(count) {
            Ok(count) if count <= COUNT_MAX => out.put([count << 4 | code(element)]),
            _ => {
                out.put([0xf0 | code(element)]);
                put_varint(out, count as u64);
            }
        }
    }

    #[inline(always)]
    fn open_list(out: &mut impl Out) {
        out.put([code(Type::Struct)]);
    }

    #[inline(always)]
    fn set_count(list: &mut [u8], count: usize) -> Option<()> {
        let count = u8::try_from(count).ok().filter(|count| *count <= COUNT_MAX)?;
        *list.first_mut()? = count << 4 | code(Type::Struct);
        Some(())
    }

    #[inline(always)]
    fn i32(out: &mut impl Out, value: u32) {
        put_varint(out, u64::from(value) << 1);
    }

    #[inline(always)]
    fn i64(out: &mut impl Out, value: i64) {
        put_varint(out, zigzag(value));
    }

    /// Twice the number is its zigzag form; what is too much for a group goes to the next one.
    #[inline(always)]
    fn number_of_1(out: &mut impl Out, number: u32) {
        let groups = number << 1;
        let groups = groups + (groups & 0x80);
        let has_2 = groups >> 8 & 1;
        let [low, high, ..] = (groups | has_2 << 7).to_le_bytes();
        out.put_first(&[low, high], 1 + has_2 as usize);
    }

    #[inline(always)]
    fn number_of_2(out: &mut impl Out, groups: u32) {
        let groups = groups << 1;
        let groups = groups + (groups & 0x8080);
        let has_3 = groups >> 16 & 1;
        let bytes = groups | 0x80 | has_3 << 15;
        out.put_first(&bytes.to_le_bytes(), 2 + has_3 as usize);
    }

    /// Made for those that take nine or ten bytes, as nearly all do.
    #[inline(always)]
    fn id(id: [u8; 8]) -> Block {
        let bits = zigzag(i64::from_be_bytes(id));
        if bits >> 56 == 0 { rare_varint(bits) } else { long_varint(bits) }
    }

    /// Made for what takes eight bytes: the years 1979 to 3111.
    #[inline(always)]
    fn time_us(out: &mut impl Out, us: u64) {
        let bits = us << 1;
        if (1 << 49..1 << 56).contains(&bits) {
            out.put((spread(bits) | MORE >> 8).to_le_bytes());
        } else {
            rare_varint(bits).put(out);
        }
    }

    #[inline(always)]
    fn f64(out: &mut impl Out, value: f64) {
        out.put(value.to_le_bytes());
    }

    #[inline(always)]
    fn len(out: &mut impl Out, len: usize) {
        put_varint(out, len as u64);
    }
}

/// From the next one on, a count takes more than half a byte.
const COUNT_MAX: u8 = 14;

/// The bit that says "more", in eight bytes.
const MORE: u64 = 0x8080_8080_8080_8080;

/// The same, in four bytes.
const SHORT_MORE: u32 = 0x8080_8080;

/// How the protocol numbers a type.
#[inline(always)]
const fn code(field_type: Type) -> u8 {
    match field_type {
        Type::I32 => 5,
        Type::I64 => 6,
        Type::Double => 7,
        Type::Binary => 8,
        Type::List => 9,
        Type::Struct => 12,
    }
}

/// Appends a varint.
#[inline(always)]
fn put_varint(out: &mut impl Out, value: u64) {
    match u32::try_from(value) {
        Ok(value) if value < 0x80 => out.put([value.to_le_bytes()[0]]),
        Ok(value) if value < 0x1000_0000 => {
            let (bytes, len) = short_varint(spread_short(value));
            out.put_first(&bytes, len);
        }
        _ => rare_varint(value).put(out),
    }
}

/// A varint of at most four groups of seven bits, each in a byte, and how many it has.
///
/// ```text
/// groups   00 0x xx xx
/// more     00 00 80 80     in all bytes below the highest group
/// ```
#[inline(always)]
const fn short_varint(groups: u32) -> ([u8; 4], usize) {
    // Where the highest group begins, in bits.
    let top = (31 - (groups | 1).leading_zeros()) & 0x18;
    let more = SHORT_MORE & !(u32::MAX << top);
    ((groups | more).to_le_bytes(), 1 + (top >> 3) as usize)
}

/// Any varint; apart, not to be in the way of those that are not rare.
#[cold]
const fn rare_varint(value: u64) -> Block {
    if value >> 56 > 0 {
        return long_varint(value);
    }
    let groups = spread(value);
    let top = (63 - (groups | 1).leading_zeros()) & 0x38;
    let more = MORE & !(u64::MAX << top);
    Block { bytes: (groups | more) as u128, len: 1 + (top >> 3) as usize }
}

/// A varint of nine bytes or ten.
#[inline(always)]
const fn long_varint(value: u64) -> Block {
    let groups = spread(value & 0x00ff_ffff_ffff_ffff) | MORE;
    // The ninth byte's highest bit is both the value's and "more"; the tenth byte is 1 if it is there.
    let last = value >> 56 | 0x100;
    Block { bytes: groups as u128 | (last as u128) << 64, len: 9 + (value >> 63) as usize }
}

#[inline(always)]
const fn zigzag(value: i64) -> u64 {
    u64::from_le_bytes((value << 1 ^ value >> 63).to_le_bytes())
}

/// Puts each group of seven of 56 bits into a byte of its own. What moves is subtracted where it was, and added where
/// it comes.
#[inline(always)]
const fn spread(bits: u64) -> u64 {
    let bits = bits + 15 * (bits & 0x00ff_ffff_f000_0000);
    let bits = bits + 3 * (bits & 0x0fff_c000_0fff_c000);
    bits + (bits & 0x3f80_3f80_3f80_3f80)
}

/// As [`spread`], of 28 bits.
#[inline(always)]
const fn spread_short(bits: u32) -> u32 {
    let bits = bits + 3 * (bits & 0x0fff_c000);
    bits + (bits & 0x3f80_3f80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_protobufs() {
        let edges = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1, u64::MAX >> bit]);
        for value in edges {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            put_varint(&mut ours, value);
            tracer_core::row::wire::put_varint(&mut theirs, value);
            assert_eq!(ours, theirs, "{value:#x}");
        }
    }
}
