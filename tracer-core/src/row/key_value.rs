//! The encoding of tags and fields: OTLP's `KeyValue` and `AnyValue`.
//!
//! ```text
//! field = key byte, LEN, 0a LEN key, 12 LEN AnyValue
//! AnyValue = 0a LEN text | 10 truth | 18 varint | 21 double | 2a LEN (0a LEN AnyValue)* | 3a LEN bytes
//! ```
//!
//! Nearly all pairs are shorter than 128 bytes. Then each length is one byte, and with a constant key all
//! but the value is constant.

use super::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, varint_len};
use crate::value::{Field, TagRef};

/// A pair of at most so many bytes of key and text has lengths of one byte each.
const SHORT_MAX: usize = 100;

/// Appends a `KeyValue` as a field with that key byte.
#[inline(always)]
pub(crate) fn put_key_value(out: &mut Vec<u8>, field_key: u8, key: &str, value: TagRef<'_>) {
    match value {
        TagRef::Str(text) if key.len() + text.len() <= SHORT_MAX => {
            let len = short(text.len());
            put_short(out, field_key, key, &[0x12, len + 2, 0x0a, len], text.as_bytes());
        }
        TagRef::Bool(truth) if key.len() <= SHORT_MAX => {
            put_short(out, field_key, key, &[0x12, 2, 0x10, u8::from(truth)], &[]);
        }
        TagRef::I64(number) if key.len() <= SHORT_MAX => put_short_i64(out, field_key, key, bits(number)),
        TagRef::F64(number) if key.len() <= SHORT_MAX => {
            put_short(out, field_key, key, &[0x12, 9, 0x21], &number.to_le_bytes());
        }
        value => put_any(out, field_key, key, value),
    }
}

/// Appends a pair whose lengths are all below 128; `head` is what stands before the value's last part.
#[inline(always)]
fn put_short(out: &mut Vec<u8>, field_key: u8, key: &str, head: &[u8], last: &[u8]) {
    put_short_head(out, field_key, key, head, last.len());
    out.extend_from_slice(last);
}

/// All of a short pair but the value's last part.
#[inline(always)]
fn put_short_head(out: &mut Vec<u8>, field_key: u8, key: &str, head: &[u8], last_len: usize) {
    let len = 2 + key.len() + head.len() + last_len;
    out.reserve(16 + len);
    out.extend_from_slice(&[field_key, short(len), 0x0a, short(key.len())]);
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(head);
}

/// As [`put_short`]. All ten bytes that a varint may have are appended, and those that it has are kept: a
/// copy of a known size needs no call.
#[inline]
fn put_short_i64(out: &mut Vec<u8>, field_key: u8, key: &str, mut number: u64) {
    let mut varint = [0; 10];
    let len = varint_len(number);
    for byte in &mut varint {
        *byte = number.to_le_bytes()[0] | 0x80;
        number >>= 7;
        if number == 0 {
            *byte &= 0x7f;
            break;
        }
    }
    put_short_head(out, field_key, key, &[0x12, short(len) + 1, 0x18], len);
    let end = out.len() + len;
    out.extend_from_slice(&varint);
    out.truncate(end);
}

/// A length that is known to be below 128.
#[inline]
const fn short(len: usize) -> u8 {
    len.to_le_bytes()[0]
}

fn put_any(out: &mut Vec<u8>, field_key: u8, key: &str, value: TagRef<'_>) {
    put_key_len(out, field_key, key_value_len(key, value));
    put_bytes(out, 0x0a, key.as_bytes());
    put_key_len(out, 0x12, value_len(value));
    put_value(out, value);
}

pub(super) fn put_fields(out: &mut Vec<u8>, field_key: u8, fields: &[Field<'_>]) {
    for (key, value) in fields {
        put_key_value(out, field_key, key, *value);
    }
}

#[inline]
pub(super) fn fields_len(fields: &[Field<'_>]) -> usize {
    fields.iter().map(|(key, value)| bytes_field_len(key_value_len(key, *value))).sum()
}

#[inline]
pub(super) fn key_value_len(key: &str, value: TagRef<'_>) -> usize {
    bytes_field_len(key.len()) + bytes_field_len(value_len(value))
}

/// The size of a value as an `AnyValue` message.
#[inline]
fn value_len(value: TagRef<'_>) -> usize {
    match value {
        TagRef::Str(text) => bytes_field_len(text.len()),
        TagRef::Bool(_) => 2,
        TagRef::I64(number) => 1 + varint_len(bits(number)),
        TagRef::U64(number) => match i64::try_from(number) {
            Ok(number) => value_len(TagRef::I64(number)),
            Err(_) => bytes_field_len(decimal_digits(number)),
        },
        TagRef::F64(_) => 9,
        TagRef::Bytes(bytes) => bytes_field_len(bytes.len()),
        TagRef::StrArray(_) | TagRef::BoolArray(_) | TagRef::I64Array(_) | TagRef::F64Array(_) => {
            bytes_field_len(elements(value).map(|element| bytes_field_len(value_len(element))).sum())
        }
    }
}

fn put_value(out: &mut Vec<u8>, value: TagRef<'_>) {
    match value {
        TagRef::Str(text) => put_bytes(out, 0x0a, text.as_bytes()),
        TagRef::Bool(truth) => out.extend_from_slice(&[0x10, u8::from(truth)]),
        TagRef::I64(number) => {
            out.push(0x18);
            put_varint(out, bits(number));
        }
        TagRef::U64(number) => match i64::try_from(number) {
            Ok(number) => put_value(out, TagRef::I64(number)),
            Err(_) => put_bytes(out, 0x0a, number.to_string().as_bytes()),
        },
        TagRef::F64(number) => {
            out.push(0x21);
            out.extend_from_slice(&number.to_le_bytes());
        }
        TagRef::Bytes(bytes) => put_bytes(out, 0x3a, bytes),
        TagRef::StrArray(_) | TagRef::BoolArray(_) | TagRef::I64Array(_) | TagRef::F64Array(_) => {
            put_key_len(out, 0x2a, elements(value).map(|element| bytes_field_len(value_len(element))).sum());
            for element in elements(value) {
                put_key_len(out, 0x0a, value_len(element));
                put_value(out, element);
            }
        }
    }
}

/// Protobuf's `int64`: two's complement in a varint.
const fn bits(number: i64) -> u64 {
    u64::from_le_bytes(number.to_le_bytes())
}

/// The elements of an array value; none of any other.
fn elements<'a>(value: TagRef<'a>) -> impl Iterator<Item = TagRef<'a>> {
    let (texts, truths, integers, floats): (&'a [&'a str], &[bool], &[i64], &[f64]) = match value {
        TagRef::StrArray(texts) => (texts, &[], &[], &[]),
        TagRef::BoolArray(truths) => (&[], truths, &[], &[]),
        TagRef::I64Array(integers) => (&[], &[], integers, &[]),
        TagRef::F64Array(floats) => (&[], &[], &[], floats),
        _ => (&[], &[], &[], &[]),
    };
    let texts = texts.iter().map(|text| TagRef::Str(text));
    let truths = truths.iter().map(|truth| TagRef::Bool(*truth));
    let integers = integers.iter().map(|number| TagRef::I64(*number));
    texts.chain(truths).chain(integers).chain(floats.iter().map(|number| TagRef::F64(*number)))
}

const fn decimal_digits(number: u64) -> usize {
    match number {
        0 => 1,
        _ => number.ilog10() as usize + 1,
    }
}
