//! A log of the common row: time, name, fields.
//!
//! ```text
//! Event = 09 ns  12 LEN name  (1a LEN KeyValue)*        Log = 16 µs  19 list of tags  00
//! ```

use super::pair::put_pair;
use super::window::{From, To};

/// Writes the event whose key stands there.
#[inline(always)]
pub(super) fn put_log(from: From<'_>, to: &mut To<'_>, at: usize) -> Option<()> {
    let (begin, end) = from.entry(at)?;
    let [0x09, a, b, c, d, e, f, g, h, 0x12, name_len @ 0..=0x7f] = *from.array(begin) else { return None };
    to.put_micros_field(0x16, u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    to.put(&[0x19]);
    let list = to.put_list_head();
    let mut count = usize::from(name_len > 0);
    if name_len > 0 {
        to.put(b"\x18\x05event\x15\0\x18");
        to.put(&[name_len]);
        to.copy(from, begin + 11, usize::from(name_len));
        to.put(&[0]);
    }
    let mut pair = begin + 11 + usize::from(name_len);
    while pair < end {
        let [0x1a, len @ 0..=0x7f] = *from.array(pair) else { return None };
        let (this, next) = (pair + 2, pair + 2 + usize::from(len));
        // Such a field takes the name's place.
        if next > end || from.key_is(this, *b"event") {
            return None;
        }
        put_pair(from, to, this, next)?;
        count += 1;
        pair = next;
    }
    to.put(&[0]);
    if pair == end { to.set_count(list, count) } else { None }
}
