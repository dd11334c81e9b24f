//! Services that are away, and clients that leave.

use std::time::Duration;

use hotrod::cli::Command;

use crate::support::{Hotrod, errors, root_logs};

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_route_service_is_an_error_for_client_and_root() {
    let mut hotrod = Hotrod::start("--time-scale 0.1").await;
    assert_eq!(hotrod.order("123", "1-1").await.status, 200);
    hotrod.app.stop_service(Command::Route).await;
    let answer = hotrod.order("123", "1-2").await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.body.starts_with("cannot reach the route service at http://127.0.0.1:"),
        "{}",
        answer.body
    );
    let trace = hotrod.trace_of(&answer).await;
    let failed = errors(&trace);
    assert!(failed.contains(&"/dispatch"), "{failed:?}");
    assert_eq!(failed.iter().filter(|name| **name == "HTTP GET: /route").count(), 10);
    let logs = root_logs(&trace);
    assert_eq!(logs.iter().filter(|log| *log == "Error getting route").count(), 10);
    assert_eq!(logs.last().unwrap(), "request failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_driver_or_customer_service_is_named() {
    for (service, named) in
        [(Command::Driver, "rpc error: code = Unavailable"), (Command::Customer, "customer")]
    {
        let mut hotrod = Hotrod::start("--time-scale 0.1").await;
        hotrod.app.stop_service(service).await;
        let answer = hotrod.order("123", "1-1").await;
        assert_eq!(answer.status, 502, "{}", answer.body);
        assert!(answer.body.contains(named), "{}", answer.body);
        let trace = hotrod.trace_of(&answer).await;
        assert!(errors(&trace).contains(&"/dispatch"));
        assert_eq!(root_logs(&trace).last().unwrap(), "request failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_cancels_what_runs_for_it() {
    let hotrod = Hotrod::start("--time-scale 0.5").await;
    let id = "0af7651916cd43dd8448eb211c80319c";
    let traceparent = format!("00-{id}-b7ad6b7169203331-01");
    let headers = [("traceparent", traceparent.as_str())];
    let order = hotrod.order_with("123", &headers);
    assert!(tokio::time::timeout(Duration::from_millis(60), order).await.is_err());
    let trace = hotrod.trace(id).await.unwrap();
    let mut cancelled: Vec<&str> = trace
        .spans
        .iter()
        .filter(|span| span.tag("cancelled").as_deref() == Some("true"))
        .map(|span| span.operation_name.as_str())
        .collect();
    cancelled.sort_unstable();
    assert_eq!(cancelled, ["/customer", "/dispatch", "HTTP GET: /customer", "SQL SELECT"]);
    assert_eq!((trace.spans.len(), errors(&trace).len()), (4, 0));
    // The query has left the lock.
    let next = hotrod.order("123", "1-2").await;
    assert_eq!(next.status, 200);
    let trace = hotrod.trace_of(&next).await;
    assert!(trace.spans.iter().all(|span| !span.logs.iter().any(|log| log.message().starts_with("Waiting"))));
}
