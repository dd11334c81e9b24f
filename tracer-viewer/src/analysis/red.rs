//! Rate, errors and durations of each operation.

use std::collections::BTreeMap;

use serde::Serialize;
use tracer_core::SpanKind;

use super::percentiles::Durations;
use crate::store::Trace;
use crate::store::span::StoredSpan;

/// An operation; times in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row<'a> {
    service: &'a str,
    operation: &'a str,
    /// Empty if the senders named none.
    kind: &'static str,
    calls: usize,
    errors: usize,
    rate_per_second: f64,
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

#[derive(Debug, Default)]
struct Cell {
    errors: usize,
    calls: usize,
    durations: Durations,
}

/// The operations of one service, or of all, by service, operation and kind.
///
/// The rate is over the time between the first and the last start of any span that counts, and
/// over a second if that is less.
pub(crate) fn red<'a>(traces: &'a [Trace], service: Option<&str>, start_unix_ns: (u64, u64)) -> Vec<Row<'a>> {
    let counts = |span: &&StoredSpan| {
        (start_unix_ns.0..=start_unix_ns.1).contains(&span.start_unix_ns)
            && service.is_none_or(|service| service == &**span.source.service())
    };
    let mut cells: BTreeMap<(&str, &str, &'static str), Cell> = BTreeMap::new();
    let (mut first_ns, mut last_ns) = (u64::MAX, 0);
    for span in traces.iter().flat_map(|trace| trace.spans.iter()).map(|span| &**span).filter(counts) {
        first_ns = first_ns.min(span.start_unix_ns);
        last_ns = last_ns.max(span.start_unix_ns);
        let kind = span.kind.map_or("", SpanKind::as_str);
        let cell = cells.entry((span.source.service(), &span.name, kind)).or_default();
        cell.calls += 1;
        cell.errors += usize::from(span.is_error());
        cell.durations.push(span.duration_ns());
    }
    let seconds = seconds(last_ns.saturating_sub(first_ns)).max(1.0);
    cells.into_iter().map(|(key, cell)| row(key, cell, seconds)).collect()
}

fn row<'a>(
    (service, operation, kind): (&'a str, &'a str, &'static str),
    cell: Cell,
    seconds: f64,
) -> Row<'a> {
    let durations = cell.durations.sorted();
    Row {
        service,
        operation,
        kind,
        calls: cell.calls,
        errors: cell.errors,
        rate_per_second: rate(cell.calls, seconds),
        p50: durations.percentile_us(50),
        p95: durations.percentile_us(95),
        p99: durations.percentile_us(99),
        max: durations.max_us(),
    }
}

fn seconds(ns: u64) -> f64 {
    std::time::Duration::from_nanos(ns).as_secs_f64()
}

fn rate(calls: usize, seconds: f64) -> f64 {
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX)) / seconds
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    #[test]
    fn operations_are_counted_by_service_and_kind() {
        let spans = Spans::new("a")
            .named("x", 1, 0, (0, 100))
            .kind(SpanKind::Server)
            .named("x", 2, 0, (4_000_000, 4_000_300))
            .kind(SpanKind::Server)
            .error()
            .named("x", 3, 0, (0, 5))
            .service("b")
            .named("y", 4, 0, (0, 7));
        let traces = [spans.trace()];
        let all = serde_json::to_value(red(&traces, None, (0, u64::MAX))).unwrap();
        let server = serde_json::json!({
            "service": "a", "operation": "x", "kind": "server", "calls": 2, "errors": 1,
            "ratePerSecond": 0.5, "p50": 100, "p95": 300, "p99": 300, "max": 300,
        });
        assert_eq!((all.as_array().unwrap().len(), &all[1]), (3, &server));
        let of_b = red(&traces, Some("b"), (0, u64::MAX));
        assert_eq!(of_b.len(), 1);
        assert!((of_b[0].rate_per_second - 1.0).abs() < 1e-9, "over a second at least");
        assert_eq!(red(&traces, None, (1, 2)).len(), 0);
    }
}
