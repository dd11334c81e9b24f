//! A trace as a forest, however broken it is.
//!
//! - A span whose parent is not there, or is itself, is a root.
//! - Of spans with one id the first by its start is the parent of those that name it.
//! - A cycle is cut above its span that starts first.

use std::collections::HashMap;

use tracer_core::row::record::{LinkRecord, Value};
use tracer_core::{SpanId, SpanKind};

use super::shared_ids::SharedIds;
use crate::store::Trace;
use crate::store::span::StoredSpan;

/// All spans of a trace, parents before their children, siblings by their start.
#[derive(Debug, Default)]
pub(crate) struct Forest<'a> {
    nodes: Vec<Node<'a>>,
}

/// A span in its place.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: &'a StoredSpan,
    /// The id that the span is shown with.
    pub(crate) span_id: SpanId,
    pub(crate) parent: Option<usize>,
    /// By their start.
    pub(crate) children: Vec<usize>,
    /// False if the parent does not wait for it: it follows from it, or takes its message.
    pub(crate) is_awaited: bool,
}

/// A time from one moment to another, unix nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
}

impl<'a> Forest<'a> {
    /// The forest of a trace, in n log n steps.
    pub(crate) fn of(trace: &'a Trace) -> Self {
        let spans: Vec<&StoredSpan> = {
            let mut spans: Vec<_> = trace.spans.iter().map(|span| &**span).collect();
            spans.sort_by_key(|span| span.start_unix_ns);
            spans
        };
        let shared_ids = SharedIds::of(&trace.spans);
        let ids: Vec<_> = spans.iter().map(|span| shared_ids.resolve(span)).collect();
        let mut by_id: HashMap<SpanId, usize> = HashMap::with_capacity(spans.len());
        for (index, ids) in ids.iter().enumerate() {
            by_id.entry(ids.span_id).or_insert(index);
        }
        let parents: Vec<Option<usize>> = ids
            .iter()
            .enumerate()
            .map(|(index, ids)| by_id.get(&ids.parent_span_id).copied().filter(|parent| *parent != index))
            .collect();
        let mut forest = Self { nodes: Vec::with_capacity(spans.len()) };
        for (index, parent) in pre_order(&parents) {
            let (Some(span), Some(ids)) = (spans.get(index), ids.get(index)) else {
                continue;
            };
            forest.push(span, ids.span_id, parent);
        }
        forest
    }

    pub(crate) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    pub(crate) fn node(&self, index: usize) -> Option<&Node<'a>> {
        self.nodes.get(index)
    }

    pub(crate) fn parent_of(&self, node: &Node<'a>) -> Option<&Node<'a>> {
        node.parent.and_then(|parent| self.nodes.get(parent))
    }

    pub(crate) fn children_of(&self, node: &Node<'a>) -> impl DoubleEndedIterator<Item = &Node<'a>> {
        node.children.iter().filter_map(|child| self.nodes.get(*child))
    }

    /// From the first start to the last end.
    pub(crate) fn interval(&self) -> Interval {
        let starts = self.nodes.iter().map(|node| node.interval().start_ns);
        let ends = self.nodes.iter().map(|node| node.interval().end_ns);
        Interval { start_ns: starts.min().unwrap_or(0), end_ns: ends.max().unwrap_or(0) }
    }

    fn push(&mut self, span: &'a StoredSpan, span_id: SpanId, parent: Option<usize>) {
        let index = self.nodes.len();
        let mut is_awaited = true;
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children.push(index);
            let takes_message =
                span.kind == Some(SpanKind::Consumer) && parent.span.kind == Some(SpanKind::Producer);
            is_awaited = !takes_message && !follows_from(span, parent.span_id);
        }
        self.nodes.push(Node { span, span_id, parent, children: Vec::new(), is_awaited });
    }
}

impl<'a> Node<'a> {
    pub(crate) fn service(&self) -> &'a str {
        self.span.source.service()
    }

    /// From its start to its end; empty if it ended before it started.
    pub(crate) fn interval(&self) -> Interval {
        let start_ns = self.span.start_unix_ns;
        Interval { start_ns, end_ns: self.span.end_unix_ns.max(start_ns) }
    }
}

impl Interval {
    pub(crate) const fn len_ns(self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.start_ns >= self.end_ns
    }

