//! The encoding of tags and fields: OTLP's `KeyValue` and `AnyValue`.
//!
//! ```text
//! field = key byte, LEN, 0a LEN key, 12 LEN AnyValue
//! AnyValue = 0a LEN text | 10 truth | 18 varint | 21 double | 2a LEN (0a LEN AnyValue)* | 3a LEN bytes
//! ```
//!
//! Nearly all pairs are shorter than 128 bytes. Then each length is one byte, and with a constant key all
//! but the value is constant: [`put_short`] is a few stores. [`put_key_value`] takes any pair.

use super::buffer::ROOM;
use super::copy::copy_bytes;
use super::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, varint_len};
use crate::value::{Field, TagRef};

/// Key and text of a short pair together: with all that stands around them they fit the room.
const SHORT_MAX: usize = 100;
/// What stands in front of a key, and between key and value.
const HEAD: usize = 4;

/// The most bytes that a pair takes if [`put_short`] takes it; `None` if it does not.
#[inline(always)]
pub(super) fn short_len_max(key: &str, value: TagRef<'_>) -> Option<usize> {
    let value_len = match value {
        TagRef::Str(text) => text.len(),
        TagRef::Bool(_) | TagRef::I64(_) | TagRef::U64(_) | TagRef::F64(_) => 0,
        _ => return None,
    };
    let len = key.len().checked_add(value_len)?;
    (len <= SHORT_MAX).then_some(HEAD + 3 + 10 + len)
}

/// Writes a short pair as a field with that key byte, and says how many bytes it has; `None`, and nothing of
/// use in the room, if the pair is not short.
#[inline(always)]
pub(super) fn put_short(room: &mut [u8; ROOM], field_key: u8, key: &str, value: TagRef<'_>) -> Option<usize> {
    short_len_max(key, value)?;
    let at = HEAD + key.len();
    let len = match value {
        TagRef::Str(text) => {
            let len = short(text.len());
            *room.get_mut(at..at + 4)?.first_chunk_mut()? = [0x12, len + 2, 0x0a, len];
            copy_bytes(room.get_mut(at + 4..at + 4 + text.len())?, text.as_bytes())?;
            at + 4 + text.len()
        }
        TagRef::Bool(truth) => {
            *room.get_mut(at..at + 4)?.first_chunk_mut()? = [0x12, 2, 0x10, u8::from(truth)];
            at + 4
        }
        TagRef::I64(number) => at + put_integer(room.get_mut(at..)?.first_chunk_mut()?, bits(number)),
        TagRef::U64(number) if i64::try_from(number).is_ok() => {
            at + put_integer(room.get_mut(at..)?.first_chunk_mut()?, number)
        }
        TagRef::F64(number) => {
            *room.get_mut(at..at + 3)?.first_chunk_mut()? = [0x12, 9, 0x21];
            *room.get_mut(at + 3..at + 11)?.first_chunk_mut()? = number.to_le_bytes();
            at + 11
        }
        _ => return None,
    };
    *room.first_chunk_mut()? = [field_key, short(len - 2), 0x0a, short(key.len())];
    room.get_mut(HEAD..at)?.copy_from_slice(key.as_bytes());
    Some(len)
}

/// Writes the value of an integer pair, and says how many bytes it has.
#[inline(always)]
fn put_integer(room: &mut [u8; 13], number: u64) -> usize {
    if number < 0x80 {
        [room[0], room[1], room[2], room[3]] = [0x12, 2, 0x18, short_u64(number)];
        return 4;
    }
    put_long_integer(room, number)
}

#[inline]
fn put_long_integer(room: &mut [u8; 13], mut number: u64) -> usize {
    let mut len = 3;
    for byte in &mut room[3..] {
        *byte = short_u64(number) | 0x80;
        number >>= 7;
        len += 1;
        if number == 0 {
            *byte &= 0x7f;
            break;
        }
    }
    [room[0], room[1], room[2]] = [0x12, short(len) - 2, 0x18];
    len
}

/// A length that is known to be below 128.
#[inline]
const fn short(len: usize) -> u8 {
    len.to_le_bytes()[0]
}

#[inline]
const fn short_u64(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Appends a pair as a field with that key byte.
pub(crate) fn put_key_value(out: &mut Vec<u8>, field_key: u8, key: &str, value: TagRef<'_>) {
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
