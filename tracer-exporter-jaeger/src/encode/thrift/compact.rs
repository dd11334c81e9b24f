//! Thrift's compact protocol (its specification: `thrift-compact-protocol.md`).
//!
//! ```text
//! field  = delta of the id << 4 | type       (a truth is its type: 1 true, 2 false)
//! list   = count << 4 | type, or f0 | type, varint(count) from 15 on
//! i32, i64 = varint of the zigzag form       double = 8 bytes, little-endian
//! text   = varint(length), bytes
//! ```

use super::protocol::{Protocol, Type};

/// The compact protocol, as Jaeger takes it over UDP on port 6831.
pub(super) struct Compact;

impl Protocol for Compact {
    const HAS_FAST_WAY: bool = true;

    #[inline]
    fn field(out: &mut Vec<u8>, previous: u8, id: u8, field_type: Type) {
        out.push((id - previous) << 4 | code(field_type));
    }

    #[inline]
    fn bool_field(out: &mut Vec<u8>, previous: u8, id: u8, value: bool) {
        out.push((id - previous) << 4 | if value { 1 } else { 2 });
    }

    #[inline]
    fn list(out: &mut Vec<u8>, element: Type, count: usize) {
        match u8::try_from(count) {
            Ok(count) if count < 15 => out.push(count << 4 | code(element)),
            _ => {
                out.push(0xf0 | code(element));
                put_varint(out, count as u64);
            }
        }
    }

    #[inline]
    fn i32(out: &mut Vec<u8>, value: u32) {
        put_varint(out, u64::from(value) << 1);
    }

    #[inline]
    fn i64(out: &mut Vec<u8>, value: i64) {
        Varint::zigzag(value).put(out);
    }

    #[inline]
    fn f64(out: &mut Vec<u8>, value: f64) {
        out.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        put_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

/// The bit that says "more", in eight bytes.
const MORE: u64 = 0x8080_8080_8080_8080;

/// How the protocol numbers a type.
#[inline]
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
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value.to_le_bytes()[0]);
    } else {
        Varint::new(value).put(out);
    }
}

/// A varint, in ten bytes of which the first `len` count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Varint {
    pub(super) groups: [u8; 8],
    pub(super) last: [u8; 2],
    pub(super) len: usize,
}

impl Varint {
    /// Ids take nine or ten bytes, so eight groups are made at once.
    #[inline(always)]
    const fn new(value: u64) -> Self {
        let bits = 64 - (value | 1).leading_zeros() as usize;
        // The seventh part of it, rounded up.
        let len = (9 * bits + 64) >> 6;
        // The bit that says "more" is in all bytes but the last.
        let more = if len > 8 { MORE } else { MORE & ((1 << (8 * (len - 1))) - 1) };
        let groups = (spread(value & 0x00ff_ffff_ffff_ffff) | more).to_le_bytes();
        // The ninth byte's highest bit is both the value's and "more".
        let last = [(value >> 56).to_le_bytes()[0], (value >> 63).to_le_bytes()[0]];
        Self { groups, last, len }
    }

    /// The varint of a number's zigzag form.
    #[inline(always)]
    const fn zigzag(value: i64) -> Self {
        Self::new(zigzag(value))
    }

    /// As [`zigzag`](Self::zigzag), for numbers below 2^63.
    #[inline(always)]
    pub(super) const fn zigzag_of_positive(value: u64) -> Self {
        Self::new(value << 1)
    }

    /// As [`zigzag`](Self::zigzag), made for ids, which take nine or ten bytes.
    #[inline(always)]
    pub(super) const fn id(value: i64) -> Self {
        let bits = zigzag(value);
        let top = bits >> 56;
        if top == 0 {
            return Self::new(bits);
        }
        let groups = (spread(bits & 0x00ff_ffff_ffff_ffff) | MORE).to_le_bytes();
        Self { groups, last: [top.to_le_bytes()[0], 1], len: 9 + (top >> 7) as usize }
    }

    #[inline]
    fn put(self, out: &mut Vec<u8>) {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.groups);
        bytes[8..].copy_from_slice(&self.last);
        // A copy of a known size needs no call.
        let end = out.len() + self.len;
        out.extend_from_slice(&bytes);
        out.truncate(end);
    }
}

#[inline(always)]
const fn zigzag(value: i64) -> u64 {
    u64::from_le_bytes((value << 1 ^ value >> 63).to_le_bytes())
}

/// Puts each group of seven of the lowest 56 bits into a byte of its own.
#[inline]
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
