//! What the times of a span's like children show: a staircase, or a bound on how many run at once.
//!
//! ```text
//! |--|              |----|
//!    |--|           |------|
//!       |--|             |----|      never more than 2 at once: a pool of 2, perhaps
//! a staircase              |---|
//! ```

use std::collections::HashMap;

use tracer_core::SpanKind;

use super::forest::{Forest, Interval, Node};

/// As many steps are a staircase.
const STEPS_MIN: usize = 3;
/// Of fewer spans nothing is said about how many run at once.
const CROWD_MIN: usize = 4;
/// A staircase shorter than this share of the trace is not worth saying.
const SHARE_MIN: u64 = 100;
/// Only as many of either are said, those that take longest.
const FINDINGS_MAX: usize = 200;

/// Spans of one operation, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Staircase {
    pub(crate) parent: usize,
    /// By their start.
    pub(crate) steps: Vec<usize>,
    pub(crate) interval: Interval,
}

/// Many spans of one operation, of which only a few run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) parent: usize,
    /// One of them.
    pub(crate) example: usize,
    pub(crate) spans: usize,
    pub(crate) most: usize,
    pub(crate) interval: Interval,
}

/// What siblings show.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) staircases: Vec<Staircase>,
    pub(crate) bounds: Vec<Bound>,
}

/// What all siblings of a trace show, the longest first.
pub(crate) fn findings(forest: &Forest<'_>) -> Findings {
    let least_ns = forest.interval().len_ns() / SHARE_MIN;
    let mut found = Findings::default();
    for (parent, node) in forest.nodes().iter().enumerate() {
        for alike in alike(forest, node) {
            add_staircases(forest, parent, &alike, &mut found.staircases);
            found.bounds.extend(bound(forest, parent, &alike));
        }
    }
    found.staircases.retain(|staircase| staircase.interval.len_ns() >= least_ns.max(1));
    found.bounds.retain(|bound| bound.interval.len_ns() >= least_ns.max(1));
    found.staircases.sort_by_key(|staircase| std::cmp::Reverse(staircase.interval.len_ns()));
    found.bounds.sort_by_key(|bound| std::cmp::Reverse(bound.interval.len_ns()));
    found.staircases.truncate(FINDINGS_MAX);
    found.bounds.truncate(FINDINGS_MAX);
    found
}

/// Children of one service, operation and kind; at least as many as a staircase has; by their start.
fn alike(forest: &Forest<'_>, parent: &Node<'_>) -> Vec<Vec<usize>> {
    type Likeness<'a> = (&'a str, &'a str, Option<&'static str>);
    if parent.children.len() < STEPS_MIN {
        return Vec::new();
    }
    let mut groups: HashMap<Likeness<'_>, Vec<usize>> = HashMap::new();
    for index in &parent.children {
        if let Some(node) = forest.node(*index) {
            let key = (node.service(), &*node.span.name, node.span.kind.map(SpanKind::as_str));
            groups.entry(key).or_default().push(*index);
        }
    }
    let mut groups: Vec<_> = groups.into_values().filter(|group| group.len() >= STEPS_MIN).collect();
    groups.sort_unstable();
    groups
}

fn interval_of(forest: &Forest<'_>, index: usize) -> Interval {
    forest.node(index).map_or(Interval { start_ns: 0, end_ns: 0 }, Node::interval)
}

/// Runs in which each starts when the one before has ended.
fn add_staircases(forest: &Forest<'_>, parent: usize, alike: &[usize], found: &mut Vec<Staircase>) {
    let follows = |before: &usize, after: &usize| {
        let before = interval_of(forest, *before);
        !before.is_empty() && interval_of(forest, *after).start_ns >= before.end_ns
    };
    for steps in alike.chunk_by(follows) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
            continue;
        };
        if steps.len() >= STEPS_MIN {
            let start_ns = interval_of(forest, *first).start_ns;
            let interval = Interval { start_ns, end_ns: interval_of(forest, *last).end_ns };
            found.push(Staircase { parent, steps: steps.to_vec(), interval });
        }
    }
}

