//! Thrift's binary protocol (its specification: `thrift-binary-protocol.md`).
//!
//! ```text
//! field = type, id in two bytes     list = type, count in four bytes
//! text  = length in four bytes, bytes        all numbers big-endian
//! ```

use super::protocol::{Protocol, Type};

/// The binary protocol, as Jaeger takes it over HTTP on port 14268.
pub(super) struct Binary;

impl Protocol for Binary {
    #[inline]
    fn field(out: &mut Vec<u8>, _: u8, id: u8, field_type: Type) {
        out.extend_from_slice(&[code(field_type), 0, id]);
    }

    #[inline]
    fn bool_field(out: &mut Vec<u8>, _: u8, id: u8, value: bool) {
        out.extend_from_slice(&[2, 0, id, u8::from(value)]);
    }

    #[inline]
    fn list(out: &mut Vec<u8>, element: Type, count: usize) {
        out.push(code(element));
        out.extend_from_slice(&length(count));
    }

    #[inline]
    fn i32(out: &mut Vec<u8>, value: u32) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn i64(out: &mut Vec<u8>, value: i64) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn f64(out: &mut Vec<u8>, value: f64) {
        out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(&length(bytes.len()));
        out.extend_from_slice(bytes);
    }
}

#[inline]
const fn code(field_type: Type) -> u8 {
    match field_type {
        Type::Double => 4,
        Type::I32 => 8,
        Type::I64 => 10,
        Type::Binary => 11,
        Type::Struct => 12,
        Type::List => 15,
    }
}

/// A length that is below 2^31, as all of a batch in memory are that the pipeline cuts.
#[inline]
fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}
