//! Services and their calls of each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::forest::Forest;
use super::percentiles::Durations;
use crate::store::Trace;

/// The graph of services.
#[derive(Debug, Serialize)]
pub(crate) struct Graph<'a> {
    nodes: Vec<Service<'a>>,
    edges: Vec<Edge<'a>>,
}

#[derive(Debug, Serialize)]
struct Service<'a> {
    service: &'a str,
    spans: usize,
    errors: usize,
}

/// Calls of one service by another; times in microseconds, as the called service measured them.
#[derive(Debug, Serialize)]
struct Edge<'a> {
    parent: &'a str,
    child: &'a str,
    calls: usize,
    errors: usize,
    p50: u64,
    p95: u64,
    p99: u64,
}

#[derive(Debug, Default)]
struct Calls {
    errors: usize,
    count: usize,
    durations: Durations,
}

/// The graph of spans that start within a time.
pub(crate) fn graph(traces: &[Trace], start_unix_ns: (u64, u64)) -> Graph<'_> {
    let mut services: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut calls: BTreeMap<(&str, &str), Calls> = BTreeMap::new();
    for trace in traces {
        let forest = Forest::of(trace);
        for node in forest.nodes() {
            if !(start_unix_ns.0..=start_unix_ns.1).contains(&node.span.start_unix_ns) {
                continue;
            }
            let (service, is_error) = (node.service(), usize::from(node.span.is_error()));
            let (spans, errors) = services.entry(service).or_default();
            *spans += 1;
            *errors += is_error;
            let caller = forest.parent_of(node).map(|parent| parent.service());
            if let Some(caller) = caller.filter(|caller| *caller != service) {
                let calls = calls.entry((caller, service)).or_default();
                calls.count += 1;
                calls.errors += is_error;
                calls.durations.push(node.interval().len_ns());
            }
        }
    }
    let service = |(service, (spans, errors))| Service { service, spans, errors };
    Graph {
        nodes: services.into_iter().map(service).collect(),
        edges: calls.into_iter().map(|((parent, child), calls)| edge(parent, child, calls)).collect(),
    }
}

fn edge<'a>(parent: &'a str, child: &'a str, calls: Calls) -> Edge<'a> {
    let durations = calls.durations.sorted();
    Edge {
        parent,
        child,
        calls: calls.count,
        errors: calls.errors,
        p50: durations.percentile_us(50),
        p95: durations.percentile_us(95),
        p99: durations.percentile_us(99),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn an_edge_is_a_call_from_service_to_service() {
        let a = Spans::new("a").span(1, 0, (0, 90)).span(2, 1, (0, 80));
        let both =
            a.service("b").span(3, 2, (10, 40)).error().span(4, 2, (50, 70)).span(5, 4, (55, 60)).trace();
        let found = serde_json::to_value(graph(std::slice::from_ref(&both), (0, u64::MAX))).unwrap();
        let expected = serde_json::json!({
            "nodes": [
                { "service": "a", "spans": 2, "errors": 0 }, { "service": "b", "spans": 3, "errors": 1 },
            ],
            "edges": [
                { "parent": "a", "child": "b", "calls": 2, "errors": 1, "p50": 20, "p95": 30, "p99": 30 },
            ],
        });
        assert_eq!(found, expected);
        let late = serde_json::to_value(graph(&[both], (20_000, u64::MAX))).unwrap();
        assert_eq!(late["edges"][0]["calls"], 1);
    }
}
