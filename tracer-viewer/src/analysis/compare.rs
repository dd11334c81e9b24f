//! Two traces side by side, by path.

use serde::Serialize;

use super::forest::Forest;
use super::paths::Paths;
use super::self_time;
use crate::store::Trace;

/// All paths of either trace, in pre-order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Comparison<'a> {
    pub(crate) nodes: Vec<Row<'a>>,
    /// Spans of paths beyond the limit.
    pub(crate) left_out: usize,
}

/// A path in both traces.
#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    depth: usize,
    /// The index of its row; -1 at roots.
    parent: i64,
    service: &'a str,
    operation: &'a str,
    a: Option<Side>,
    b: Option<Side>,
}

/// The spans of a path in one trace; times in microseconds, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Side {
    count: usize,
    #[serde(rename = "duration")]
    duration_us: u64,
    #[serde(rename = "selfTime")]
    self_time_us: u64,
    errors: usize,
}

/// Compares two traces, which may be one and the same.
pub(crate) fn compare<'a>(a: &'a Trace, b: &'a Trace) -> Comparison<'a> {
    let mut paths: Paths<'a, [Option<Side>; 2]> = Paths::new();
    for (index, trace) in [a, b].into_iter().enumerate() {
        let forest = Forest::of(trace);
        paths.add(&forest, |sides, node| {
            let Some(side) = sides.get_mut(index) else {
                return;
            };
            let side = side.get_or_insert_default();
            side.count += 1;
            side.duration_us = side.duration_us.saturating_add(node.interval().duration_us());
            let own_us = self_time::of_ns(&forest, node) / 1_000;
            side.self_time_us = side.self_time_us.saturating_add(own_us);
            side.errors += usize::from(node.span.is_error());
        });
    }
    let left_out = paths.left_out();
    let rows = paths.into_pre_order().into_iter().map(|place| {
        let [a, b] = place.at;
        Row {
            depth: place.depth,
            parent: index_or_none(place.parent),
            service: place.service,
            operation: place.operation,
            a,
            b,
        }
    });
    Comparison { nodes: rows.collect(), left_out }
}

/// An index as JSON has it: -1 for none.
pub(super) fn index_or_none(index: Option<usize>) -> i64 {
    index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn paths_of_one_side_stand_alone() {
        let a =
            Spans::new("s").named("a", 1, 0, (0, 90)).named("b", 2, 1, (0, 20)).named("b", 3, 1, (30, 40));
        let b = Spans::new("s").named("a", 1, 0, (0, 50)).error().named("c", 2, 1, (10, 20));
        let (a, b) = (a.trace(), b.trace());
        let found = serde_json::to_value(compare(&a, &b)).unwrap();
        let side = |count: u64, duration: u64, self_time: u64, errors: u64| serde_json::json!({ "count": count, "duration": duration, "selfTime": self_time, "errors": errors });
        let row = |depth: u64, parent: i64, operation: &str, a, b| {
            serde_json::json!({
                "depth": depth, "parent": parent, "service": "s", "operation": operation, "a": a, "b": b,
            })
        };
        let none = serde_json::Value::Null;
        let expected = [
            row(0, -1, "a", side(1, 90, 60, 0), side(1, 50, 40, 1)),
            row(1, 0, "b", side(2, 30, 30, 0), none.clone()),
            row(1, 0, "c", none, side(1, 10, 10, 0)),
        ];
        assert_eq!(found["nodes"], serde_json::json!(expected));
        assert_eq!(found["leftOut"], 0);
    }
}
