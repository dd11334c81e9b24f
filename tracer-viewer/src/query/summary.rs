//! A trace in a few numbers: what a list of traces shows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::trace_id;
use crate::store::Trace;
use crate::store::span::StoredSpan;

/// One trace of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    pub(crate) root_service: String,
    pub(crate) root_operation: String,
    /// False if no span is without a parent: the first one stands for the root.
    pub(crate) has_root: bool,
    #[serde(rename = "startTime")]
    pub(crate) start_us: u64,
    #[serde(rename = "duration")]
    pub(crate) duration_us: u64,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    pub(crate) services: Vec<ServiceShare>,
}

/// How much of a trace is one service's.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceShare {
    pub(crate) name: String,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
}

/// The summary of a trace.
pub(crate) fn of(trace: &Trace) -> Summary {
    let spans = || trace.spans.iter();
    let root = spans().min_by_key(|span| (!span.is_root(), span.start_unix_ns));
    let start_ns = spans().map(|span| span.start_unix_ns).min().unwrap_or(0);
    let end_ns = spans().map(|span| span.end_unix_ns).max().unwrap_or(0);
    let mut services: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for span in spans() {
        let (count, errors) = services.entry(span.source.service()).or_default();
        *count += 1;
        *errors += usize::from(span.is_error());
    }
    let share = |(name, (spans, errors)): (&str, _)| ServiceShare { name: name.to_owned(), spans, errors };
    let text = |of: fn(&StoredSpan) -> &str| root.map_or_else(String::new, |root| of(root).to_owned());
    Summary {
        trace_id: trace_id::text(trace.id),
        root_service: text(|root| root.source.service()),
        root_operation: text(|root| &root.name),
        has_root: root.is_some_and(|root| root.is_root()),
        start_us: start_ns / 1_000,
        duration_us: end_ns.saturating_sub(start_ns) / 1_000,
        spans: trace.spans.len(),
        errors: spans().filter(|span| span.is_error()).count(),
        services: services.into_iter().map(share).collect(),
    }
}
