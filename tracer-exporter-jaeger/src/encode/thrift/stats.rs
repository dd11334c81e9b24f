//! The end of a `Batch`: which it is, and what its sender has lost, as Jaeger's own clients tell it.
//!
//! ```text
//! Batch       = …  3 seqNo i64  4 stats ClientStats
//! ClientStats = 1 fullQueueDroppedSpans i64  2 tooLargeDroppedSpans i64  3 failedToEmitSpans i64
//! ```
//!
//! All four count from the start of the process, so a packet that gets lost takes no count along.

use tracer_core::Losses;

use super::protocol::{Protocol, Type};

/// What a sender has lost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientStats {
    /// Dropped before they came to the exporter, for whatever reason.
    full_queue: u64,
    too_large: u64,
    failed: u64,
}

impl ClientStats {
    /// `too_large` of the spans that failed could not be sent for their size.
    pub(super) fn new(losses: &Losses, too_large: u64) -> Self {
        let all: u64 = losses.by_reason().iter().map(|(_, count)| count).sum();
        let full_queue = all.saturating_sub(losses.failed);
        Self { full_queue, too_large, failed: losses.failed.saturating_sub(too_large) }
    }
}

/// Appends both fields to a `Batch` whose last field is the list of spans.
pub(super) fn put<P: Protocol>(out: &mut Vec<u8>, number: u64, stats: ClientStats) {
    P::field(out, 2, 3, Type::I64);
    P::i64(out, signed(number));
    P::field(out, 3, 4, Type::Struct);
    for (id, count) in [(1, stats.full_queue), (2, stats.too_large), (3, stats.failed)] {
        P::field(out, id - 1, id, Type::I64);
        P::i64(out, signed(count));
    }
    P::stop(out);
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
