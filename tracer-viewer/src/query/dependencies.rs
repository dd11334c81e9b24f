//! The graph of services, from the spans themselves: which calls which, and how often.

use std::collections::{BTreeMap, HashMap};

use super::json::Dependency;
use crate::store::Trace;

/// The calls between different services in traces that lie within a time range.
pub(crate) fn between(traces: &[Trace], start_unix_ns: u64, end_unix_ns: u64) -> Vec<Dependency> {
    let mut calls: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for trace in traces {
        let start = trace.spans.iter().map(|span| span.start_unix_ns).min().unwrap_or(0);
        let end = trace.spans.iter().map(|span| span.end_unix_ns).max().unwrap_or(0);
        if start >= start_unix_ns && end <= end_unix_ns {
            add_calls(trace, &mut calls);
        }
    }
    let named = calls.into_iter().map(|((parent, child), call_count)| Dependency {
        parent: parent.to_owned(),
        child: child.to_owned(),
        call_count,
    });
    named.collect()
}

fn add_calls<'a>(trace: &'a Trace, calls: &mut BTreeMap<(&'a str, &'a str), u64>) {
    let services: HashMap<_, &str> =
        trace.spans.iter().map(|span| (span.span_id, &**span.source.service())).collect();
    for span in trace.spans.iter().filter(|span| !span.is_root()) {
        let child = &**span.source.service();
        // A server span with its client's id is its child too.
        match services.get(&span.parent_span_id) {
            Some(parent) if *parent != child => *calls.entry((parent, child)).or_default() += 1,
            _ => {}
        }
    }
}
