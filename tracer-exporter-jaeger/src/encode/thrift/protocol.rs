//! What the two protocols have in common: structs of typed fields that end with a stop byte.

use tracer_core::row::record::Value;

use crate::encode::json;

/// A Thrift protocol. Its methods write one element each.
pub(super) trait Protocol {
    /// Whether there is a way of its own for the common row.
    const HAS_FAST_WAY: bool = false;

    /// The head of a field that is no truth; `previous` is the field before it in the struct, or 0.
    fn field(out: &mut Vec<u8>, previous: u8, id: u8, field_type: Type);
    /// A truth with its head.
    fn bool_field(out: &mut Vec<u8>, previous: u8, id: u8, value: bool);
    /// The head of a list.
    fn list(out: &mut Vec<u8>, element: Type, count: usize);
    /// A 32-bit integer that is not negative.
    fn i32(out: &mut Vec<u8>, value: u32);
    /// A 64-bit integer.
    fn i64(out: &mut Vec<u8>, value: i64);
    /// A float.
    fn f64(out: &mut Vec<u8>, value: f64);
    /// Text or bytes, with the length.
    fn bytes(out: &mut Vec<u8>, bytes: &[u8]);
    /// The end of a struct.
    #[inline]
    fn stop(out: &mut Vec<u8>) {
        out.push(0);
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

// `TagType` of the schema.
const STRING: u32 = 0;
const DOUBLE: u32 = 1;
const BOOL: u32 = 2;
const LONG: u32 = 3;
const BINARY: u32 = 4;

/// Appends the key and type of a `Tag`.
#[inline]
fn put_tag_head<P: Protocol>(out: &mut Vec<u8>, key: &[u8], tag_type: u32) {
    P::field(out, 0, 1, Type::Binary);
    P::bytes(out, key);
    P::field(out, 1, 2, Type::I32);
    P::i32(out, tag_type);
}

/// Appends a `Tag` of text.
#[inline]
pub(super) fn put_str_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    put_tag_head::<P>(out, key, STRING);
    P::field(out, 2, 3, Type::Binary);
    P::bytes(out, value);
    P::stop(out);
}

/// Appends a `Tag` of a float.
#[inline]
pub(super) fn put_f64_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: f64) {
    put_tag_head::<P>(out, key, DOUBLE);
    P::field(out, 2, 4, Type::Double);
    P::f64(out, value);
    P::stop(out);
}

/// Appends a `Tag` of truth.
#[inline]
pub(super) fn put_bool_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: bool) {
    put_tag_head::<P>(out, key, BOOL);
    P::bool_field(out, 2, 5, value);
    P::stop(out);
}

/// Appends a `Tag` of an integer.
#[inline]
pub(super) fn put_i64_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: i64) {
    put_tag_head::<P>(out, key, LONG);
    P::field(out, 2, 6, Type::I64);
    P::i64(out, value);
    P::stop(out);
}

/// Appends a `Tag` of bytes.
pub(super) fn put_bytes_tag<P: Protocol>(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    put_tag_head::<P>(out, key, BINARY);
    P::field(out, 2, 7, Type::Binary);
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
