//! A tag of the common row.
//!
//! ```text
//! pair     = KEY LEN KeyValue                KEY      = 4a in a span, 1a in a log
//! KeyValue = 0a LEN key  12 LEN AnyValue     AnyValue = 0a LEN text | 10 truth | 18 varint | 21 double
//! Tag      = key, type, value, stop
//! ```
//!
//! Four bytes with a length in them are compared at once:
//!
//! ```text
//!         KEY LEN 0a LEN   as a number  LEN 0a LEN KEY
//!                          mask          e0 ff  80  00    a key of at most 31 bytes, all else of at most 127
//!                          is            00 0a  00  00
//! ```

use tracer_core::row::wire::{Field, Fields};

use super::window::{Row, TO_BYTES, To, chunk};
use crate::encode::thrift::protocol::{Out, Protocol, TagType, Type, put_bool_tag, put_f64_tag, put_i64_tag};
use crate::encode::thrift::protocol::{put_str_tag, put_tag_type};

/// A short pair, and what is copied too much of it.
const PAIR_BYTES: usize = 128;
/// What is copied of a key or a text.
const COPY: usize = 32;
/// The longest key or text that is short.
const SHORT_MAX: u8 = 31;

/// Writes the pair at a position, and answers where it ends.
#[inline(always)]
pub(super) fn put_pair<P: Protocol>(row: Row<'_>, to: &mut To<'_>, at: usize) -> Option<usize> {
    let pair: &[u8; PAIR_BYTES] = row.window(at);
    let head: [u8; 4] = *chunk(pair, 0);
    if u32::from_le_bytes(head) & 0xe0ff_8000 != 0x000a_0000 {
        return put_any_pair::<P>(row, to, at);
    }
    let [_, len, _, key_len] = head.map(usize::from);
    let key_len = key_len & usize::from(SHORT_MAX);
    let value: [u8; 4] = *chunk(pair, 4 + key_len);
    let [_, value_len, kind, text_len] = value.map(usize::from);
    if len != key_len + value_len + 4 {
        return put_any_pair::<P>(row, to, at);
    }
    to.room()?;
    if u32::from_le_bytes(value) & 0xe0ff_80ff == 0x000a_0012 && value_len == text_len + 2 {
        put_key::<P>(pair, to, key_len);
        let text_len = text_len & usize::from(SHORT_MAX);
        put_tag_type::<P>(to, TagType::String);
        P::len(to, text_len);
        to.put_first(chunk::<COPY>(pair, 8 + key_len), text_len);
    } else if u32::from_le_bytes(value) & 0x00ff_00ff == 0x0018_0012 && (2..=4).contains(&value_len) {
        let [a, b, c] = *chunk(pair, 7 + key_len);
        let number = read_varint(u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]), value_len - 1)?;
        put_key::<P>(pair, to, key_len);
        put_tag_type::<P>(to, TagType::Long);
        P::small_i64(to, u32::try_from(number).unwrap_or(0));
    } else {
        return put_any_pair::<P>(row, to, at);
    }
    P::stop(to);
    Some(at + 2 + len)
}

#[inline(always)]
fn put_key<P: Protocol>(pair: &[u8; PAIR_BYTES], to: &mut To<'_>, key_len: usize) {
    P::field(to, 0, 1, Type::Binary);
    P::len(to, key_len);
    to.put_first(chunk::<COPY>(pair, 4), key_len);
}

/// As [`put_pair`], for what is rarer; it leaves the caller's own values in registers.
#[inline(always)]
fn put_any_pair<P: Protocol>(row: Row<'_>, to: &mut To<'_>, at: usize) -> Option<usize> {
    let (begin, end) = row.entry(at)?;
    let (place, to_at) = to.rest_mut();
    let to_end = put_rare_pair::<P>(row.slice(begin, end)?, place, to_at)?;
    to.go_to(to_end);
    Some(end)
}

/// Writes a pair with keys and texts of up to 127 bytes; answers where the tag ends.
#[inline(never)]
fn put_rare_pair<P: Protocol>(pair: &[u8], place: &mut [u8; TO_BYTES], to_at: usize) -> Option<usize> {
    let to = &mut To::at(place, to_at);
    let [0x0a, key_len @ 0..=0x7f, rest @ ..] = pair else { return None };
    let (key, value) = rest.split_at_checked(usize::from(*key_len))?;
    let [0x12, len @ 0..=0x7f, value @ ..] = value else { return None };
    if usize::from(*len) != value.len() {
        return None;
    }
    match value {
        [0x0a, len @ 0..=0x7f, text @ ..] if usize::from(*len) == text.len() => {
            put_str_tag::<P>(to, key, text);
        }
        [0x10, truth @ (0 | 1)] => put_bool_tag::<P>(to, key, *truth == 1),
        [0x21, float @ ..] if float.len() == 8 => {
            put_f64_tag::<P>(to, key, f64::from_le_bytes(*float.first_chunk()?));
        }
        [0x18, ..] => {
            let mut fields = Fields::new(value);
            let Some(Ok((3, Field::Varint(bits)))) = fields.next() else { return None };
            if !fields.rest().is_empty() {
                return None;
            }
            put_i64_tag::<P>(to, key, bits.cast_signed());
        }
        _ => return None,
    }
    to.len()
}

/// The number in the first `len` bytes, from 1 to 8, which are one varint.
#[inline(always)]
fn read_varint(bytes: u64, len: usize) -> Option<u64> {
    const MORE: u64 = 0x8080_8080_8080_8080;
    let mask = u64::MAX >> (64 - 8 * len.clamp(1, 8));
    let bits = bytes & mask;
    // "More" is said by all bytes but the last.
    if bits & MORE != MORE & mask >> 8 {
        return None;
    }
    let bits = (bits & 0x007f_007f_007f_007f) | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
    let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x3fff_0000_3fff_0000) >> 2;
    Some((bits & 0x0fff_ffff) | (bits & 0x0fff_ffff_0000_0000) >> 4)
}
