//! The collector is away or stuck: memory is bounded, every span is counted.

use std::time::{Duration, Instant};

use tracer_core::{FlushError, Pipeline, Stats, Tracer};
use tracer_exporter_jaeger::OtlpHttp;

use super::collector::{Collector, Reply, nobody, ok};

const SOON: Duration = Duration::from_secs(20);

fn assert_balanced(stats: &Stats) {
    let ended = stats.exported + stats.failed + stats.dropped.total();
    assert_eq!(stats.finished, ended + stats.pending, "{stats:?}");
}

fn pipeline(url: String, memory_bytes_max: usize) -> (Pipeline, Tracer) {
    let exporter = OtlpHttp::builder().endpoint(url).build().unwrap();
    let builder = Pipeline::builder().exporter(exporter).memory_bytes_max(memory_bytes_max);
    let pipeline = builder.batch_max(16 << 10, 100).interval(Duration::from_millis(10)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    (pipeline, tracer)
}

#[test]
fn a_stuck_collector_costs_no_more_than_the_memory_that_was_given() {
    const MEMORY_BYTES: u64 = 200_000;
    let collector = Collector::start(|_| Reply::Hang);
    let (pipeline, tracer) = pipeline(collector.url(), 200_000);
    for _ in 0..20_000 {
        tracer.span("work").tag("text", "0123456789").start().finish();
    }
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert!(stats.pending <= MEMORY_BYTES / 100, "a row and its slot are over 100 bytes: {stats:?}");
    assert!(stats.dropped.memory > 15_000, "{stats:?}");
    let begun = Instant::now();
    assert!(pipeline.shutdown(Duration::from_millis(300)).is_err());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_collector_that_is_away_holds_up_no_flush_of_many_batches() {
    let (pipeline, tracer) = pipeline(format!("http://{}", nobody()), 32 << 20);
    let begun = Instant::now();
    for _ in 0..10_000 {
        tracer.span("work").start().finish();
    }
    // The worker may have tried all of them before the flush, which then has nothing to say.
    assert_ne!(pipeline.flush(SOON), Err(FlushError::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let stats = pipeline.stats();
    assert_eq!((stats.failed, stats.pending, stats.exported), (10_000, 0, 0));
    assert_balanced(&stats);
}

#[test]
fn every_span_reaches_a_collector_that_is_there() {
    let collector = Collector::start(|_| ok());
    let (pipeline, tracer) = pipeline(collector.url(), 32 << 20);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for n in 0..2_500 {
                    tracer.span("work").tag("n", n).start().finish();
                }
            });
        }
    });
    pipeline.shutdown(SOON).unwrap();
    let seen: usize = collector.requests().iter().map(|request| request.span_count()).sum();
    assert_eq!((seen, pipeline.stats().exported), (10_000, 10_000));
    assert_eq!(collector.connections(), 1);
}
