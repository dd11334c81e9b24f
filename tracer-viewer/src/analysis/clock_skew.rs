//! How far clocks are off, and a trace with that taken away, for who asks for it.
//!
//! Clocks are compared where a child ran on another host than its parent, or nobody says where:
//! such a child should lie within its parent, half of the rest of the time before it and half
//! behind. One that lasts longer than its parent may end later, but should not start earlier.
//! What is below on the same host goes by the same clock.
//!
//! ```text
//! recorded   parent  ├────────────────────┤
//!            child                             ├──────┤     by a clock that is ahead
//! adjusted   child          ├──────┤                        with all that is below it on that host
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use tracer_core::row::record::Value;

use super::forest::{Forest, Node};
use crate::receive::span_writer;
use crate::store::span::StoredSpan;
use crate::store::{Source, Trace};

/// Attributes of a resource that name its host, the first that is there counts.
const HOST_KEYS: [&str; 4] = ["host.id", "host.ip", "ip", "host.name"];

/// How far a clock is off, and whose clock that is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skew {
    host: Option<String>,
    /// What would have to be added to agree with the clock of the parent's host.
    pub(crate) to_parent_ns: i128,
    /// What would have to be added to agree with the root's clock.
    pub(crate) to_root_ns: i128,
}

/// A trace by its root's clock.
#[derive(Debug)]
pub(crate) struct Adjusted {
    pub(crate) trace: Trace,
    /// Spans of it whose times were moved, and by how much.
    pub(crate) moved: Vec<(Arc<StoredSpan>, i128)>,
}

/// Of each node of a forest, in its order.
pub(crate) fn of(forest: &Forest<'_>) -> Vec<Skew> {
    let mut hosts: HashMap<*const Source, Option<String>> = HashMap::new();
    let mut skews: Vec<Skew> = Vec::with_capacity(forest.nodes().len());
    for node in forest.nodes() {
        let source = &node.span.source;
        let host = hosts.entry(std::ptr::from_ref(&**source)).or_insert_with(|| host(source)).clone();
        let above = node.parent.and_then(|parent| skews.get(parent));
        let skew = match (forest.parent_of(node), above) {
            (Some(parent), Some(above)) if host.is_none() || host != above.host => {
                let to_parent_ns = delta_ns(node, parent);
                Skew { host, to_parent_ns, to_root_ns: above.to_root_ns.saturating_add(to_parent_ns) }
            }
            (Some(_), Some(above)) => above.clone(),
            _ => Skew { host, ..Skew::default() },
        };
        skews.push(skew);
    }
    skews
}

impl Adjusted {
    /// A copy of a trace by its root's clock. A span whose times would not be times any more stays.
    pub(crate) fn of(trace: &Trace) -> Self {
        let forest = Forest::of(trace);
        let skews = of(&forest);
        let by_span: HashMap<*const StoredSpan, i128> = forest
            .nodes()
            .iter()
            .zip(&skews)
            .map(|(node, skew)| (std::ptr::from_ref(node.span), skew.to_root_ns))
            .collect();
        let mut moved = Vec::new();
        let spans = trace.spans.iter().map(|span| {
            let by_ns = by_span.get(&Arc::as_ptr(span)).copied().unwrap_or(0);
            let Some(adjusted) = (by_ns != 0).then(|| at(span, by_ns)).flatten() else {
                return Arc::clone(span);
            };
            let adjusted = Arc::new(adjusted);
            moved.push((Arc::clone(&adjusted), by_ns));
            adjusted
        });
        let trace = Trace { id: trace.id, spans: Arc::new(spans.collect()) };
        Self { trace, moved }
    }
}

