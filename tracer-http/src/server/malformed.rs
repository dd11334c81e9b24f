//! How often which header could not be used.

use std::sync::atomic::{AtomicU64, Ordering};

use tracer_propagation::ExtractError;

/// How often which tracing header could not be used: of each request one error for each format. What is
/// wrong with one request's headers says [`Codec::extract`](tracer_propagation::Codec::extract).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MalformedHeaders {
    /// `traceparent`: the trace began here.
    pub traceparent: u64,
    /// `tracestate`: the trace went on without its list.
    pub tracestate: u64,
    /// `baggage`: what was well-formed of it was kept.
    pub baggage: u64,
    /// `b3`.
    pub b3_single: u64,
    /// `x-b3-*`.
    pub b3_multi: u64,
    /// `uber-trace-id`, `uberctx-*`, `jaeger-baggage` and `jaeger-debug-id`.
    pub jaeger: u64,
    /// `grpc-trace-bin`.
    pub grpc_trace_bin: u64,
    /// The headers of codecs that are not of the family.
    pub other: u64,
}

impl MalformedHeaders {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.traceparent
            + self.tracestate
            + self.baggage
            + self.b3_single
            + self.b3_multi
            + self.jaeger
            + self.grpc_trace_bin
            + self.other
    }
}

/// Counts while requests come in.
#[derive(Debug, Default)]
pub(super) struct Counters {
    traceparent: AtomicU64,
    tracestate: AtomicU64,
    baggage: AtomicU64,
    b3_single: AtomicU64,
    b3_multi: AtomicU64,
    jaeger: AtomicU64,
    grpc_trace_bin: AtomicU64,
    other: AtomicU64,
}

impl Counters {
    #[cold]
    pub(super) fn add(&self, error: ExtractError) {
        let counter = match error {
            ExtractError::Traceparent(_) => &self.traceparent,
            ExtractError::Tracestate(_) => &self.tracestate,
            ExtractError::Baggage(_) => &self.baggage,
            ExtractError::B3Single(_) => &self.b3_single,
            ExtractError::B3Multi(_) => &self.b3_multi,
            ExtractError::Jaeger(_) => &self.jaeger,
            ExtractError::GrpcTraceBin(_) => &self.grpc_trace_bin,
            _ => &self.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> MalformedHeaders {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MalformedHeaders {
            traceparent: count(&self.traceparent),
            tracestate: count(&self.tracestate),
            baggage: count(&self.baggage),
            b3_single: count(&self.b3_single),
            b3_multi: count(&self.b3_multi),
            jaeger: count(&self.jaeger),
            grpc_trace_bin: count(&self.grpc_trace_bin),
            other: count(&self.other),
        }
    }
}
