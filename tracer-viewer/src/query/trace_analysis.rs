//! What one trace tells, as the page reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::params::Clocks;
use super::trace_id;
use crate::analysis::clock_skew::Adjusted;
use crate::analysis::forest::Forest;
use crate::analysis::gaps::{self, Kind};
use crate::analysis::shared_ids::SharedIds;
use crate::analysis::siblings::{self, Bound, Findings, Staircase};
use crate::analysis::{critical_path, self_time};
use crate::store;
use crate::store::span::StoredSpan;

/// What one trace tells.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Analysis {
    #[serde(rename = "traceID")]
    trace_id: String,
    critical_path: Vec<Part>,
    self_time: BTreeMap<String, u64>,
    gaps: Vec<Gap>,
    staircases: Vec<Stairs>,
    concurrency: Vec<Crowd>,
    clock_skew: Vec<Moved>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(rename = "spanID")]
    span_id: String,
    start_time: u64,
    duration: u64,
}

#[derive(Debug, Serialize)]
struct Gap {
    #[serde(flatten)]
    part: Part,
    kind: Kind,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stairs {
    #[serde(rename = "parentSpanID")]
    parent_span_id: String,
    service: String,
    operation: String,
    #[serde(rename = "spanIDs")]
    span_ids: Vec<String>,
    start_time: u64,
    duration: u64,
}

#[derive(Debug, Serialize)]
struct Crowd {
    #[serde(rename = "parentSpanID")]
    parent_span_id: String,
    service: String,
    operation: String,
    spans: usize,
    most: usize,
}

/// A span whose clock seems to be off: what adjusting adds to its times.
#[derive(Debug, Serialize)]
struct Moved {
    #[serde(rename = "spanID")]
    span_id: String,
    by: i64,
}

impl Analysis {
    pub(super) fn of(trace: &store::Trace, clocks: Clocks) -> Self {
        let adjusted = Adjusted::of(trace);
        let shown = match clocks {
            Clocks::Recorded => trace,
            Clocks::Adjusted => &adjusted.trace,
        };
        let forest = Forest::of(shown);
        let Findings { staircases, bounds } = siblings::findings(&forest);
        let id = |node: usize| forest.node(node).map_or_else(String::new, |node| node.span_id.to_string());
        let segments = critical_path::of(&forest).into_iter().map(|segment| Part {
            span_id: id(segment.node),
            start_time: segment.interval.start_us(),
            duration: segment.interval.duration_us(),
        });
        let mut self_time = BTreeMap::new();
        for node in forest.nodes() {
            // Spans that share an id share what is said of it.
            let own: &mut u64 = self_time.entry(node.span_id.to_string()).or_default();
            *own = own.saturating_add(self_time::of_ns(&forest, node) / 1_000);
        }
        let gap = |gap: gaps::Gap| Gap {
            part: Part {
                span_id: gap.span_id.to_string(),
                start_time: gap.interval.start_us(),
                duration: gap.interval.duration_us(),
            },
            kind: gap.kind,
        };
        Self {
            trace_id: trace_id::text(trace.id),
            critical_path: segments.filter(|part| part.duration > 0).collect(),
            self_time,
            gaps: gaps::of(&forest).into_iter().map(gap).collect(),
            staircases: staircases.into_iter().map(|stairs| Stairs::of(&forest, stairs)).collect(),
            concurrency: bounds.into_iter().map(|bound| Crowd::of(&forest, bound)).collect(),
            clock_skew: Moved::all(&adjusted),
        }
    }
}

impl Moved {
    fn all(adjusted: &Adjusted) -> Vec<Self> {
        let shared_ids = SharedIds::of(&adjusted.trace.spans);
        let moved = |(span, by_ns): &(Arc<StoredSpan>, i128)| Self {
            span_id: shared_ids.resolve(span).span_id.to_string(),
            by: i64::try_from(by_ns / 1_000).unwrap_or(if *by_ns < 0 { i64::MIN } else { i64::MAX }),
        };
        adjusted.moved.iter().map(moved).collect()
    }
}

impl Stairs {
    fn of(forest: &Forest<'_>, staircase: Staircase) -> Self {
        let (service, operation) = name_of(forest, staircase.steps.first().copied());
        let ids = staircase.steps.iter().filter_map(|step| forest.node(*step));
        Self {
            parent_span_id: id_of(forest, staircase.parent),
            service,
            operation,
            span_ids: ids.map(|node| node.span_id.to_string()).collect(),
            start_time: staircase.interval.start_us(),
            duration: staircase.interval.duration_us(),
        }
    }
}

impl Crowd {
    fn of(forest: &Forest<'_>, bound: Bound) -> Self {
        let (service, operation) = name_of(forest, Some(bound.example));
        let parent_span_id = id_of(forest, bound.parent);
        Self { parent_span_id, service, operation, spans: bound.spans, most: bound.most }
    }
}

fn id_of(forest: &Forest<'_>, index: usize) -> String {
    forest.node(index).map_or_else(String::new, |node| node.span_id.to_string())
}

fn name_of(forest: &Forest<'_>, index: Option<usize>) -> (String, String) {
    let node = index.and_then(|index| forest.node(index));
    node.map_or_else(Default::default, |node| (node.service().to_owned(), node.span.name.to_string()))
}
