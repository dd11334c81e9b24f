//! Time that no span accounts for, and what it probably is.
//!
//! | kind | where |
//! |---|---|
//! | waiting | in a span that says so: it has a link to what it waited for and no children, or a log says "waiting", "blocked" or "queued"; until the next log or child. Or just before a child that says how long it was waited for, in a tag `*.wait_us` |
//! | network | in a client's span, around its server's |
//! | not instrumented | between the children of any other span |
//!
//! Self time of a span without children is its work, not a gap.

use std::collections::HashSet;

use serde::Serialize;
use tracer_core::row::record::{EventRecord, Value};
use tracer_core::{SpanId, SpanKind};

use super::forest::{Forest, Interval, Node};
use super::self_time::uncovered;

/// Gaps shorter than this share of the trace are not worth naming.
const SHARE_MIN: u64 = 100;
/// Only the longest are named.
const GAPS_MAX: usize = 1_000;

const WAITING_WORDS: [&str; 3] = ["waiting", "blocked", "queued"];

/// What a gap probably is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    NotInstrumented,
    Waiting,
    Network,
}

/// A part of a span's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) span_id: SpanId,
    pub(crate) interval: Interval,
    pub(crate) kind: Kind,
}

/// The gaps of a trace, by their start.
pub(crate) fn of(forest: &Forest<'_>) -> Vec<Gap> {
    let least_ns = (forest.interval().len_ns() / SHARE_MIN).max(1_000);
    let of_all = forest.nodes().iter().flat_map(|node| of_node(forest, node));
    let mut gaps: Vec<_> = of_all.filter(|gap| gap.interval.len_ns() >= least_ns).collect();
    gaps.sort_by_key(|gap| std::cmp::Reverse(gap.interval.len_ns()));
    gaps.truncate(GAPS_MAX);
    gaps.sort_by_key(|gap| gap.interval.start_ns);
    gaps
}

fn of_node(forest: &Forest<'_>, node: &Node<'_>) -> Vec<Gap> {
    let own = uncovered(forest, node);
    let gap = |interval: Interval, kind| Gap { span_id: node.span_id, interval, kind };
    if is_a_wait(node) {
        return own.into_iter().map(|interval| gap(interval, Kind::Waiting)).collect();
    }
    let kind = match node.children.is_empty() {
        true => None,
        false if calls_a_server(forest, node) => Some(Kind::Network),
        false => Some(Kind::NotInstrumented),
    };
    let waits = waits_in_logs(node);
    let mut gaps = Vec::new();
    for interval in own {
        let mut from_ns = interval.start_ns;
        for wait in waits.iter().copied().chain(wait_for_a_child(forest, node, interval)) {
            let rest = Interval { start_ns: from_ns, end_ns: interval.end_ns };
            let wait = wait.clipped_to(rest);
            if wait.is_empty() {
                continue;
            }
            let before = Interval { start_ns: from_ns, end_ns: wait.start_ns };
            gaps.extend(kind.filter(|_| !before.is_empty()).map(|kind| gap(before, kind)));
            gaps.push(gap(wait, Kind::Waiting));
            from_ns = wait.end_ns;
        }
        let rest = Interval { start_ns: from_ns, end_ns: interval.end_ns };
        gaps.extend(kind.filter(|_| !rest.is_empty()).map(|kind| gap(rest, kind)));
    }
    gaps
}

/// A span of its own for a wait: it links to those who were in the way, and does nothing else.
fn is_a_wait(node: &Node<'_>) -> bool {
    let is_internal = matches!(node.span.kind, None | Some(SpanKind::Internal));
    if !(is_internal && node.span.has_links && node.children.is_empty()) {
        return false;
    }
    let parent = (node.span.trace_id, node.span.parent_span_id);
    node.span.record().links.iter().any(|link| (link.trace_id, link.span_id) != parent)
}

fn calls_a_server(forest: &Forest<'_>, node: &Node<'_>) -> bool {
    node.span.kind == Some(SpanKind::Client)
        && forest.children_of(node).all(|child| child.span.kind == Some(SpanKind::Server))
}

/// From each log that says so to the next one, or to the end; they do not overlap.
fn waits_in_logs(node: &Node<'_>) -> Vec<Interval> {
    if !node.span.has_events {
        return Vec::new();
    }
    let own = node.interval();
    let mut events = node.span.record().events;
    events.sort_by_key(|event| event.time_unix_ns);
    let ends = events.iter().skip(1).map(|event| event.time_unix_ns).chain([own.end_ns]);
    let waits = events.iter().zip(ends).filter(|(event, _)| says_waiting(event));
    waits.map(|(event, end_ns)| Interval { start_ns: event.time_unix_ns, end_ns }.clipped_to(own)).collect()
}

/// How long the child that begins where a part of its parent's own time ends was waited for.
fn wait_for_a_child(forest: &Forest<'_>, node: &Node<'_>, own: Interval) -> Option<Interval> {
    let start_ns = |child: &usize| forest.node(*child).map_or(0, |child| child.interval().start_ns);
    // Children stand by their start.
    let first = node.children.partition_point(|child| start_ns(child) < own.end_ns);
    let candidates = node.children.iter().skip(first).take_while(|child| start_ns(child) == own.end_ns);
    let waited_us = candidates.filter_map(|child| forest.node(*child)).filter_map(waited_us).max()?;
    let start_ns = own.end_ns.saturating_sub(waited_us.saturating_mul(1_000));
    Some(Interval { start_ns, end_ns: own.end_ns })
}

