//! What the two protocols have in common: structs of typed fields that end with a stop byte.

use tracer_core::row::record::Value;

use crate::encode::json;

/// Where a protocol writes: at the end of a vector, or in the window of the fast way.
pub(super) trait Out {
    /// Appends bytes.
    fn put<const N: usize>(&mut self, bytes: [u8; N]);
    /// Appends the first `len` bytes of a block. All of it is copied, since a copy of a known size needs no call.
    fn put_first<const N: usize>(&mut self, block: &[u8; N], len: usize);
    /// Appends bytes of any number.
    fn put_slice(&mut self, bytes: &[u8]);
}

impl Out for Vec<u8> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.extend_from_slice(&bytes);
    }

    #[inline]
    fn put_first<const N: usize>(&mut self, block: &[u8; N], len: usize) {
        let end = self.len() + len.min(N);
        self.extend_from_slice(block);
        self.truncate(end);
    }

    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// At most 15 bytes: the lowest `len` of a number, from the lowest on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: u128,
    pub(super) len: usize,
}

impl Block {
    #[inline(always)]
    pub(super) fn put(self, out: &mut impl Out) {
        out.put_first(&self.bytes.to_le_bytes(), self.len & 15);
    }
}

/// A Thrift protocol. Its methods write one element each.
pub(super) trait Protocol {
    /// Whether an id costs more than it takes to see that it is the one before.
    const IDS_ARE_DEAR: bool;

    /// The head of a field that is no truth; `previous` is the field before it in the struct, or 0.
    fn field(out: &mut impl Out, previous: u8, id: u8, field_type: Type);
    /// A truth with its head.
    fn bool_field(out: &mut impl Out, previous: u8, id: u8, value: bool);
    /// The head of a list.
    fn list(out: &mut impl Out, element: Type, count: usize);
    /// The head of a list of structs, whose count comes later.
    fn open_list(out: &mut impl Out);
    /// Says how many there are in a list, of whose head that is the first byte. `None` if they are too many for the
    /// room that was left.
    fn set_count(list: &mut [u8], count: usize) -> Option<()>;
    /// A 32-bit integer that is not negative.
    fn i32(out: &mut impl Out, value: u32);
    /// A 64-bit integer.
    fn i64(out: &mut impl Out, value: i64);
    /// A 64-bit integer from 0 to 127.
    fn number_of_1(out: &mut impl Out, number: u32);
    /// A 64-bit integer from 0 to 16,383, given as two groups of seven bits, each in a byte.
    fn number_of_2(out: &mut impl Out, groups: u32);
    /// An id, as a 64-bit integer.
    fn id(id: [u8; 8]) -> Block;
    /// A time in microseconds since 1970, as a 64-bit integer.
    fn time_us(out: &mut impl Out, us: u64);
    /// A float.
    fn f64(out: &mut impl Out, value: f64);
    /// The length of text or bytes, which come next.
    fn len(out: &mut impl Out, len: usize);
    /// Text or bytes, with the length.
    #[inline]
    fn bytes(out: &mut impl Out, bytes: &[u8]) {
        Self::len(out, bytes.len());
        out.put_slice(bytes);
    }
    /// The end of a struct.
    #[inline(always)]
    fn stop(out: &mut impl Out) {
        out.put([0]);
    }
}

/// The types of fields that Jaeger's schema has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A float.
    Double,
    /// Text or bytes.
    Binary,
    /// A list.
    List,
    /// A struct.
    Struct,
}

/// `TagType` of the schema.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum TagType {
    String,
    Double,
    Bool,
    Long,
    Binary,
}

/// Appends the type of a `Tag`, and the head of the field that the type says.
#[inline(always)]
pub(super) fn put_tag_type<P: Protocol>(out: &mut impl Out, tag_type: TagType) {
    P::field(out, 1, 2, Type::I32);
    P::i32(out, tag_type as u32);
    match tag_type {
        TagType::String => P::field(out, 2, 3, Type::Binary),
        TagType::Double => P::field(out, 2, 4, Type::Double),
        // Some protocols write truth and head as one.
        TagType::Bool => {}
        TagType::Long => P::field(out, 2, 6, Type::I64),
        TagType::Binary => P::field(out, 2, 7, Type::Binary),
    }
}

/// Appends the key and type of a `Tag`.
#[inline(always)]
fn put_tag_head<P: Protocol>(out: &mut impl Out, key: &[u8], tag_type: TagType) {
    P::field(out, 0, 1, Type::Binary);
    P::bytes(out, key);
    put_tag_type::<P>(out, tag_type);
}

/// Appends a `Tag` of text.
#[inline]
pub(super) fn put_str_tag<P: Protocol>(out: &mut impl Out, key: &[u8], value: &[u8]) {
    put_tag_head::<P>(out, key, TagType::String);
    P::bytes(out, value);
    P::stop(out);
}

/// Appends a `Tag` of a float.
#[inline]
pub(super) fn put_f64_tag<P: Protocol>(out: &mut impl Out, key: &[u8], value: f64) {
    put_tag_head::<P>(out, key, TagType::Double);
    P::f64(out, value);
    P::stop(out);
}

/// Appends a `Tag` of truth.
#[inline]
pub(super) fn put_bool_tag<P: Protocol>(out: &mut impl Out, key: &[u8], value: bool) {
    put_tag_head::<P>(out, key, TagType::Bool);
    P::bool_field(out, 2, 5, value);
    P::stop(out);
}

/// Appends a `Tag` of an integer.
#[inline]
pub(super) fn put_i64_tag<P: Protocol>(out: &mut impl Out, key: &[u8], value: i64) {
    put_tag_head::<P>(out, key, TagType::Long);
    P::i64(out, value);
    P::stop(out);
}

/// Appends a `Tag` of bytes.
pub(super) fn put_bytes_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    put_tag_head::<P>(out, key, TagType::Binary);
    P::bytes(out, value);
    P::stop(out);
}

/// Appends a `Tag` of any value; arrays and maps become JSON text.
pub(super) fn put_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: &Value) {
    match value {
        Value::Str(text) => put_str_tag::<P>(out, key, text.as_bytes()),
        Value::Bool(truth) => put_bool_tag::<P>(out, key, *truth),
        Value::I64(number) => put_i64_tag::<P>(out, key, *number),
        Value::F64(number) => put_f64_tag::<P>(out, key, *number),
        Value::Bytes(bytes) => put_bytes_tag::<P>(out, key, bytes),
        other => put_str_tag::<P>(out, key, json::text(other).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Binary, Compact};
    use super::*;

    fn short_numbers_are_as_all_others<P: Protocol>() {
        for number in 0..1 << 14 {
            let (mut ours, mut expected) = (Vec::new(), Vec::new());
            P::i64(&mut expected, i64::from(number));
            if number < 0x80 {
                P::number_of_1(&mut ours, number);
            } else {
                P::number_of_2(&mut ours, number & 0x7f | number >> 7 << 8);
            }
            assert_eq!(ours, expected, "{number}");
        }
    }

    #[test]
    fn short_numbers_are_as_all_others_in_both_protocols() {
        short_numbers_are_as_all_others::<Compact>();
        short_numbers_are_as_all_others::<Binary>();
    }
}
