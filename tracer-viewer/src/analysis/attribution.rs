//! Which customer, session or host costs most: time by the values of a tag.
//!
//! A span belongs to the value of the nearest span above it, itself included, that has the tag. So
//! a tag of a request's first span takes all below along.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;
use tracer_core::row::record::{EventRecord, SpanRecord, Value};

use super::forest::{Forest, Node};
use super::percentiles::Durations;
use super::self_time;
use crate::query::value::text;
use crate::store::{Source, Trace};

/// More values are not kept apart; their spans belong to nobody.
const VALUES_MAX: usize = 10_000;
/// As many are told, those with most self time.
const ROWS_MAX: usize = 1_000;
/// As many keys are told.
const KEYS_MAX: usize = 1_000;
/// A value is told as far as this.
const VALUE_CHARS_MAX: usize = 256;

/// What belongs to one value; times in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    value: String,
    traces: usize,
    spans: usize,
    errors: usize,
    /// Of its topmost spans, added up.
    duration: u64,
    /// Of all its spans, added up.
    self_time: u64,
    /// Of the durations of its topmost spans.
    p50: u64,
    p95: u64,
}

#[derive(Debug, Default)]
struct Cell {
    traces: usize,
    last_trace: Option<usize>,
    spans: usize,
    errors: usize,
    self_time_ns: u64,
    durations: Durations,
}

/// Adds time up by the values of a key.
pub(crate) fn attribution(traces: &[Trace], key: &str) -> Vec<Row> {
    let mut values: HashMap<String, usize> = HashMap::new();
    let mut cells: Vec<Cell> = Vec::new();
    let mut sources = SourceValues::default();
    for (trace_index, trace) in traces.iter().enumerate() {
        let forest = Forest::of(trace);
        // The cell of each node; parents stand before their children.
        let mut owners: Vec<Option<usize>> = Vec::with_capacity(forest.nodes().len());
        for node in forest.nodes() {
            let above = node.parent.and_then(|parent| owners.get(parent).copied().flatten());
            let owner = match sources.value(node, key) {
                Some(value) => owner(&mut values, &mut cells, value),
                None => above,
            };
            if let Some(cell) = owner.and_then(|owner| cells.get_mut(owner)) {
                cell.add(trace_index, &forest, node, owner != above);
            }
            owners.push(owner);
        }
    }
    let mut rows: Vec<_> = values
        .into_iter()
        .filter_map(|(value, index)| cells.get_mut(index).map(|cell| row(value, std::mem::take(cell))))
        .collect();
    rows.sort_by(|a, b| b.self_time.cmp(&a.self_time).then_with(|| a.value.cmp(&b.value)));
    rows.truncate(ROWS_MAX);
    rows
}

/// The keys that spans of a service, or of all, have: tags, those of the process, baggage.
pub(crate) fn keys(traces: &[Trace], service: Option<&str>) -> Vec<String> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut seen: HashMap<*const Source, Arc<Source>> = HashMap::new();
    let spans = traces.iter().flat_map(|trace| trace.spans.iter());
    let of_service = spans.filter(|span| service.is_none_or(|service| service == &**span.source.service()));
    for span in of_service {
        if keys.len() >= KEYS_MAX {
            break;
        }
        if seen.insert(Arc::as_ptr(&span.source), Arc::clone(&span.source)).is_none() {
            keys.extend(span.source.process_tags().into_iter().map(|(key, _)| key));
        }
        let record = span.record();
        let of_baggage = record.events.iter().filter_map(baggage).map(|(key, _)| key.to_owned());
        keys.extend(of_baggage.collect::<Vec<_>>());
        keys.extend(record.attributes.into_iter().map(|(key, _)| key));
    }
    keys.into_iter().take(KEYS_MAX).collect()
}

fn owner(values: &mut HashMap<String, usize>, cells: &mut Vec<Cell>, value: String) -> Option<usize> {
    if let Some(known) = values.get(&value) {
        return Some(*known);
    }
    if cells.len() >= VALUES_MAX {
        return None;
    }
    cells.push(Cell::default());
    values.insert(value, cells.len() - 1);
    Some(cells.len() - 1)
}

fn row(value: String, cell: Cell) -> Row {
    let durations = cell.durations.sorted();
    Row {
        value,
        traces: cell.traces,
        spans: cell.spans,
        errors: cell.errors,
        duration: durations.total_us(),
        self_time: cell.self_time_ns / 1_000,
        p50: durations.percentile_us(50),
        p95: durations.percentile_us(95),
    }
}

