//! Time of a span that is not its children's.

use super::forest::{Forest, Interval, Node};

/// The parts of a node's time in which none of its children ran, by time.
pub(crate) fn uncovered(forest: &Forest<'_>, node: &Node<'_>) -> Vec<Interval> {
    let own = node.interval();
    let mut parts = Vec::new();
    let mut from_ns = own.start_ns;
    // Children stand by their start.
    for child in forest.children_of(node) {
        let child = child.interval().clipped_to(own);
        if child.is_empty() {
            continue;
        }
        if child.start_ns > from_ns {
            parts.push(Interval { start_ns: from_ns, end_ns: child.start_ns });
        }
        from_ns = from_ns.max(child.end_ns);
    }
    if own.end_ns > from_ns {
        parts.push(Interval { start_ns: from_ns, end_ns: own.end_ns });
    }
    parts
}

/// Its duration without that of its children, each counted as far as it lies within.
pub(crate) fn of_ns(forest: &Forest<'_>, node: &Node<'_>) -> u64 {
    uncovered(forest, node).into_iter().map(Interval::len_ns).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn children_count_once_and_as_far_as_they_lie_within() {
        let trace = Spans::new("s")
            .span(1, 0, (10, 100))
            .span(2, 1, (5, 20))
            .span(3, 1, (30, 60))
            .span(4, 1, (40, 50))
            .span(5, 1, (50, 70))
            .span(6, 1, (90, 300))
            .span(7, 1, (400, 500))
            .trace();
        let forest = Forest::of(&trace);
        let of = |id: usize| {
            let node = forest
                .nodes()
                .iter()
                .find(|node| node.span_id.to_bytes()[7] == u8::try_from(id).unwrap())
                .unwrap();
            of_ns(&forest, node) / 1_000
        };
        assert_eq!(of(1), 10 + 20, "20 to 30 and 70 to 90");
        assert_eq!(of(6), 210);
    }
}
