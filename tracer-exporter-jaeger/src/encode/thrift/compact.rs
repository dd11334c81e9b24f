//! Thrift's compact protocol (its specification: `thrift-compact-protocol.md`).
//!
//! ```text
//! field  = delta of the id << 4 | type       (a truth is its type: 1 true, 2 false)
//! list   = count << 4 | type, or f0 | type, varint(count) from 15 on
//! i32, i64 = varint of the zigzag form       double = 8 bytes, little-endian
//! text   = varint(length), bytes
//! ```

use super::protocol::{Out, Protocol, Type};

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
        Varint::new(zigzag(value)).put(out);
    }

    #[inline(always)]
    fn small_i64(out: &mut impl Out, value: u32) {
        let (groups, len) = short_varint(u64::from(value) << 1);
        out.put_first(&[groups[0], groups[1], groups[2], groups[3]], len);
    }

    /// Made for those that take nine or ten bytes, as nearly all do.
    #[inline(always)]
    fn id(out: &mut impl Out, id: [u8; 8]) {
        let bits = zigzag(i64::from_be_bytes(id));
        if bits >> 56 == 0 { Varint::new(bits).put(out) } else { Varint::long(bits).put(out) }
    }

    /// Made for what takes eight bytes: the years 1979 to 3111.
    #[inline(always)]
    fn time_us(out: &mut impl Out, us: u64) {
        let bits = us << 1;
        if (1 << 49..1 << 56).contains(&bits) {
            out.put((spread(bits) | MORE >> 8).to_le_bytes());
        } else {
            Varint::new(bits).put(out);
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
    if value < 0x80 {
        out.put([value.to_le_bytes()[0]]);
    } else {
        Varint::new(value).put(out);
    }
}

/// A varint, in ten bytes of which the first `len` count.
#[derive(Clone, Copy, Debug)]
struct Varint {
    groups: [u8; 8],
    last: [u8; 2],
    len: usize,
}

impl Varint {
    #[inline(always)]
    const fn new(value: u64) -> Self {
        if value >> 56 == 0 {
            let (groups, len) = short_varint(value);
            Self { groups, last: [0; 2], len }
        } else {
            Self::long(value)
        }
    }

    /// A varint of nine bytes or ten.
    #[inline(always)]
    const fn long(value: u64) -> Self {
        let groups = (spread(value & 0x00ff_ffff_ffff_ffff) | MORE).to_le_bytes();
        // The ninth byte's highest bit is both the value's and "more".
        let [.., top] = value.to_le_bytes();
        Self { groups, last: [top, top >> 7], len: 9 + (top >> 7) as usize }
    }

    #[inline(always)]
    fn put(self, out: &mut impl Out) {
        let ([a, b, c, d, e, f, g, h], [i, j]) = (self.groups, self.last);
        out.put_first(&[a, b, c, d, e, f, g, h, i, j], self.len);
    }
}

/// A varint of at most eight bytes, and how many it has: of a value below 2^56.
///
/// ```text
/// spread   00 00 00 00 0x xx xx xx     groups of seven bits
/// more     00 00 00 00 00 80 80 80     in all bytes below the highest one
/// ```
#[inline(always)]
const fn short_varint(value: u64) -> ([u8; 8], usize) {
    let groups = spread(value);
    // Where the highest group begins, in bits.
    let top = 63 - (groups | 1).leading_zeros() & 0x38;
    let more = MORE & ((1 << top) - 1);
    ((groups | more).to_le_bytes(), 1 + (top >> 3) as usize)
}

#[inline(always)]
const fn zigzag(value: i64) -> u64 {
    u64::from_le_bytes((value << 1 ^ value >> 63).to_le_bytes())
}

/// Puts each group of seven of the lowest 56 bits into a byte of its own.
#[inline(always)]
const fn spread(bits: u64) -> u64 {
    let bits = (bits & 0x0fff_ffff) | (bits & 0x00ff_ffff_f000_0000) << 4;
    let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x0fff_c000_0fff_c000) << 2;
    (bits & 0x007f_007f_007f_007f) | (bits & 0x3f80_3f80_3f80_3f80) << 1
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