/// The span at other times, its logs too.
fn at(span: &StoredSpan, by_ns: i128) -> Option<StoredSpan> {
    let moved = |time_ns: u64| u64::try_from(i128::from(time_ns).saturating_add(by_ns)).ok();
    let mut record = span.record();
    record.start_unix_ns = moved(record.start_unix_ns)?;
    record.end_unix_ns = moved(record.end_unix_ns)?;
    for event in &mut record.events {
        event.time_unix_ns = moved(event.time_unix_ns)?;
    }
    StoredSpan::decode(&span.source, &span_writer::span(&record, span.kind)).ok()
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

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::super::warnings::Warnings;
    use super::*;

    /// Id, start and end of a span.
    type Times = (u64, u64, u64);

    /// The times of each span, in microseconds; and how far spans were moved.
    fn adjusted(spans: Spans) -> (Vec<Times>, Vec<(u64, i128)>) {
        let trace = spans.trace();
        let adjusted = Adjusted::of(&trace);
        let id = |span: &StoredSpan| u64::from_be_bytes(span.span_id.to_bytes());
        let times = adjusted
            .trace
            .spans
            .iter()
            .map(|span| (id(span), span.start_unix_ns / 1_000, span.end_unix_ns / 1_000));
        let moved = adjusted.moved.iter().map(|(span, by_ns)| (id(span), by_ns / 1_000));
        (times.collect(), moved.collect())
    }

    #[test]
    fn a_span_that_lies_outside_of_its_parent_is_put_into_its_middle() {
        let root = || Spans::new("a").span(1, 0, (1_000, 2_000)).service("b");
        let of = |times| adjusted(root().span(2, 1, times)).0[1];
        assert_eq!(of((1_200, 1_400)), (2, 1_200, 1_400), "inside");
        assert_eq!(of((900, 1_100)), (2, 1_400, 1_600));
        assert_eq!(of((3_000, 3_100)), (2, 1_450, 1_550));
        assert_eq!(of((900, 2_500)), (2, 1_000, 2_600), "longer, and early");
        assert_eq!(of((1_100, 2_500)), (2, 1_100, 2_500), "longer, perhaps on purpose");
    }

    #[test]
    fn what_is_below_moves_along_and_each_says_by_how_much() {
        let spans = Spans::new("a")
            .span(1, 0, (1_000, 2_000))
            .service("b")
            .span(2, 1, (5_000, 5_400))
            .log(5_300, "done")
            .service("c")
            .span(3, 2, (5_100, 5_200))
            .span(4, 2, (9_000, 9_200));
        let (times, moved) = adjusted(spans);
        assert_eq!(times, [(1, 1_000, 2_000), (2, 1_300, 1_700), (3, 1_400, 1_500), (4, 1_400, 1_600)]);
        assert_eq!(moved, [(2, -3_700), (3, -3_700), (4, -7_600)]);
    }

    #[test]
    fn logs_move_with_their_span_and_nothing_is_odd_any_more() {
        let spans = Spans::new("a").span(1, 0, (1_000, 2_000)).service("b").span(2, 1, (5_000, 5_400));
        let trace = spans.log(5_300, "done").tag("k", "v").error().trace();
        let adjusted = Adjusted::of(&trace);
        let (before, after) = (trace.spans[1].record(), adjusted.trace.spans[1].record());
        assert_eq!(after.events[0].time_unix_ns, 1_600_000);
        assert_eq!((&after.attributes, after.status), (&before.attributes, before.status));
        assert_eq!(Adjusted::of(&adjusted.trace).moved.len(), 0);
        let mut warnings = Warnings::of_adjusted(&adjusted);
        let said = warnings.take(&adjusted.trace.spans[1]);
        assert_eq!(said, ["times are moved by -3.7ms: its clock seems to be off by that"]);
    }

    #[test]
    fn times_that_cannot_be_stay_as_they_are() {
        let spans = Spans::new("a").span(1, 0, (0, 100)).service("b").span(2, 1, (5_000, 5_050));
        let (times, moved) = adjusted(spans.log(10, "long before"));
        assert_eq!((times[1], moved.len()), ((2, 5_000, 5_050), 0));
    }
}
