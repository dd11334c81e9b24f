//! Several requests at the same time, to a collector that answers when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracer_core::{Pipeline, Tracer};
use tracer_exporter_jaeger::OtlpHttp;

use super::collector::{Collector, Reply, answer, ok};

const SOON: Duration = Duration::from_secs(30);

/// Closed at first: answers wait.
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn reply(&self) -> Reply {
        let gate = self.clone();
        Reply::Later(Box::new(move || {
            wait_until(|| gate.0.load(Ordering::SeqCst));
            answer("200 OK", &[], b"")
        }))
    }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not happen");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn pipeline(collector: &Collector, sends: usize) -> (Pipeline, Tracer) {
    let builder = OtlpHttp::builder().endpoint(collector.url()).timeout(SOON);
    let exporter = builder.concurrent_sends_max(sends).build().unwrap();
    let builder = Pipeline::builder().exporter(exporter).batch_max(16 << 10, 10).export_timeout(SOON);
    let pipeline = builder.memory_bytes_max(400_000).interval(Duration::from_millis(5)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    (pipeline, tracer)
}

fn finish(tracer: &Tracer, spans: usize) {
    (0..spans).for_each(|_| tracer.span("work").start().finish());
}

#[test]
fn requests_do_not_wait_for_the_answers_of_others() {
    let gate = Gate::default();
    let replies = gate.clone();
    let collector = Collector::start(move |_| replies.reply());
    let (pipeline, tracer) = pipeline(&collector, 4);
    finish(&tracer, 200);
    wait_until(|| collector.requests().len() == 4);
    assert_eq!((pipeline.stats().exported, pipeline.stats().pending), (0, 200));
    gate.open();
    pipeline.shutdown(SOON).unwrap();
    let seen: usize = collector.requests().iter().map(|request| request.span_count()).sum();
    assert_eq!((seen, pipeline.stats().exported), (200, 200));
    assert_eq!(collector.connections(), 4, "each is kept open");
}

#[test]
fn few_spans_need_one_connection() {
    let collector = Collector::start(|_| ok());
    let (pipeline, tracer) = pipeline(&collector, 4);
    for _ in 0..10 {
        finish(&tracer, 5);
        pipeline.flush(SOON).unwrap();
    }
    assert_eq!((collector.connections(), pipeline.stats().exported), (1, 50));
}

#[test]
fn a_slow_collector_loses_what_several_senders_do_not() {
    // Ten answers are slow; what can be sent meanwhile needs no memory.
    const SLOW: usize = 10;
    let lost = |sends| {
        let gate = Gate::default();
        let replies = gate.clone();
        let collector = Collector::start(move |n| if n < SLOW { replies.reply() } else { ok() });
        let (pipeline, tracer) = pipeline(&collector, sends);
        finish(&tracer, 10 * SLOW);
        wait_until(|| collector.requests().len() == SLOW.min(sends));
        // More than the memory holds, at a pace that leaves the worker time where it has somebody to give batches to.
        for _ in 0..100 {
            finish(&tracer, 100);
            let is_stuck = sends <= SLOW;
            wait_until(|| is_stuck || pipeline.stats().pending < 1_000);
        }
        gate.open();
        pipeline.shutdown(SOON).unwrap();
        let (stats, seen) = (pipeline.stats(), collector.requests());
        let seen: usize = seen.iter().map(|request| request.span_count()).sum();
        assert_eq!((seen as u64, stats.failed, stats.pending), (stats.exported, 0, 0));
        assert_eq!(stats.finished, stats.exported + stats.dropped.memory);
        stats.dropped.memory
    };
    assert!(lost(1) > 1_000, "one sender waits for each answer");
    assert_eq!(lost(SLOW + 1), 0);
}

#[test]
fn what_one_request_is_told_all_obey() {
    let collector = Collector::start(|n| match n {
        0 => Reply::Bytes(answer("429 Too Many Requests", &["retry-after: 50"], b"slow down")),
        _ => ok(),
    });
    let builder = OtlpHttp::builder().endpoint(collector.url()).timeout(Duration::from_secs(2));
    let mut exporter = builder.concurrent_sends_max(3).build().unwrap();
    let mut further = tracer_core::Exporter::concurrent(&exporter);
    assert_eq!(further.len(), 2);
    assert!(super::spans::export(&mut exporter, 1, SOON).is_err());
    for other in &mut further {
        assert!(super::spans::export(other.as_mut(), 1, SOON).is_err());
    }
    assert_eq!(collector.requests().len(), 1);
    // A forked process is told by itself.
    let mut childs = tracer_core::Exporter::for_child(&exporter).unwrap();
    assert!(super::spans::export(childs.as_mut(), 1, SOON).is_ok());
    assert_eq!(childs.concurrent().len(), 2);
}
