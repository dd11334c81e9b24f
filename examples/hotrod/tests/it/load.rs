//! Many requests at once.

use std::time::Instant;

use futures_util::future::join_all;
use interop::jaeger_json::Trace;
use interop::shape;

use crate::support::{Answer, Hotrod, assert_none};

const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_queue_for_the_database_and_lose_no_span() {
    let hotrod = Hotrod::start("--time-scale 0.1").await;
    let start = Instant::now();
    let answers = at_once(&hotrod).await;
    // One after the other, at a mean of 30 ms, less six standard deviations.
    assert!(start.elapsed().as_millis() > 1300, "{:?}", start.elapsed());
    let mut traces = Vec::new();
    for (request, answer) in &answers {
        traces.push(check(&hotrod, request, answer, 0.1).await);
    }
    shape::check_queue(&traces).unwrap();
    let stats = hotrod.app.spans();
    assert_eq!((stats.exported, stats.failed, stats.dropped.total()), (stats.started, 0, 0), "{stats}");
    let spans: usize = traces.iter().map(|trace| trace.spans.len()).sum();
    assert_eq!(stats.started, u64::try_from(spans).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_lock_some_fail_as_the_original_does() {
    let hotrod = Hotrod::start("-M -D 10ms -W 100").await;
    // One in twelve fails, so a batch without a failure is rare, and four in a row do not happen.
    for _ in 0..4 {
        let answers = at_once(&hotrod).await;
        for (request, answer) in &answers {
            let trace = hotrod.trace_of(answer).await;
            let waited = trace.spans.iter().any(|span| span.tag("lock.wait_us").is_some());
            assert!(!waited, "the lock is disabled");
            // A machine that is busy with other work may be slower than the call's own deadline.
            let is_late = answer.body.contains("DeadlineExceeded");
            if answer.status == 500 && !is_late {
                assert_eq!(answer.body, "rpc error: code = Unknown desc = redis timeout\n");
                let expected = answer.expectations(request, 1.0).under_load();
                assert_none(&shape::check_failed(&trace, &expected));
            }
        }
        if answers.iter().any(|(_, answer)| answer.body.contains("redis timeout")) {
            return;
        }
    }
    panic!("no request failed as the original's do");
}

/// Requests of five sessions at once, with what was answered.
async fn at_once(hotrod: &Hotrod) -> Vec<(String, Answer)> {
    let customers = ["123", "392", "567", "731"];
    let requests = (0..AT_ONCE).map(async |number| {
        let request = format!("{}-{number}", 1000 + number % 5);
        let answer = hotrod.order(customers[number % 4], &request).await;
        (request, answer)
    });
    join_all(requests).await
}

/// Each is whole, whether a car came or redis failed three times.
async fn check(hotrod: &Hotrod, request: &str, answer: &Answer, time_scale: f64) -> Trace {
    let trace = hotrod.trace_of(answer).await;
    let expected = answer.expectations(request, time_scale).under_load();
    match answer.status {
        200 => assert_none(&shape::check(&trace, &expected)),
        // A machine that is busy with other work may be slower than the call's own deadline.
        500 if answer.body.contains("DeadlineExceeded") => {}
        500 => assert_none(&shape::check_failed(&trace, &expected)),
        other => panic!("{other}: {}", answer.body),
    }
    trace
}
