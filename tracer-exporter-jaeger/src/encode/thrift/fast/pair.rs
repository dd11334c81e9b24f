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
//!          12 LEN 0a LEN                  n  0a n+2 12    a text of n bytes
//! ```

use tracer_core::row::wire::{Field, Fields};

use super::window::{Row, TO_BYTES, To, chunk};
use crate::encode::thrift::protocol::{Out, Protocol, TagType, Type, put_bool_tag, put_f64_tag, put_i64_tag};
use crate::encode::thrift::protocol::{put_str_tag, put_tag_type};

/// The key byte of a log's field.
pub(super) const FIELD: u8 = 0x1a;
/// A short pair, and what is copied too much of it.
const PAIR_BYTES: usize = 128;
/// What is copied of a key or a text.
const COPY: usize = 32;
/// The longest key or text that is short.
const SHORT_MAX: u32 = 31;

/// The head of a text, but for its length `n`.
const SHORT_TEXT: u32 = 0x000a_0212;
/// The head of a number of one byte, and that of two, whose first byte says "more".
const NUMBER_OF_1: u32 = 0x0018_0212;
const NUMBER_OF_2: u32 = 0x8018_0312;

/// Pairs that were written.
pub(super) struct Run {
    pub(super) pairs: usize,
    /// Where the next entry begins, and where it is to be written.
    pub(super) at: usize,
    pub(super) to_at: usize,
}

/// Writes the short pairs with that key byte that stand from a position on, one after the other. Given and answering
/// values, it has all of the processor's registers.
#[inline(never)]
pub(super) fn put_short_pairs<P: Protocol, const KEY: u8>(
    row: Row<'_>,
    place: &mut [u8; TO_BYTES],
    to_at: usize,
    mut at: usize,
) -> Run {
    let (mut to, mut pairs) = (To::at(place, to_at), 0);
    while at < row.end {
        let Some(len) = put_short_pair::<P, KEY>(row.window(at), &mut to) else { break };
        at += len;
        pairs += 1;
    }
    Run { pairs, at, to_at: to.len() }
}

/// Writes the pair that begins a window, if it is a short one; answers how long the pair is.
#[inline(always)]
fn put_short_pair<P: Protocol, const KEY: u8>(pair: &[u8; PAIR_BYTES], to: &mut To<'_>) -> Option<usize> {
    let head = u32::from_le_bytes(*chunk(pair, 0));
    if head & 0xe0ff_80ff != 0x000a_0000 | u32::from(KEY) {
        return None;
    }
    let (len, key_len) = ((head >> 8 & 0x7f) as usize, (head >> 24 & SHORT_MAX) as usize);
    if to.room().is_none() || is_event_field(pair, KEY, key_len) {
        return None;
    }
    let value = u32::from_le_bytes(*chunk(pair, 4 + key_len));
    // Each is compared as a whole, and then the length of the pair with those of key and value.
    let text_len = value >> 24 & SHORT_MAX;
    if value == SHORT_TEXT + text_len * 0x0100_0100 && len == key_len + text_len as usize + 6 {
        let text_len = text_len as usize;
        put_key::<P>(pair, to, key_len);
        put_tag_type::<P>(to, TagType::String);
        P::len(to, text_len);
        to.put_first(chunk::<COPY>(pair, 8 + key_len), text_len);
    } else if value & 0x80ff_ffff == NUMBER_OF_1 && len == key_len + 6 {
        put_key::<P>(pair, to, key_len);
        put_tag_type::<P>(to, TagType::Long);
        P::number_of_1(to, value >> 24);
    } else if value & 0x80ff_ffff == NUMBER_OF_2
        && len == key_len + 7
        && (1..=0x7f).contains(&pair[8 + key_len])
    {
        let bytes = u16::from_le_bytes(*chunk(pair, 7 + key_len));
        put_key::<P>(pair, to, key_len);
        put_tag_type::<P>(to, TagType::Long);
        P::number_of_2(to, u32::from(bytes & 0x7f7f));
    } else {
        return None;
    }
    P::stop(to);
    Some(2 + len)
}

/// Whether it is a log's field `event`, which takes the place of the log's name.
#[inline(always)]
fn is_event_field(pair: &[u8; PAIR_BYTES], key: u8, key_len: usize) -> bool {
    key == FIELD && key_len == 5 && *chunk(pair, 4) == *b"event"
}

#[inline(always)]
fn put_key<P: Protocol>(pair: &[u8; PAIR_BYTES], to: &mut To<'_>, key_len: usize) {
    P::field(to, 0, 1, Type::Binary);
    P::len(to, key_len);
    to.put_first(chunk::<COPY>(pair, 4), key_len);
}

/// Writes the pair at a position, any that a common row has; answers where it ends. It leaves the caller's own values
/// in registers.
#[inline(always)]
pub(super) fn put_any_pair<P: Protocol>(row: Row<'_>, to: &mut To<'_>, at: usize) -> Option<usize> {
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
            put_i64_tag::<P>(to, key, i64::from_le_bytes(bits.to_le_bytes()));
        }
        _ => return None,
    }
    to.room()?;
    Some(to.len())
}
