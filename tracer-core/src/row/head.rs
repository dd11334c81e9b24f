//! The fixed part of a row, written on the stack.
//!
//! ```text
//!  0        4    5    8          26        36       45     54    56     62           72
//!  ┌────────┬────┬────┬──────────┬─────────┬────────┬──────┬─────┬──────┬────────────┬──────────┐
//!  │ source │ 12 │LEN │ trace_id │ span_id │ start  │ end  │kind │flags │ (parent)   │ 2a LEN   │ name …
//!  └────────┴────┴────┴──────────┴─────────┴────────┴──────┴─────┴──────┴────────────┴──────────┘
//!      the first three are moved right, against trace_id, where LEN takes less than three bytes
//! ```
//!
//! All offsets up to the parent are constants, so that the compiler knows every store to be in bounds.

use super::ROW_TAG;
use super::wire::{bytes_field_len, varint_len};
use crate::context::SpanContext;

/// Where the OTLP `Span` message begins.
const SPAN: usize = 8;
const PARENT: usize = 62;
const WITHOUT_NAME: usize = 72;
/// The name's key and a length of up to three bytes.
const MAX: usize = WITHOUT_NAME + 4;
/// Lengths below this fit three bytes of varint.
const LEN_MAX: usize = 1 << 21;

/// What a head is made of.
#[derive(Debug)]
pub(crate) struct Fixed<'a> {
    pub(crate) source: u32,
    pub(crate) context: &'a SpanContext,
    pub(crate) start_unix_ns: u64,
    pub(crate) end_unix_ns: u64,
    pub(crate) kind: u8,
    pub(crate) flags: u32,
}

/// An encoded head.
#[derive(Debug)]
pub(crate) struct Head {
    bytes: [u8; MAX],
    start: usize,
    end: usize,
}

impl Head {
    /// The head of a row whose name, and whatever follows the name, have these lengths.
    #[inline]
    pub(crate) fn new(fixed: &Fixed<'_>, name_len: usize, rest_len: usize) -> Self {
        debug_assert!(name_len + rest_len < LEN_MAX - MAX);
        let mut bytes = [0; MAX];
        bytes[8..10].copy_from_slice(&[0x0a, 16]);
        bytes[10..26].copy_from_slice(&fixed.context.trace_id().to_bytes());
        bytes[26..28].copy_from_slice(&[0x12, 8]);
        bytes[28..36].copy_from_slice(&fixed.context.span_id().to_bytes());
        bytes[36] = 0x39;
        bytes[37..45].copy_from_slice(&fixed.start_unix_ns.to_le_bytes());
        bytes[45] = 0x41;
        bytes[46..54].copy_from_slice(&fixed.end_unix_ns.to_le_bytes());
        bytes[54..58].copy_from_slice(&[0x30, fixed.kind, 0x85, 0x01]);
        bytes[58..62].copy_from_slice(&fixed.flags.to_le_bytes());
        let parent = fixed.context.parent_id();
        let mut end = PARENT;
        if parent.is_valid() {
            bytes[62..64].copy_from_slice(&[0x22, 8]);
            bytes[64..72].copy_from_slice(&parent.to_bytes());
            end = WITHOUT_NAME;
        }
        let span_len = end - SPAN + bytes_field_len(name_len) + rest_len;
        bytes[end] = 0x2a;
        end = put_len(&mut bytes, end + 1, name_len);
        let start = SPAN - varint_len(span_len as u64) - 5;
        bytes[start..start + 4].copy_from_slice(&fixed.source.to_le_bytes());
        bytes[start + 4] = ROW_TAG;
        put_len(&mut bytes, start + 5, span_len);
        Self { bytes, start, end }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

/// Writes a varint of at most three bytes, and says where it ends.
#[inline]
fn put_len(bytes: &mut [u8; MAX], mut at: usize, mut len: usize) -> usize {
    while len >= 0x80 {
        bytes[at] = len.to_le_bytes()[0] | 0x80;
        len >>= 7;
        at += 1;
    }
    bytes[at] = len.to_le_bytes()[0];
    at + 1
}
