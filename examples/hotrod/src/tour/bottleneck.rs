//! What most of the time goes to, by the traces alone.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::traces::{Analysed, Span};

/// The operation that makes up most of the critical paths.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bottleneck {
    pub(super) service: String,
    pub(super) operation: String,
    /// If it is a wait, what for.
    pub(super) waits_for: Option<String>,
    /// Of the time of all traces.
    pub(super) share: f64,
    /// Of a trace.
    pub(super) mean_us: f64,
    /// How many of them are on the path of a trace, one after the other.
    pub(super) spans_per_trace: f64,
    /// The trace that shows it best.
    pub(super) trace_id: String,
}

/// What the paths of all traces spend in one operation.
#[derive(Debug, Default)]
struct Part<'a> {
    own_us: u64,
    spans: usize,
    example: Option<&'a Span>,
    /// The most of one trace, and which.
    most: (u64, &'a str),
}

impl Bottleneck {
    /// That of some traces; `None` if they have no time.
    pub(super) fn of(traces: &[Analysed]) -> Option<Self> {
        let (parts, total_us) = parts(traces);
        let ((service, operation), part) = parts.into_iter().max_by_key(|(_, part)| part.own_us)?;
        if total_us == 0 {
            return None;
        }
        Some(Self {
            service: service.to_owned(),
            operation: operation.to_owned(),
            waits_for: part.example.and_then(|span| span.text("wait.for")).map(str::to_owned),
            share: part.own_us as f64 / total_us as f64,
            mean_us: part.own_us as f64 / traces.len() as f64,
            spans_per_trace: part.spans as f64 / traces.len() as f64,
            trace_id: part.most.1.to_owned(),
        })
    }
}

type Parts<'a> = BTreeMap<(&'a str, &'a str), Part<'a>>;

/// By service and operation; and the time of all.
fn parts(traces: &[Analysed]) -> (Parts<'_>, u64) {
    let (mut parts, mut total_us) = (Parts::new(), 0);
    for Analysed { trace, critical_path } in traces {
        let spans: HashMap<&str, &Span> =
            trace.spans.iter().map(|span| (span.span_id.as_str(), span)).collect();
        let mut of_trace: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for segment in critical_path {
            let Some(span) = spans.get(segment.span_id.as_str()).copied() else { continue };
            let key = (trace.service(span), span.operation_name.as_str());
            total_us += segment.duration_us;
            *of_trace.entry(key).or_default() += segment.duration_us;
            let part = parts.entry(key).or_default();
            part.spans += usize::from(seen.insert(&span.span_id));
            part.example = Some(span);
        }
        for (key, own_us) in of_trace {
            let part = parts.entry(key).or_default();
            part.own_us += own_us;
            part.most = part.most.max((own_us, &trace.trace_id));
        }
    }
    (parts, total_us)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A root of a hundred microseconds whose only child waits for some of them.
    fn trace(trace_id: &str, wait_us: u64) -> Analysed {
        let json = json!({
            "traceID": trace_id,
            "processes": {"p1": {"serviceName": "frontend"}, "p2": {"serviceName": "mysql"}},
            "spans": [
                {"spanID": "1", "operationName": "/dispatch", "processID": "p1"},
                {"spanID": "2", "operationName": "db.acquire", "processID": "p2",
                 "tags": [{"key": "wait.for", "type": "string", "value": "the connection"}]},
            ],
        });
        let path = json!([
            {"spanID": "1", "startTime": 0, "duration": 5},
            {"spanID": "2", "startTime": 5, "duration": wait_us},
            {"spanID": "1", "startTime": 5 + wait_us, "duration": 95 - wait_us},
        ]);
        let (trace, critical_path) =
            (serde_json::from_value(json).unwrap(), serde_json::from_value(path).unwrap());
        Analysed { trace, critical_path }
    }

    #[test]
    fn it_is_what_most_of_the_paths_are_made_of() {
        let found = Bottleneck::of(&[trace("a", 80), trace("b", 90)]).unwrap();
        assert_eq!((found.service.as_str(), found.operation.as_str()), ("mysql", "db.acquire"));
        assert_eq!(found.waits_for.as_deref(), Some("the connection"));
        assert_eq!((found.trace_id.as_str(), found.mean_us, found.spans_per_trace), ("b", 85.0, 1.0));
        assert!((found.share - 0.85).abs() < 1e-9);
        let found = Bottleneck::of(&[trace("a", 20), trace("b", 30)]).unwrap();
        assert_eq!((found.operation.as_str(), found.trace_id.as_str()), ("/dispatch", "a"));
        assert_eq!(Bottleneck::of(&[]), None);
    }
}
