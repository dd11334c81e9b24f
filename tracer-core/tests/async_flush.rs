//! Flush and shutdown as futures, on any runtime or none, with exporters that work and one that hangs.
#![cfg(not(feature = "recording-off"))]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tracer_core::testing::InMemoryExporter;
use tracer_core::{Batch, ExportError, Exported, Exporter, FlushError, Pipeline, Tracer};

const SOON: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

/// Hangs in each export until its other end is dropped, whatever the deadline.
struct Hung(Receiver<()>);

impl Hung {
    fn new() -> (Self, Sender<()>) {
        let (release, hang) = channel();
        (Self(hang), release)
    }
}

impl Exporter for Hung {
    fn name(&self) -> &'static str {
        "hung"
    }

    fn export(&mut self, _: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        let _ = self.0.recv();
        Ok(Exported::ALL)
    }
}

/// Waits for a future on this thread, without any runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_current_thread_runtime_awaits_flush_and_shutdown() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    tracer.span("first").start().finish();
    tracer.flush_async(SOON).await.unwrap();
    assert_eq!(exporter.spans().len(), 1);
    tracer.span("second").start().finish();
    tracer.shutdown_async(SOON).await.unwrap();
    assert_eq!(exporter.spans().len(), 2);
    assert_eq!(tracer.flush_async(SOON).await, Err(FlushError::ShutDown));
    assert_eq!(tracer.shutdown_async(SOON).await, Err(FlushError::ShutDown));
}

#[tokio::test(flavor = "current_thread")]
async fn other_tasks_of_the_thread_run_while_an_exporter_hangs() {
    let (hung, release) = Hung::new();
    let tracer = Tracer::builder("svc").exporter(hung).build();
    tracer.span("work").start().finish();
    // The exporter hangs until another task of the same thread has run: a flush that blocked would time out.
    let other = tokio::spawn(async move { drop(release) });
    assert_eq!(tracer.flush_async(SOON).await, Ok(()));
    other.await.unwrap();
    assert_eq!(tracer.stats().exported, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_hung_exporter_holds_neither_form_of_flush_beyond_its_deadline() {
    let (hung, release) = Hung::new();
    let tracer = Tracer::builder("svc").exporter(hung).build();
    tracer.span("work").start().finish();
    let begun = Instant::now();
    assert_eq!(tracer.flush_async(SHORT).await, Err(FlushError::TimedOut));
    assert_eq!(tracer.flush(SHORT), Err(FlushError::TimedOut));
    assert_eq!(tracer.shutdown_async(SHORT).await, Err(FlushError::TimedOut));
    // Not the ten seconds that an export may take.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    drop(release);
}

/// The thread that runs everything waits in a call, so nothing else of the runtime can help it.
#[tokio::test(flavor = "current_thread")]
async fn a_flush_that_blocks_the_only_thread_of_a_runtime_returns_at_its_deadline() {
    let (hung, release) = Hung::new();
    let tracer = Tracer::builder("svc").exporter(hung).build();
    tracer.span("work").start().finish();
    // If the flush needed the runtime, this task, and so nobody, would ever end it.
    let other = tokio::spawn(async move { drop(release) });
    assert_eq!(tracer.flush(SHORT), Err(FlushError::TimedOut));
    let stats = tracer.stats();
    assert_eq!((stats.finished, stats.exported, stats.pending), (1, 0, 1), "{stats:?}");
    other.await.unwrap();
    assert_eq!(tracer.flush(SOON), Ok(()));
    assert_eq!(tracer.shutdown(SOON), Ok(()));
    assert_eq!((tracer.stats().exported, tracer.stats().pending), (1, 0));
}

#[test]
fn deadlines_come_in_their_order_and_each_future_has_its_own() {
    let (hung, release) = Hung::new();
    let tracer = Tracer::builder("svc").exporter(hung).build();
    tracer.span("work").start().finish();
    let patient = tracer.flush_async(SOON);
    let timed_out: Vec<_> =
        (1..200_u64).rev().map(|n| tracer.flush_async(SHORT + Duration::from_micros(n))).collect();
    for flush in timed_out {
        assert_eq!(block_on(flush), Err(FlushError::TimedOut));
    }
    drop(release);
    assert_eq!(block_on(patient), Ok(()));
}

#[test]
fn a_future_needs_no_runtime_and_may_be_dropped_or_outlive_the_tracer() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    tracer.span("first").start().finish();
    // Polled once, so that the worker has somebody to wake, and dropped: the work is done all the same.
    let mut abandoned = tracer.flush_async(SOON);
    let _ = (&mut abandoned).now_or_never();
    drop(abandoned);
    block_on(tracer.flush_async(SOON)).unwrap();
    assert_eq!(exporter.spans().len(), 1);
    tracer.span("last").start().finish();
    let outliving = tracer.flush_async(SOON);
    drop(tracer);
    block_on(outliving).unwrap();
    assert_eq!(exporter.spans().len(), 2);
}

#[test]
fn a_future_whose_pipeline_is_gone_still_ends_at_its_deadline() {
    let (hung, release) = Hung::new();
    let tracer = Tracer::builder("svc").exporter(hung).build();
    tracer.span("work").start().finish();
    let flush = tracer.flush_async(SHORT);
    drop(tracer);
    assert_eq!(block_on(flush), Err(FlushError::TimedOut));
    drop(release);
}

#[test]
fn without_a_thread_the_work_is_done_in_the_call() {
    let exporter = InMemoryExporter::default();
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("work").start().finish();
    assert_eq!(pipeline.flush_async(SOON).now_or_never(), Some(Ok(())));
    assert_eq!(exporter.spans().len(), 1);
    assert_eq!(pipeline.shutdown_async(SOON).now_or_never(), Some(Ok(())));
    assert_eq!(Tracer::noop().flush_async(SOON).now_or_never(), Some(Ok(())));
}
