//! What stands before the entries of the common row: ids, times, name.
//!
//! ```text
//!  0       2         18     20       28   29     37   38    46     48     50      54       56        64 (54 in a root)
//!  0a 10   trace id  12 08  span id  39   start  41   end   30 kind 85 01 flags   22 08    parent    2a LEN name
//! ```

use super::window::{Row, To, chunk};
use crate::encode::thrift::protocol::{Block, Protocol, Type};
use crate::encode::thrift::transcode::{duration_us, halves};

const TRACE_ID: usize = 2;
const SPAN_ID: usize = 20;
const START: usize = 29;
const END: usize = 38;
const KIND: usize = 47;
const FLAGS: usize = 50;
const PARENT: usize = 56;
const ROOT_BYTES: usize = 54;
const CHILD_BYTES: usize = 64;

/// Trace and parent of the span before, which are often those of the next one, as they were written.
#[derive(Debug)]
pub(in crate::encode::thrift) struct LastIds {
    trace_id: [u8; 16],
    trace: [Block; 2],
    parent_id: [u8; 8],
    parent: Block,
}

impl LastIds {
    /// Those of a root of some trace.
    pub(in crate::encode::thrift) fn new<P: Protocol>() -> Self {
        let [zero, one] = [P::id([0; 8]), P::id([1; 8])];
        Self { trace_id: [1; 16], trace: [one; 2], parent_id: [0; 8], parent: zero }
    }

    /// The two halves of a trace id, the low one first. `None` if it is no id.
    #[inline(always)]
    fn trace<P: Protocol>(&mut self, id: [u8; 16]) -> Option<[Block; 2]> {
        if !P::IDS_ARE_DEAR || id != self.trace_id {
            if id == [0; 16] {
                return None;
            }
            let [high, low] = halves(&id);
            (self.trace_id, self.trace) = (id, [P::id(low), P::id(high)]);
        }
        Some(self.trace)
    }

    #[inline(always)]
    fn parent<P: Protocol>(&mut self, id: [u8; 8]) -> Block {
        if !P::IDS_ARE_DEAR || id != self.parent_id {
            (self.parent_id, self.parent) = (id, P::id(id));
        }
        self.parent
    }
}

/// Writes the fields 1 to 9; answers the kind, and where the entries begin.
#[inline(always)]
pub(super) fn put_head<P: Protocol>(
    row: Row<'_>,
    to: &mut To<'_>,
    last: &mut LastIds,
) -> Option<(u8, usize)> {
    let head: &[u8; 128] = row.window(0);
    let (trace_id, span_id) = (*chunk(head, TRACE_ID), *chunk(head, SPAN_ID));
    if !is_head(head) || span_id == [0; 8] {
        return None;
    }
    let has_parent = *chunk(head, ROOT_BYTES) == [0x22, 8];
    let parent = if has_parent { *chunk(head, PARENT) } else { [0; 8] };
    let name_at = if has_parent { CHILD_BYTES } else { ROOT_BYTES };
    let [0x2a, name_len @ 0..=0x7f] = *chunk(head, name_at) else { return None };
    let name_len = usize::from(name_len);
    let (start_ns, end_ns) = (u64::from_le_bytes(*chunk(head, START)), u64::from_le_bytes(*chunk(head, END)));
    let [low, high] = last.trace::<P>(trace_id)?;
    put_id::<P>(to, 1, low);
    put_id::<P>(to, 2, high);
    put_id::<P>(to, 3, P::id(span_id));
    put_id::<P>(to, 4, last.parent::<P>(parent));
    P::field(to, 4, 5, Type::Binary);
    P::len(to, name_len);
    to.put_text(row.window(name_at + 2), name_len);
    P::field(to, 5, 7, Type::I32);
    P::i32(to, u32::from(head[FLAGS] & 1));
    P::field(to, 7, 8, Type::I64);
    P::time_us(to, start_ns / 1000);
    P::field(to, 8, 9, Type::I64);
    P::i64(to, duration_us(start_ns, end_ns));
    Some((head[KIND], name_at + 2 + name_len))
}

/// Whether all keys and lengths up to the flags are there.
#[inline(always)]
fn is_head(head: &[u8; 128]) -> bool {
    let kind_and_flags = u32::from_le_bytes(*chunk(head, KIND - 1));
    *chunk(head, TRACE_ID - 2) == [0x0a, 16]
        && *chunk(head, SPAN_ID - 2) == [0x12, 8]
        && head[START - 1] == 0x39
        && head[END - 1] == 0x41
        && kind_and_flags & 0xffff_80ff == 0x0185_0030
}

/// Writes an id as a field.
#[inline(always)]
fn put_id<P: Protocol>(to: &mut To<'_>, field: u8, id: Block) {
    P::field(to, field - 1, field, Type::I64);
    id.put(to);
}
