//! Which spans the end of a trace waited for.
//!
//! From the end of a root backwards: whatever of its children ended last before the present moment
//! was waited for, and what lies between that end and the moment is the span's own; then the same
//! within that child, down to its start, which is the next moment.
//!
//! ```text
//! root   |==        ===      ==|     `=` is on the path
//! child     |=======|               ended last before the second child started
//! child                |======|
//! child        |-----|              overlaps what is on the path: nobody waited for it
//! ```
//!
//! A child counts as far as it lies within its parent: what outlasts it was not waited for. Spans
//! that follow from their parent, or take its message, are left out with all below them. The
//! segments of a root add up to its duration. With clocks that differ it is an estimate.

use super::forest::{Forest, Interval};

/// A part of the path: a node's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) node: usize,
    pub(crate) interval: Interval,
}

/// A span that is being walked through.
#[derive(Debug)]
struct Frame {
    node: usize,
    /// Its time as far as all spans above it have it.
    interval: Interval,
    /// Down from its end, to its start.
    moment_ns: u64,
    /// By their end, the last one at the end of the list.
    children: Vec<(Interval, usize)>,
}

/// The critical paths of all roots, each by time.
pub(crate) fn of(forest: &Forest<'_>) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (index, node) in forest.nodes().iter().enumerate() {
        if node.parent.is_none() {
            let from = segments.len();
            walk(forest, Frame::new(forest, index, node.interval()), &mut segments);
            if let Some(of_root) = segments.get_mut(from..) {
                of_root.reverse();
            }
        }
    }
    segments
}

fn walk(forest: &Forest<'_>, root: Frame, segments: &mut Vec<Segment>) {
    let mut stack = vec![root];
    while let Some(frame) = stack.last_mut() {
        let last = frame.last_child();
        let until_ns = last.map_or(frame.interval.start_ns, |(interval, _)| interval.end_ns);
        let own = Interval { start_ns: until_ns, end_ns: frame.moment_ns };
        if !own.is_empty() {
            segments.push(Segment { node: frame.node, interval: own });
        }
        frame.moment_ns = until_ns;
        match last {
            Some((interval, child)) => stack.push(Frame::new(forest, child, interval)),
            None => {
                stack.pop();
                if let Some(parent) = stack.last_mut() {
                    parent.moment_ns = until_ns;
                }
            }
        }
    }
}

impl Frame {
    fn new(forest: &Forest<'_>, node: usize, interval: Interval) -> Self {
        let children = forest.node(node).map_or(&[][..], |node| &node.children);
        let awaited = children.iter().filter_map(|index| {
            let child = forest.node(*index).filter(|child| child.is_awaited)?;
            let clipped = child.interval().clipped_to(interval);
            (!clipped.is_empty()).then_some((clipped, *index))
        });
        let mut children: Vec<_> = awaited.collect();
        children.sort_by_key(|(interval, _)| (interval.end_ns, interval.start_ns));
        Self { node, interval, moment_ns: interval.end_ns, children }
    }

    /// The child that ended last up to the moment.
    fn last_child(&mut self) -> Option<(Interval, usize)> {
        while let Some(child) = self.children.pop() {
            if child.0.end_ns <= self.moment_ns {
                return Some(child);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    /// `id start-end` of each segment, in microseconds.
    fn path(spans: Spans) -> String {
        let trace = spans.trace();
        let forest = Forest::of(&trace);
        let text = of(&forest).into_iter().map(|segment| {
            let id = u64::from_be_bytes(forest.nodes()[segment.node].span_id.to_bytes());
            format!("{id} {}-{}", segment.interval.start_ns / 1_000, segment.interval.end_ns / 1_000)
        });
        text.collect::<Vec<_>>().join(", ")
    }

    fn root() -> Spans {
        Spans::new("s").span(1, 0, (0, 100))
    }

    #[test]
    fn it_walks_back_from_the_last_child_that_ended() {
        let spans = root().span(2, 1, (10, 40)).span(3, 1, (50, 90)).span(4, 1, (20, 55));
        assert_eq!(path(spans), "1 0-10, 2 10-40, 1 40-50, 3 50-90, 1 90-100");
        let nested = root().span(2, 1, (10, 90)).span(3, 2, (20, 60)).span(4, 3, (30, 60));
        assert_eq!(path(nested), "1 0-10, 2 10-20, 3 20-30, 4 30-60, 2 60-90, 1 90-100");
    }

    #[test]
    fn a_child_that_ends_where_the_next_starts_is_on_the_path() {
        let spans = root().span(2, 1, (0, 50)).span(3, 1, (50, 100));
        assert_eq!(path(spans), "2 0-50, 3 50-100");
    }

    #[test]
    fn what_outlasts_its_parent_counts_as_far_as_that_goes() {
        assert_eq!(path(root().span(2, 1, (60, 300))), "1 0-60, 2 60-100");
        assert_eq!(path(root().span(2, 1, (60, 300)).span(3, 2, (90, 200))), "1 0-60, 2 60-90, 3 90-100");
        assert_eq!(path(root().span(2, 1, (150, 300)).span(3, 2, (160, 170))), "1 0-100", "after the end");
        assert_eq!(
            path(Spans::new("s").span(1, 0, (10, 50)).span(2, 1, (5, 20))),
            "2 10-20, 1 20-50",
            "skew"
        );
    }

    #[test]
    fn who_is_not_awaited_is_not_on_the_path() {
        let spans = root().span(2, 1, (10, 90)).follows().span(3, 2, (20, 60));
        assert_eq!(path(spans), "1 0-100");
    }

    #[test]
    fn nothing_takes_no_time() {
        assert_eq!(path(root().span(2, 1, (50, 50))), "1 0-100");
        assert_eq!(path(Spans::new("s").span(1, 0, (5, 5))), "");
    }

    #[test]
    fn the_segments_of_any_trace_add_up_to_its_root() {
        let mut seed = 7_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..50 {
            let mut spans = root();
            for id in 2..60 {
                let start = random(110);
                spans = spans.span(id, 1 + random(id - 1), (start, start + random(50)));
            }
            let trace = spans.trace();
            let forest = Forest::of(&trace);
            let root = forest.nodes().iter().position(|node| node.parent.is_none()).unwrap();
            let segments = of(&forest);
            assert!(segments.windows(2).all(|pair| pair[0].interval.end_ns == pair[1].interval.start_ns));
            let total: u64 = segments.iter().map(|segment| segment.interval.len_ns()).sum();
            assert_eq!(total, forest.nodes()[root].interval().len_ns());
        }
    }

    #[test]
    fn a_chain_and_a_fan_of_20_000_are_walked() {
        let chain = (2..=20_000).fold(root(), |spans, id| spans.span(id, id - 1, (0, 100)));
        assert_eq!(path(chain), "20000 0-100");
        let fan = (2..=20_000).fold(root(), |spans, id| spans.span(id, 1, (id % 90, id % 90 + 10)));
        assert_eq!(path(fan).split(", ").count(), 11);
    }
}
