//! A tag of the common row.
//!
//! ```text
//! KeyValue = 0a LEN key  12 LEN AnyValue      AnyValue = 0a LEN text | 10 truth | 18 varint | 21 double
//! Tag      = 18 LEN key  15 type  (18 LEN text | 31 or 32 | 46 varint | 27 double)  00
//! ```

use super::Room;
use crate::encode::thrift::compact::Varint;

/// A `KeyValue` that `content` begins with. Where key and text have at most 32 bytes, and so many can be
/// read, all is written within one window, whose bounds are checked once.
#[inline(always)]
pub(super) fn put_pair(room: &mut Room<'_>, pair: &[u8], content: &[u8]) -> Option<()> {
    let [0x0a, key_len, key @ ..] = content else { return None };
    let (Some(key), 0..=32) = (key.first_chunk::<32>(), *key_len) else {
        return put_long_pair(room, pair, content);
    };
    let value_at = 2 + usize::from(*key_len);
    let value = pair.get(value_at..)?;
    let window = room.window::<128>()?;
    (window[0], window[1]) = (0x18, *key_len);
    window[2..34].copy_from_slice(key);
    let at = value_at & 63;
    let end = match value {
        [0x12, _, 0x0a, len @ 0..=32, text @ ..] if usize::from(*len) == text.len() => {
            let Some(text) = content.get(value_at + 4..).and_then(<[u8]>::first_chunk::<32>) else {
                return put_long_pair(room, pair, content);
            };
            window[at..at + 4].copy_from_slice(&[0x15, 0, 0x18, *len]);
            window[at + 4..at + 36].copy_from_slice(text);
            let end = at + 4 + usize::from(*len);
            window[end] = 0;
            end + 1
        }
        [0x12, 2, 0x10, truth @ (0 | 1)] => {
            window[at..at + 4].copy_from_slice(&[0x15, 4, 0x32 - truth, 0]);
            at + 4
        }
        [0x12, _, 0x18, varint @ ..] => {
            let Varint { groups, last, len } = Varint::zigzag(whole_varint(varint)?);
            window[at..at + 3].copy_from_slice(&[0x15, 6, 0x46]);
            window[at + 3..at + 11].copy_from_slice(&groups);
            window[at + 11..at + 13].copy_from_slice(&last);
            let end = at + 3 + (len & 15);
            window[end] = 0;
            end + 1
        }
        _ => return put_long_pair(room, pair, content),
    };
    room.skip(end)
}

/// As [`put_pair`], for keys and texts of up to 127 bytes, and for floats.
fn put_long_pair(room: &mut Room<'_>, pair: &[u8], content: &[u8]) -> Option<()> {
    let [0x0a, key_len @ 0..=0x7f, key @ ..] = content else { return None };
    let value = pair.get(2 + usize::from(*key_len)..)?;
    room.put([0x18, *key_len])?;
    room.put_start(key, usize::from(*key_len))?;
    match value {
        [0x12, len @ 0..=0x7f, 0x0a, text_len, text @ ..]
            if usize::from(*len) == text.len() + 2 && usize::from(*text_len) == text.len() =>
        {
            let from = content.get(pair.len() - text.len()..)?;
            room.put([0x15, 0, 0x18, *text_len])?;
            room.put_start(from, text.len())?;
            room.put([0])
        }
        [0x12, 2, 0x10, truth @ (0 | 1)] => room.put([0x15, 4, 0x32 - truth, 0]),
        [0x12, len @ 2..=11, 0x18, varint @ ..] if usize::from(*len) == varint.len() + 1 => {
            room.put([0x15, 6])?;
            room.put_i64_field(0x46, whole_varint(varint)?)?;
            room.put([0])
        }
        [0x12, 9, 0x21, a, b, c, d, e, f, g, h] => {
            room.put([0x15, 2, 0x27, *a, *b, *c, *d, *e, *f, *g, *h, 0])
        }
        _ => None,
    }
}

/// A varint that is all there is; at most nine bytes, as no positive number has more.
#[inline(always)]
fn whole_varint(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [number @ 0..=0x7f] => return Some(i64::from(*number)),
        [low @ 0x80..=0xff, high @ 0..=0x7f] => return Some(i64::from(low & 0x7f) | i64::from(*high) << 7),
        _ => {}
    }
    let (last, more) = bytes.split_last()?;
    if more.len() > 8 || *last >= 0x80 || more.iter().any(|byte| *byte < 0x80) {
        return None;
    }
    Some(bytes.iter().rev().fold(0, |value, byte| value << 7 | i64::from(byte & 0x7f)))
}
