//! `--shape rich`: waits are spans, with links to the requests that were ahead.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use interop::jaeger_json::{Span, Trace};

use crate::support::Hotrod;

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
