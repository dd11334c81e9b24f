//! Waiting for spans that end in other tasks.

use std::time::{Duration, Instant};

use tracer_core::testing::{FinishedSpan, TestTracer};

/// The spans, once there are so many. A server's span may end a little after its client has all.
pub(crate) async fn wait(test: &TestTracer, count: usize) -> Vec<FinishedSpan> {
    let start = Instant::now();
    while test.spans().len() < count && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let spans = test.spans();
    assert_eq!(spans.len(), count, "{}", test.tree());
    spans
}