impl Cell {
    fn add(&mut self, trace: usize, forest: &Forest<'_>, node: &Node<'_>, is_topmost: bool) {
        if self.last_trace != Some(trace) {
            self.last_trace = Some(trace);
            self.traces += 1;
        }
        self.spans += 1;
        self.errors += usize::from(node.span.is_error());
        self.self_time_ns = self.self_time_ns.saturating_add(self_time::of_ns(forest, node));
        if is_topmost {
            self.durations.push(node.interval().len_ns());
        }
    }
}

/// What processes say, read once each. A source is kept, so that no other can take its address.
#[derive(Debug, Default)]
struct SourceValues(HashMap<*const Source, (Arc<Source>, Option<String>)>);

impl SourceValues {
    /// A span's value: its own tag, baggage in a log, or the process's tag.
    fn value(&mut self, node: &Node<'_>, key: &str) -> Option<String> {
        // A key that is not among the bytes is not there.
        let is_there = contains(node.span.bytes(), key.as_bytes());
        if let Some(value) = is_there.then(|| of_record(&node.span.record(), key)).flatten() {
            return Some(value);
        }
        let source = &node.span.source;
        let (_, value) = self.0.entry(Arc::as_ptr(source)).or_insert_with(|| {
            let tags = source.process_tags();
            let value = tags.iter().find(|(found, _)| found == key).map(|(_, value)| shown(value));
            (Arc::clone(source), value)
        });
        value.clone()
    }
}

fn of_record(record: &SpanRecord, key: &str) -> Option<String> {
    let in_baggage =
        || record.events.iter().filter_map(baggage).find(|(found, _)| *found == key).map(|(_, value)| value);
    record.attribute(key).or_else(in_baggage).map(shown)
}

/// Jaeger's clients log baggage that is set: `event: baggage, key, value`.
fn baggage(event: &EventRecord) -> Option<(&str, &Value)> {
    let field = |name: &str| event.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let is_baggage =
        event.name == "baggage" || matches!(field("event"), Some(Value::Str(event)) if event == "baggage");
    match (is_baggage, field("key"), field("value")) {
        (true, Some(Value::Str(key)), Some(value)) => Some((key, value)),
        _ => None,
    }
}

fn shown(value: &Value) -> String {
    let mut text = text(value);
    if let Some((end, _)) = text.char_indices().nth(VALUE_CHARS_MAX) {
        text.truncate(end);
    }
    text
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn a_tag_takes_what_is_below_along() {
        let order = |customer: &str, end: u64| {
            let root = Spans::new("front").span(1, 0, (0, end)).tag("customer", customer);
            root.service("back")
                .span(2, 1, (10, 30))
                .error()
                .span(3, 2, (10, 20))
                .tag("customer", "other")
                .trace()
        };
        let none = Spans::new("s").span(1, 0, (0, 1_000)).trace();
        let traces = [order("amy", 100), order("amy", 200), order("bob", 300), none];
        let rows = serde_json::to_value(attribution(&traces, "customer")).unwrap();
        let row = |value: &str, counts: [u64; 3], times: [u64; 4]| {
            let ([traces, spans, errors], [duration, self_time, p50, p95]) = (counts, times);
            serde_json::json!({
                "value": value, "traces": traces, "spans": spans, "errors": errors,
                "duration": duration, "selfTime": self_time, "p50": p50, "p95": p95,
            })
        };
        let expected = [
            row("bob", [1, 2, 1], [300, 290, 300, 300]),
            row("amy", [2, 4, 2], [300, 280, 100, 200]),
            row("other", [3, 3, 0], [30, 30, 10, 10]),
        ];
        assert_eq!(rows, serde_json::json!(expected));
        assert!(attribution(&traces, "nothing").is_empty());
        assert!(attribution(&traces, "").is_empty());
    }

    #[test]
    fn keys_are_those_of_tags() {
        let spans =
            Spans::new("a").span(1, 0, (0, 1)).tag("x", "1").service("b").span(2, 1, (0, 1)).tag("y", "2");
        let traces = [spans.trace()];
        assert_eq!(keys(&traces, None), ["x", "y"]);
        assert_eq!(keys(&traces, Some("b")), ["y"]);
    }
}
