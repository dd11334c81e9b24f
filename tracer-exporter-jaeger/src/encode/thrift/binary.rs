//! Thrift's binary protocol (its specification: `thrift-binary-protocol.md`).
//!
//! ```text
//! field = type, id in two bytes     list = type, count in four bytes
//! text  = length in four bytes, bytes        all numbers big-endian
//! ```

use super::protocol::{Block, Out, Protocol, Type};

/// The binary protocol, as Jaeger takes it over HTTP on port 14268.
pub(super) struct Binary;

impl Protocol for Binary {
    const IDS_ARE_DEAR: bool = false;

    #[inline(always)]
    fn field(out: &mut impl Out, _: u8, id: u8, field_type: Type) {
        out.put([code(field_type), 0, id]);
    }

    #[inline(always)]
    fn bool_field(out: &mut impl Out, _: u8, id: u8, value: bool) {
        out.put([2, 0, id, u8::from(value)]);
    }

    #[inline]
    fn list(out: &mut impl Out, element: Type, count: usize) {
        out.put([code(element)]);
        Self::len(out, count);
    }

    #[inline(always)]
    fn open_list(out: &mut impl Out) {
        out.put([code(Type::Struct), 0, 0, 0, 0]);
    }

    #[inline(always)]
    fn set_count(list: &mut [u8], count: usize) -> Option<()> {
        let count = u32::try_from(count).ok()?;
        *list.get_mut(1..5)?.first_chunk_mut()? = count.to_be_bytes();
        Some(())
    }

    #[inline(always)]
    fn i32(out: &mut impl Out, value: u32) {
        out.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn i64(out: &mut impl Out, value: i64) {
        out.put(value.to_be_bytes());
    }

    #[inline(always)]
    fn number_of_1(out: &mut impl Out, number: u32) {
        Self::i64(out, i64::from(number));
    }

    #[inline(always)]
    fn number_of_2(out: &mut impl Out, groups: u32) {
        Self::i64(out, i64::from(groups & 0x7f | groups >> 8 << 7));
    }

    #[inline(always)]
    fn id(id: [u8; 8]) -> Block {
        Block { bytes: u128::from(u64::from_le_bytes(id)), len: 8 }
    }

    #[inline(always)]
    fn time_us(out: &mut impl Out, us: u64) {
        out.put(us.to_be_bytes());
    }

    #[inline(always)]
    fn f64(out: &mut impl Out, value: f64) {
        out.put(value.to_be_bytes());
    }

    /// A length that is below 2^31, as all of a batch in memory are that the pipeline cuts.
    #[inline(always)]
    fn len(out: &mut impl Out, len: usize) {
        out.put(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
    }
}

#[inline(always)]
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
