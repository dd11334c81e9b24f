//! `--shape rich`: waits are spans, with links to the requests that were ahead.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use interop::jaeger_json::{Span, Trace};
use serde_json::Value;

use crate::support::{Answer, Hotrod};

/// The spans of an operation.
fn of<'a>(trace: &'a Trace, operation: &str) -> Vec<&'a Span> {
    trace.spans.iter().filter(|span| span.operation_name == operation).collect()
}

/// The other traces that a span refers to.
fn links(span: &Span) -> BTreeSet<&str> {
    let others = span.references.iter().map(|reference| reference.trace_id.as_str());
    others.filter(|id| *id != span.trace_id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_query_that_waits_links_to_exactly_those_ahead() {
    const AT_ONCE: usize = 12;
    let hotrod = Hotrod::start("--shape rich --time-scale 0.2").await;
    let orders = (0..AT_ONCE).map(async |number| hotrod.order("123", &format!("7-{number}")).await);
    let mut traces = Vec::new();
    for answer in join_all(orders).await {
        traces.push(hotrod.trace_of(&answer).await);
    }
    let ids: BTreeSet<&str> = traces.iter().map(|trace| trace.trace_id.as_str()).collect();
    let mut behind = Vec::new();
    for trace in &traces {
        let sql = of(trace, "SQL SELECT")[0];
        let waits = of(trace, "db.acquire");
        let Some(wait) = waits.first() else {
            behind.push(0);
            continue;
        };
        assert_eq!(wait.references[0].span_id, sql.span_id);
        let links = links(wait);
        assert!(links.is_subset(&ids) && waits.len() == 1);
        // Each link is to a query, not to some other span of its trace.
        let query_of = |id: &str| traces.iter().find(|trace| trace.trace_id == id).unwrap();
        for reference in &wait.references[1..] {
            assert_eq!(of(query_of(&reference.trace_id), "SQL SELECT")[0].span_id, reference.span_id);
        }
        assert_eq!(wait.tag("queue.ahead").unwrap(), links.len().to_string());
        assert_eq!(wait.tag("wait.for").as_deref(), Some("the database connection"));
        behind.push(links.len());
    }
    behind.sort_unstable();
    // Whoever finds it free waits for nobody; a busy machine may let several.
    assert_eq!(behind[0], 0, "{behind:?}");
    assert!(behind[AT_ONCE - 1] > 0 && behind.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{behind:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_a_worker_is_a_span_and_links_to_other_orders_alone() {
    let hotrod = Hotrod::start("--shape rich --time-scale 0.1 -W 1 -M").await;
    let lone = hotrod.trace_of(&hotrod.order("123", "1-1").await).await;
    let waits = of(&lone, "pool.wait");
    assert_eq!(waits.len(), 9, "each call but the first waits for the one before");
    assert!(waits.iter().all(|wait| links(wait).is_empty() && wait.tag("queue.ahead_own").is_some()));
    let root = of(&lone, "/dispatch")[0];
    assert!(waits.iter().all(|wait| wait.references[0].span_id == root.span_id));

    let orders = join_all([hotrod.order("123", "1-2"), hotrod.order("392", "1-3")]).await;
    let (one, other) = (hotrod.trace_of(&orders[0]).await, hotrod.trace_of(&orders[1]).await);
    let linked = |from: &Trace, to: &Trace| {
        of(from, "pool.wait").iter().any(|wait| links(wait).contains(to.trace_id.as_str()))
    };
    assert!(linked(&one, &other) || linked(&other, &one), "they share one worker");
}

/// Waits shorter than this are not looked at, in microseconds.
const LONG_US: u64 = 30_000;

/// A part of a span that the viewer's analysis calls a wait, in microseconds.
#[derive(Debug)]
struct Gap {
    span_id: String,
    start_us: u64,
    duration_us: u64,
}

impl Gap {
    /// Whether it is the whole span, but for what whole microseconds cut.
    fn is(&self, span: &Span) -> bool {
        self.start_us == span.start_us && self.duration_us.abs_diff(span.duration_us) <= 1
    }
}

/// The waits that the viewer finds in a trace.
async fn waits(hotrod: &Hotrod, trace: &Trace) -> Vec<Gap> {
    let viewer = hotrod.app.addresses().viewer.as_deref().unwrap();
    let url = format!("{viewer}api/viewer/traces/{}/analysis", trace.trace_id);
    let answer = hotrod.client.get(url).send().await.unwrap().bytes().await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let gaps = answer["data"]["gaps"].as_array().unwrap().iter().filter(|gap| gap["kind"] == "waiting");
    let gaps = gaps.map(|gap| Gap {
        span_id: gap["spanID"].as_str().unwrap().to_owned(),
        start_us: gap["startTime"].as_u64().unwrap(),
        duration_us: gap["duration"].as_u64().unwrap(),
    });
    gaps.filter(|gap| gap.duration_us >= LONG_US).collect()
}

fn number(span: &Span, key: &str) -> u64 {
    span.tag(key).map_or(0, |text| text.parse().unwrap())
}

/// Two orders at once: of the one that waited longer for the lock, the trace and its waits.
async fn behind_the_lock(flags: &str) -> (Trace, Vec<Gap>) {
    let hotrod = Hotrod::start(flags).await;
    let orders = join_all([hotrod.order("123", "1-1"), hotrod.order("392", "1-2")]).await;
    let (one, other) = (hotrod.trace_of(&orders[0]).await, hotrod.trace_of(&orders[1]).await);
    let waited = |trace: &Trace| number(of(trace, "SQL SELECT")[0], "lock.wait_us");
    let later = if waited(&one) > waited(&other) { one } else { other };
    let found = waits(&hotrod, &later).await;
    (later, found)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gap_before_a_query_is_named_a_wait_and_is_the_rich_shapes_span() {
    let flags = "--time-scale 0.5 -W 100";
    for (flags, operation) in
        [(flags.to_owned(), "SQL SELECT"), (format!("{flags} --shape rich"), "db.acquire")]
    {
        let (trace, found) = behind_the_lock(&flags).await;
        let query = of(&trace, "SQL SELECT")[0];
        let waited_us = number(query, "lock.wait_us");
        assert!(waited_us >= LONG_US, "one of two is behind the other: {waited_us} µs");
        let [gap] = &found[..] else { panic!("{flags}: {found:?}") };
        let span = of(&trace, operation)[0];
        assert_eq!(gap.span_id, span.span_id, "{flags}");
        // The log and the span are written within what was measured, or right round it.
        assert!(gap.duration_us.abs_diff(waited_us) < waited_us / 2, "{flags}: {gap:?} of {waited_us} µs");
        assert!(gap.start_us - query.start_us < waited_us / 2, "{flags}: from the start of the query on");
        if operation == "db.acquire" {
            assert!(gap.is(span), "{gap:?}");
        }
    }
}

/// Each route call with a long wait before it, as its start and how long it waited.
fn waiting_calls(trace: &Trace) -> Vec<(u64, u64)> {
    let calls = of(trace, "HTTP GET: /route").into_iter();
    let calls = calls.map(|call| (call.start_us, number(call, "pool.wait_us")));
    calls.filter(|(_, waited_us)| *waited_us >= LONG_US).collect()
}

/// Two orders at once that both get a car; redis may fail three times in a row.
async fn two_answered(hotrod: &Hotrod) -> [Answer; 2] {
    for _ in 0..5 {
        let orders = [hotrod.order("123", "1-1"), hotrod.order("392", "1-2")];
        let answers: [Answer; 2] = join_all(orders).await.try_into().unwrap();
        if answers.iter().all(|answer| answer.status == 200) {
            return answers;
        }
    }
    panic!("five pairs of orders failed")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gap_before_a_route_call_is_named_a_wait_and_is_the_rich_shapes_span() {
    for flags in ["--time-scale 1 -D 10ms -M -W 1", "--time-scale 1 -D 10ms -M -W 1 --shape rich"] {
        let hotrod = Hotrod::start(flags).await;
        let mut named = 0;
        for answer in two_answered(&hotrod).await {
            let trace = hotrod.trace_of(&answer).await;
            let (calls, found) = (waiting_calls(&trace), waits(&hotrod, &trace).await);
            let spans: Vec<_> = of(&trace, "pool.wait");
            for gap in &found {
                let end_us = gap.start_us + gap.duration_us;
                let after = calls.iter().filter(|(start_us, _)| start_us + 1 >= end_us);
                let call = after.min().unwrap_or_else(|| panic!("{gap:?} of {calls:?}"));
                assert!(gap.duration_us <= call.1 + 2, "{gap:?} of {call:?}");
                match spans.iter().find(|span| span.span_id == gap.span_id) {
                    // The whole wait.
                    Some(span) => assert!(gap.is(span), "{gap:?}"),
                    // The part of it in which the order did nothing else.
                    None => assert!(spans.is_empty() && call.0.abs_diff(end_us) <= 1, "{gap:?} of {call:?}"),
                }
                named += 1;
            }
        }
        assert!(named >= 5, "{flags}: {named}");
    }
}
