//! Inside an async runtime: nothing blocks it for long, nothing needs it, nothing panics.

use std::time::Duration;

use tracer_core::{FlushError, Tracer};
use tracer_exporter_jaeger::OtlpHttp;

use super::collector::{Collector, Reply, nobody, ok};

fn tracer(url: String) -> Tracer {
    Tracer::builder("svc").exporter(OtlpHttp::builder().endpoint(url).build().unwrap()).build()
}

#[tokio::test(flavor = "current_thread")]
async fn spans_leave_on_a_current_thread_runtime() {
    let collector = Collector::start(|_| ok());
    let tracer = tracer(collector.url());
    for _ in 0..3 {
        let span = tracer.span("work").start();
        tokio::time::sleep(Duration::from_millis(1)).await;
        span.finish();
    }
    tracer.flush(Duration::from_secs(20)).unwrap();
    assert_eq!(collector.requests().iter().map(|request| request.span_count()).sum::<usize>(), 3);
    tracer.span("last").start().finish();
    tracer.shutdown(Duration::from_secs(20)).unwrap();
    assert_eq!((tracer.stats().exported, tracer.stats().pending), (4, 0));
}

#[tokio::test(flavor = "current_thread")]
async fn a_flush_on_a_current_thread_runtime_ends_at_its_deadline() {
    let collector = Collector::start(|_| Reply::Hang);
    let tracer = tracer(collector.url());
    tracer.span("work").start().finish();
    let begun = std::time::Instant::now();
    // The exporter gives up at that very moment, so either may be told.
    let error = tracer.flush(Duration::from_millis(200)).unwrap_err();
    assert!(matches!(error, FlushError::TimedOut | FlushError::ExportFailed), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "current_thread")]
async fn dropping_everything_inside_a_runtime_is_fine() {
    let tracer = tracer(format!("http://{}", nobody()));
    tracer.span("work").start().finish();
    drop(tracer.shutdown_on_drop(Duration::from_secs(20)));
    assert_eq!((tracer.stats().failed, tracer.stats().pending), (1, 0));
}