/// A bound, if most of the time as many run as ever do, and clearly fewer than there are.
fn bound(forest: &Forest<'_>, parent: usize, alike: &[usize]) -> Option<Bound> {
    let example = *alike.first()?;
    if alike.len() < CROWD_MIN {
        return None;
    }
    let intervals: Vec<_> = alike.iter().map(|index| interval_of(forest, *index)).collect();
    let (most, at_most_ns, busy_ns) = crowd(&intervals);
    let is_bound = most >= 2 && alike.len() >= most + 2 && at_most_ns >= busy_ns / 2;
    let interval = Interval {
        start_ns: intervals.iter().map(|interval| interval.start_ns).min()?,
        end_ns: intervals.iter().map(|interval| interval.end_ns).max()?,
    };
    is_bound.then_some(Bound { parent, example, spans: alike.len(), most, interval })
}

/// How many run at once at most, for how long so many do, and for how long any does.
fn crowd(intervals: &[Interval]) -> (usize, u64, u64) {
    let starts = intervals.iter().map(|interval| (interval.start_ns, true));
    let ends = intervals.iter().map(|interval| (interval.end_ns, false));
    let mut moments: Vec<_> = starts.chain(ends).collect();
    // Where one ends and another starts, the end comes first.
    moments.sort_unstable();
    let (mut now, mut most, mut at_most_ns, mut busy_ns, mut before_ns) = (0_usize, 0, 0, 0, 0);
    for (moment_ns, is_start) in moments {
        let passed_ns = moment_ns.saturating_sub(before_ns);
        busy_ns += if now > 0 { passed_ns } else { 0 };
        at_most_ns += if now > 0 && now == most { passed_ns } else { 0 };
        // A span that takes no time ends before it starts.
        now = if is_start { now + 1 } else { now.saturating_sub(1) };
        if now > most {
            (most, at_most_ns) = (now, 0);
        }
        before_ns = moment_ns;
    }
    (most, at_most_ns, busy_ns)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    fn of(times_us: &[(u64, u64)]) -> (Vec<usize>, Vec<(usize, usize)>) {
        let root = Spans::new("s").span(1, 0, (0, 1_000));
        let spans = (2..).zip(times_us).fold(root, |spans, (id, times)| spans.named("get", id, 1, *times));
        let trace = spans.named("other", 99, 1, (0, 1_000)).trace();
        let found = findings(&Forest::of(&trace));
        let steps = found.staircases.iter().map(|staircase| staircase.steps.len());
        (steps.collect(), found.bounds.iter().map(|bound| (bound.spans, bound.most)).collect())
    }

    #[test]
    fn three_after_each_other_are_a_staircase() {
        assert_eq!(of(&[(0, 100), (100, 200), (210, 300)]).0, [3]);
        assert_eq!(of(&[(0, 100), (100, 200)]).0, [0; 0]);
        assert_eq!(of(&[(0, 100), (90, 200), (190, 300)]).0, [0; 0], "they overlap");
        assert_eq!(of(&[(0, 1), (1, 2), (2, 3)]).0, [0; 0], "too short to matter");
        let two = [(0, 10), (10, 20), (20, 40), (30, 50), (50, 60), (60, 70), (70, 80)];
        assert_eq!(of(&two).0, [4, 3], "the longest first");
    }

    #[test]
    fn a_pool_of_three_is_seen() {
        let pool = [(0, 50), (0, 60), (0, 70), (50, 110), (60, 115), (70, 130), (110, 160), (115, 170)];
        assert_eq!(of(&pool).1, [(8, 3)]);
        assert_eq!(of(&[(0, 50), (0, 60), (0, 70), (0, 80)]).1, [], "all at once");
        assert_eq!(
            of(&[(0, 50), (40, 90), (85, 130), (125, 180), (170, 200)]).1,
            [],
            "they happen to overlap"
        );
        assert_eq!(of(&[(0, 50), (50, 90), (90, 130), (130, 180)]).1, [], "a staircase is said as such");
    }

    #[test]
    fn a_fan_of_20_000_is_looked_at() {
        let times: Vec<_> = (0..20_000).map(|at| (at / 40, at / 40 + 1)).collect();
        assert_eq!(of(&times).1, [(20_000, 40)]);
        assert_eq!(of(&vec![(5, 5); 20_000]), (vec![], vec![]));
    }
}
