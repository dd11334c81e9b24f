//! A group of traces as one, by path.

use serde::Serialize;

use super::compare::index_or_none;
use super::forest::Forest;
use super::paths::{Paths, Place};
use super::percentiles::Durations;
use super::self_time;
use crate::store::Trace;

/// All paths of the traces, in pre-order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Aggregate<'a> {
    traces: usize,
    nodes: Vec<Row<'a>>,
    /// Spans of paths beyond the limit.
    left_out: usize,
}

/// The spans of a path; times in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    depth: usize,
    /// The index of its row; -1 at roots.
    parent: i64,
    service: &'a str,
    operation: &'a str,
    count: usize,
    /// How many traces have it.
    traces: usize,
    errors: usize,
    self_time: SelfTime,
    duration: Percentiles,
}

#[derive(Debug, Serialize)]
struct SelfTime {
    total: u64,
    p50: u64,
    p95: u64,
    p99: u64,
}

#[derive(Debug, Serialize)]
struct Percentiles {
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

#[derive(Debug, Default)]
struct Cell {
    count: usize,
    traces: usize,
    last_trace: Option<usize>,
    errors: usize,
    self_times: Durations,
    durations: Durations,
}

/// Adds traces up.
pub(crate) fn aggregate(traces: &[Trace]) -> Aggregate<'_> {
    let mut paths: Paths<'_, Cell> = Paths::new();
    for (index, trace) in traces.iter().enumerate() {
        let forest = Forest::of(trace);
        paths.add(&forest, |cell, node| {
            cell.count += 1;
            if cell.last_trace != Some(index) {
                cell.last_trace = Some(index);
                cell.traces += 1;
            }
            cell.errors += usize::from(node.span.is_error());
            cell.self_times.push(self_time::of_ns(&forest, node));
            cell.durations.push(node.interval().len_ns());
        });
    }
    let left_out = paths.left_out();
    let nodes = paths.into_pre_order().into_iter().map(row).collect();
    Aggregate { traces: traces.len(), nodes, left_out }
}

fn row(place: Place<'_, Cell>) -> Row<'_> {
    let cell = place.at;
    let (self_times, durations) = (cell.self_times.sorted(), cell.durations.sorted());
    Row {
        depth: place.depth,
        parent: index_or_none(place.parent),
        service: place.service,
        operation: place.operation,
        count: cell.count,
        traces: cell.traces,
        errors: cell.errors,
        self_time: SelfTime {
            total: self_times.total_us(),
            p50: self_times.percentile_us(50),
            p95: self_times.percentile_us(95),
            p99: self_times.percentile_us(99),
        },
        duration: Percentiles {
            p50: durations.percentile_us(50),
            p95: durations.percentile_us(95),
            p99: durations.percentile_us(99),
            max: durations.max_us(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn a_group_is_added_up_by_path() {
        let trace = |end: u64| {
            let spans = Spans::new("s").named("a", 1, 0, (0, end));
            spans.named("b", 2, 1, (0, 10)).error().named("b", 3, 1, (10, 20)).trace()
        };
        let traces: Vec<_> = (1..=100).map(|n| trace(20 + n)).collect();
        let found = serde_json::to_value(aggregate(&traces)).unwrap();
        let expected = serde_json::json!({ "traces": 100, "leftOut": 0, "nodes": [
            {
                "depth": 0, "parent": -1, "service": "s", "operation": "a",
                "count": 100, "traces": 100, "errors": 0,
                "selfTime": { "total": 5_050, "p50": 50, "p95": 95, "p99": 99 },
                "duration": { "p50": 70, "p95": 115, "p99": 119, "max": 120 },
            },
            {
                "depth": 1, "parent": 0, "service": "s", "operation": "b",
                "count": 200, "traces": 100, "errors": 100,
                "selfTime": { "total": 2_000, "p50": 10, "p95": 10, "p99": 10 },
                "duration": { "p50": 10, "p95": 10, "p99": 10, "max": 10 },
            },
        ]});
        assert_eq!(found, expected);
    }
}