fn waited_us(node: &Node<'_>) -> Option<u64> {
    let attributes = node.span.record().attributes;
    let waits = attributes.iter().filter(|(key, _)| key.ends_with(".wait_us"));
    waits
        .filter_map(|(_, value)| if let Value::I64(us) = value { u64::try_from(*us).ok() } else { None })
        .max()
}

fn says_waiting(event: &EventRecord) -> bool {
    let fields = event.attributes.iter().filter(|(key, _)| key == "event" || key == "message");
    let texts = fields.filter_map(|(_, value)| match value {
        Value::Str(text) => Some(text.as_str()),
        _ => None,
    });
    texts.chain([event.name.as_str()]).any(|text| {
        // What follows is about others: "acquired lock; 2 transactions waiting behind".
        let clause = text.split([';', ',', '.']).next().unwrap_or_default();
        let words: HashSet<_> =
            clause.split(|c: char| !c.is_alphanumeric()).take(32).map(str::to_ascii_lowercase).collect();
        WAITING_WORDS.iter().any(|word| words.contains(*word))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    fn gaps(spans: Spans) -> Vec<(u64, u64, u64, Kind)> {
        let trace = spans.trace();
        let gap = |gap: Gap| {
            let id = u64::from_be_bytes(gap.span_id.to_bytes());
            (id, gap.interval.start_us(), gap.interval.start_us() + gap.interval.duration_us(), gap.kind)
        };
        of(&Forest::of(&trace)).into_iter().map(gap).collect()
    }

    #[test]
    fn what_lies_between_children_is_not_instrumented() {
        let spans = Spans::new("s").span(1, 0, (0, 1_000)).span(2, 1, (100, 400)).span(3, 1, (401, 1_000));
        assert_eq!(gaps(spans), [(1, 0, 100, Kind::NotInstrumented)], "a microsecond is no gap, nor is work");
    }

    #[test]
    fn around_a_server_is_the_network() {
        let client = Spans::new("a").span(1, 0, (0, 1_000)).kind(SpanKind::Client);
        let both = client.service("b").span(2, 1, (100, 900)).kind(SpanKind::Server);
        assert_eq!(gaps(both), [(1, 0, 100, Kind::Network), (1, 900, 1_000, Kind::Network)]);
    }

    #[test]
    fn a_log_that_says_so_is_a_wait_until_the_next_one() {
        let spans = Spans::new("mysql")
            .span(1, 0, (0, 1_000))
            .log(600, "Acquired lock; 2 transactions waiting behind it")
            .log(100, "Waiting for lock behind 3 transactions")
            .log(600, "query");
        assert_eq!(gaps(spans), [(1, 100, 600, Kind::Waiting)]);
        let to_the_end = Spans::new("s").span(1, 0, (0, 1_000)).log(100, "Blocked").span(2, 1, (300, 500));
        let expected = [
            (1, 0, 100, Kind::NotInstrumented),
            (1, 100, 300, Kind::Waiting),
            (1, 500, 1_000, Kind::Waiting),
        ];
        assert_eq!(gaps(to_the_end), expected);
        assert_eq!(gaps(Spans::new("s").span(1, 0, (0, 1_000)).log(100, "unblocked at last")), []);
        let others =
            Spans::new("s").span(1, 0, (0, 1_000)).log(100, "Acquired lock; 0 transactions waiting behind");
        assert_eq!(gaps(others), [], "others wait, this one works");
    }

    #[test]
    fn a_child_that_says_how_long_it_was_waited_for_names_the_gap_before_it() {
        let spans = Spans::new("s")
            .span(1, 0, (0, 1_000))
            .span(2, 1, (100, 200))
            .count("pool.wait_us", 250)
            .span(3, 1, (600, 700))
            .count("pool.wait_us", 250)
            .span(4, 1, (900, 1_000))
            .count("items", 250);
        let expected = [
            (1, 0, 100, Kind::Waiting),
            (1, 200, 350, Kind::NotInstrumented),
            (1, 350, 600, Kind::Waiting),
            (1, 700, 900, Kind::NotInstrumented),
        ];
        assert_eq!(gaps(spans), expected);
        let strange = Spans::new("s").span(1, 0, (0, 1_000)).span(2, 1, (500, 1_000)).count("x.wait_us", -5);
        assert_eq!(gaps(strange), [(1, 0, 500, Kind::NotInstrumented)]);
    }

    #[test]
    fn a_span_that_links_to_who_was_in_the_way_is_a_wait() {
        let spans = Spans::new("s").span(1, 0, (0, 1_000)).span(2, 1, (0, 900)).links_elsewhere();
        assert_eq!(gaps(spans), [(2, 0, 900, Kind::Waiting), (1, 900, 1_000, Kind::NotInstrumented)]);
        let batch = Spans::new("s").span(1, 0, (0, 1_000)).kind(SpanKind::Consumer).links_elsewhere();
        assert_eq!(gaps(batch), [], "a consumer's links are its messages");
    }
}