    /// What both have; possibly empty.
    pub(crate) fn clipped_to(self, other: Self) -> Self {
        let start_ns = self.start_ns.max(other.start_ns);
        Self { start_ns, end_ns: self.end_ns.min(other.end_ns).max(start_ns) }
    }

    pub(crate) const fn start_us(self) -> u64 {
        self.start_ns / 1_000
    }

    /// From one whole microsecond to another, so that neighbours neither overlap nor leave a gap.
    pub(crate) const fn duration_us(self) -> u64 {
        (self.end_ns / 1_000).saturating_sub(self.start_ns / 1_000)
    }
}

/// Whether a link says that the parent is followed, not joined.
fn follows_from(span: &StoredSpan, parent: SpanId) -> bool {
    if !span.has_links {
        return false;
    }
    let is_of_parent = |link: &LinkRecord| link.trace_id == span.trace_id && link.span_id == parent;
    let says_so = |link: &LinkRecord| {
        let mut types = link.attributes.iter().filter(|(key, _)| key == "opentracing.ref_type");
        types.any(|(_, value)| matches!(value, Value::Str(text) if text == "follows_from"))
    };
    span.record().links.iter().any(|link| is_of_parent(link) && says_so(link))
}

/// Each index once, with the place of its parent in this order.
fn pre_order(parents: &[Option<usize>]) -> Vec<(usize, Option<usize>)> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(siblings) = parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(index);
        }
    }
    let mut order = Vec::with_capacity(parents.len());
    let mut seen = vec![false; parents.len()];
    let roots = (0..parents.len()).filter(|index| matches!(parents.get(*index), Some(None)));
    // What no root leads to is a cycle, or hangs on one.
    for begin in roots.chain(0..parents.len()) {
        let mut stack = vec![(begin, None)];
        while let Some((index, parent)) = stack.pop() {
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let place = order.len();
            order.push((index, parent));
            let below = children.get(index).into_iter().flatten().rev();
            stack.extend(below.map(|child| (*child, Some(place))));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Spans, tree};
    use super::*;

    #[test]
    fn children_stand_below_their_parents_by_their_start() {
        let trace = Spans::new("s")
            .span(1, 0, (0, 9))
            .span(3, 1, (5, 6))
            .span(2, 1, (1, 4))
            .span(4, 2, (2, 3))
            .trace();
        assert_eq!(tree(&Forest::of(&trace)), "1\n  2\n    4\n  3\n");
    }

    #[test]
    fn whatever_is_sent_each_span_stands_once() {
        let orphan = Spans::new("s").span(1, 0, (0, 9)).span(2, 77, (1, 2)).trace();
        assert_eq!(tree(&Forest::of(&orphan)), "1\n2\n");
        let own_parent = Spans::new("s").span(1, 1, (0, 9)).span(2, 1, (1, 2)).trace();
        assert_eq!(tree(&Forest::of(&own_parent)), "1\n  2\n");
        let cycle = Spans::new("s")
            .span(1, 3, (1, 9))
            .span(2, 1, (2, 8))
            .span(3, 2, (3, 7))
            .span(4, 3, (4, 5))
            .trace();
        assert_eq!(tree(&Forest::of(&cycle)), "1\n  2\n    3\n      4\n");
        let twice =
            Spans::new("s").span(1, 0, (0, 9)).span(2, 1, (1, 2)).span(2, 1, (3, 4)).span(3, 2, (3, 4));
        assert_eq!(tree(&Forest::of(&twice.trace())), "1\n  2\n    3\n  2\n");
        assert_eq!(tree(&Forest::default()), "");
    }

    #[test]
    fn who_follows_or_takes_a_message_is_not_awaited() {
        let trace = Spans::new("s")
            .span(1, 0, (0, 9))
            .kind(SpanKind::Producer)
            .span(2, 1, (1, 2))
            .kind(SpanKind::Consumer)
            .span(3, 1, (3, 4))
            .follows()
            .span(4, 1, (5, 6))
            .trace();
        let forest = Forest::of(&trace);
        let awaited: Vec<_> = forest.nodes().iter().map(|node| node.is_awaited).collect();
        assert_eq!(awaited, [true, false, false, true]);
    }
}
