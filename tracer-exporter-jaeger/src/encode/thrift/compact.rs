//! Thrift's compact protocol (its specification: `thrift-compact-protocol.md`).
//!
//! ```text
//! field  = delta of the id << 4 | type       (a truth is its type: 1 true, 2 false)
//! list   = count << 4 | type, or f0 | type, varint(count) from 15 on
//! i32, i64 = varint of the zigzag form       double = 8 bytes, little-endian
//! text   = varint(length), bytes
//! ```

use tracer_core::row::wire::varint_len;

use super::protocol::{Protocol, Type};

/// The compact protocol, as Jaeger takes it over UDP on port 6831.
pub(super) struct Compact;

impl Protocol for Compact {
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

    /// A count of five bytes, written as a varint that is longer than it need be: readers take it.
    fn reserve_list(out: &mut Vec<u8>, element: Type) -> usize {
        out.extend_from_slice(&[0xf0 | code(element), 0, 0, 0, 0, 0]);
        out.len() - 5
    }

    fn fill_list(out: &mut Vec<u8>, at: usize, _: Type, count: usize) {
        let Some(room) = out.get_mut(at..at + 5) else { return };
        let mut rest = count;
        for byte in &mut *room {
            *byte = low_7_bits(rest) | 0x80;
            rest >>= 7;
        }
        if let Some(last) = room.last_mut() {
            *last &= 0x7f;
        }
    }

    #[inline]
    fn i32(out: &mut Vec<u8>, value: u32) {
        put_varint(out, u64::from(value) << 1);
    }

    #[inline]
    fn i64(out: &mut Vec<u8>, value: i64) {
        let bits = u64::from_le_bytes(value.to_le_bytes());
        put_varint(out, bits << 1 ^ if value < 0 { u64::MAX } else { 0 });
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

#[inline]
const fn low_7_bits(number: usize) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// Appends a varint. Ids take nine or ten bytes, so a long one is made eight groups at once.
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value.to_le_bytes()[0]);
    } else {
        put_long_varint(out, value);
    }
}

#[inline]
fn put_long_varint(out: &mut Vec<u8>, value: u64) {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let groups = spread(value & 0x00ff_ffff_ffff_ffff) | MORE;
    let len = varint_len(value);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&groups.to_le_bytes());
    bytes[8] = (value >> 56).to_le_bytes()[0] | 0x80;
    bytes[9] = (value >> 63).to_le_bytes()[0];
    if let Some(last) = bytes.get_mut(len - 1) {
        *last &= 0x7f;
    }
    // A copy of a known size needs no call.
    let end = out.len() + len;
    out.extend_from_slice(&bytes);
    out.truncate(end);
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

    #[test]
    fn a_reserved_list_has_its_count() {
        for count in [0_u64, 1, 14, 15, 127, 128, 100_000, u64::from(u32::MAX)] {
            let mut out = Vec::new();
            let at = Compact::reserve_list(&mut out, Type::Struct);
            Compact::fill_list(&mut out, at, Type::Struct, usize::try_from(count).unwrap());
            assert_eq!(out[0], 0xfc);
            // As a protobuf field of number 1.
            out[0] = 0x08;
            let read = tracer_core::row::wire::Fields::new(&out).next();
            assert_eq!(read, Some(Ok((1, tracer_core::row::wire::Field::Varint(count)))));
        }
    }
}
