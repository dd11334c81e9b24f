//! What is odd about spans, said and not repaired: their clock, their parent, their id.
//!
//! Clocks are compared where a child ran on another host than its parent, or nobody says where:
//! such a child should lie within its parent, half of the rest of the time before it and half
//! behind. One that lasts longer than its parent may end later, but should not start earlier.
//! What is below on the same host goes by the same clock.

use std::collections::HashMap;

use tracer_core::row::record::Value;

use super::forest::{Forest, Node};
use crate::store::span::StoredSpan;
use crate::store::{Source, Trace};

/// Attributes of a resource that name its host, the first that is there counts.
const HOST_KEYS: [&str; 4] = ["host.id", "host.ip", "ip", "host.name"];

/// Warnings by span.
#[derive(Debug, Default)]
pub(crate) struct Warnings(HashMap<*const StoredSpan, Vec<String>>);

/// How far a clock is off, and whose clock that is.
#[derive(Clone, Debug, Default)]
struct Skew {
    host: Option<String>,
    /// What would have to be added.
    delta_ns: i128,
}

impl Warnings {
    /// The warnings of a trace.
    pub(crate) fn of(trace: &Trace) -> Self {
        let forest = Forest::of(trace);
        let mut warnings = Self::default();
        let mut hosts: HashMap<*const Source, Option<String>> = HashMap::new();
        let mut skews: Vec<Skew> = Vec::with_capacity(forest.nodes().len());
        let mut ids = HashMap::new();
        for node in forest.nodes() {
            let source = &node.span.source;
            let host = hosts.entry(std::ptr::from_ref(&**source)).or_insert_with(|| host(source)).clone();
            let above = node.parent.and_then(|parent| skews.get(parent));
            let skew = match (forest.parent_of(node), above) {
                (Some(parent), Some(above)) if host.is_none() || host != above.host => {
                    Skew { host, delta_ns: delta_ns(node, parent) }
                }
                (Some(_), Some(above)) => above.clone(),
                _ => Skew { host, delta_ns: 0 },
            };
            if skew.delta_ns != 0 {
                warnings.add(
                    node,
                    format!("clock skew of {} is likely; times are not adjusted", shown(skew.delta_ns)),
                );
            }
            skews.push(skew);
            if node.parent.is_none() && node.span.parent_span_id.is_valid() {
                let parent = node.span.parent_span_id;
                warnings.add(node, format!("parent span {parent} is not in the trace, or below this one"));
            }
            if ids.insert(node.span_id, ()).is_some() {
                warnings.add(node, "another span has the same id".to_owned());
            }
        }
        warnings
    }

    /// Those of a span of the trace.
    pub(crate) fn take(&mut self, span: &StoredSpan) -> Vec<String> {
        self.0.remove(&std::ptr::from_ref(span)).unwrap_or_default()
    }

    fn add(&mut self, node: &Node<'_>, warning: String) {
        self.0.entry(std::ptr::from_ref(node.span)).or_default().push(warning);
    }
}

fn delta_ns(child: &Node<'_>, parent: &Node<'_>) -> i128 {
    let (child_time, parent_time) = (child.interval(), parent.interval());
    let early_ns = i128::from(parent_time.start_ns) - i128::from(child_time.start_ns);
    let starts_early = early_ns > 0;
    if child_time.len_ns() > parent_time.len_ns() || !child.is_awaited {
        return if starts_early { early_ns } else { 0 };
    }
    if !starts_early && child_time.end_ns <= parent_time.end_ns {
        return 0;
    }
    early_ns + i128::from((parent_time.len_ns() - child_time.len_ns()) / 2)
}

fn host(source: &Source) -> Option<String> {
    let tags = source.process_tags();
    let named = |key: &&str| tags.iter().find(|(found, _)| found == key).map(|(_, value)| value);
    let text = match HOST_KEYS.iter().find_map(named)? {
        Value::Array(items) => items.first()?.clone(),
        other => other.clone(),
    };
    match text {
        Value::Str(text) if !text.is_empty() => Some(text),
        Value::I64(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shown(ns: i128) -> String {
    let size = std::time::Duration::from_nanos(u64::try_from(ns.unsigned_abs()).unwrap_or(u64::MAX));
    format!("{}{size:?}", if ns < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    fn warnings(spans: Spans) -> Vec<(u64, String)> {
        let trace = spans.trace();
        let mut warnings = Warnings::of(&trace);
        let mut of =
            |span: &StoredSpan| warnings.take(span).into_iter().map(|warning| (id(span), warning)).collect();
        trace.spans.iter().flat_map(|span| -> Vec<_> { of(span) }).collect()
    }

    fn id(span: &StoredSpan) -> u64 {
        u64::from_be_bytes(span.span_id.to_bytes())
    }

    #[test]
    fn a_clock_that_is_off_is_said() {
        let root = || Spans::new("a").span(1, 0, (1_000, 2_000)).service("b");
        let of = |times| {
            warnings(root().span(2, 1, times)).into_iter().map(|(_, warning)| warning).collect::<String>()
        };
        let said = |delta: &str| format!("clock skew of {delta} is likely; times are not adjusted");
        assert_eq!(of((1_200, 1_400)), "", "inside");
        assert_eq!(of((900, 1_100)), said("500µs"));
        assert_eq!(of((3_000, 3_100)), said("-1.55ms"));
        assert_eq!(of((900, 2_500)), said("100µs"), "longer, and early");
        assert_eq!(of((1_100, 2_500)), "", "longer, perhaps on purpose");
        let follows = root().span(2, 1, (3_000, 3_100)).follows();
        assert_eq!(warnings(follows), [], "it may come later");
    }

    #[test]
    fn broken_parents_and_ids_are_said() {
        let spans = Spans::new("s")
            .span(1, 0, (0, 9))
            .span(2, 99, (1, 2))
            .span(1, 0, (3, 4))
            .span(5, 6, (1, 2))
            .span(6, 5, (1, 2));
        let ids: Vec<_> =
            warnings(spans).into_iter().map(|(id, warning)| format!("{id} {warning}")).collect();
        let expected = [
            "2 parent span 0000000000000063 is not in the trace, or below this one",
            "1 another span has the same id",
            "5 parent span 0000000000000006 is not in the trace, or below this one",
        ];
        assert_eq!(ids, expected);
    }
}
