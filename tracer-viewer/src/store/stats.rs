//! The accounts of a store.

use serde::Serialize;

/// What a viewer was given and what became of it.
///
/// At any moment `received = rejected + over_limit + duplicates + spans + spans_evicted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Stats {
    /// Spans that came, from this process and from others.
    pub received: u64,
    /// Spans that were not well-formed or had no valid ids.
    pub rejected: u64,
    /// Spans beyond what one trace may hold.
    pub over_limit: u64,
    /// Spans that came a second time, word for word.
    pub duplicates: u64,
    /// Spans that are kept now.
    pub spans: u64,
    /// Spans that left with their traces.
    pub spans_evicted: u64,
    /// Traces that are kept now.
    pub traces: u64,
    /// Traces that had to leave for newer ones.
    pub traces_evicted: u64,
    /// What the kept spans take, in bytes.
    pub bytes: u64,
    /// The bound of `traces`.
    pub traces_max: u64,
    /// The bound of `bytes`.
    pub bytes_max: u64,
    /// Requests that brought nothing readable.
    pub malformed_requests: u64,
}
