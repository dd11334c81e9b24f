//! A log of the common row: time, name, fields.
//!
//! ```text
//! Event = 09 ns  12 LEN name  (1a LEN KeyValue)*        Log = time, list of tags
//! ```

use super::pair::{FIELD, put_any_pair, put_short_pairs};
use super::window::{Row, To, chunk};
use crate::encode::thrift::protocol::{Out, Protocol, TagType, Type, put_tag_type};

/// Where the name stands in an event.
const NAME: usize = 11;

/// Writes the event whose content stands between two positions.
#[inline(always)]
pub(super) fn put_log<P: Protocol>(
    row: Row<'_>,
    to: &mut To<'_>,
    (begin, end): (usize, usize),
) -> Option<()> {
    let head: &[u8; 16] = row.window(begin);
    let [0x12, name_len @ 0..=0x7f] = *chunk(head, NAME - 2) else { return None };
    if head[0] != 0x09 {
        return None;
    }
    to.room()?;
    P::field(to, 0, 1, Type::I64);
    P::time_us(to, u64::from_le_bytes(*chunk(head, 1)) / 1000);
    P::field(to, 1, 2, Type::List);
    let list = to.open_list::<P>();
    let name_len = usize::from(name_len);
    let mut count = usize::from(name_len > 0);
    if name_len > 0 {
        P::field(to, 0, 1, Type::Binary);
        P::len(to, 5);
        to.put(*b"event");
        put_tag_type::<P>(to, TagType::String);
        P::len(to, name_len);
        to.put_text(row.window(begin + NAME), name_len);
        P::stop(to);
    }
    let mut pair = begin + NAME + name_len;
    let fields = Row { end, ..row };
    while pair < end {
        let (place, at) = to.rest_mut();
        let run = put_short_pairs::<P, FIELD>(fields, place, at, pair);
        to.go_to(run.to_at);
        (pair, count) = (run.at, count + run.pairs);
        if pair >= end {
            break;
        }
        // Such a field takes the name's place.
        if row.byte(pair) != FIELD || row.key_is(pair + 2, *b"event") {
            return None;
        }
        pair = put_any_pair::<P>(row, to, pair)?;
        count += 1;
    }
    to.room()?;
    P::stop(to);
    if pair == end { to.set_count::<P>(list, count) } else { None }
}
