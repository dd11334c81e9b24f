//! The pipeline: bounded, never in the application's way, every span accounted for.
#![cfg(not(feature = "recording-off"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tracer_core::testing::InMemoryExporter;
use tracer_core::{
    Batch, ConstSampler, ExportError, Exported, Exporter, FlushError, Pipeline, Resource, SpanLimits, Stats,
    Tracer,
};

const SOON: Duration = Duration::from_secs(20);

/// An exporter that does as it is told.
struct Scripted<F>(F);

impl<F: FnMut(&Batch<'_>) -> Result<Exported, ExportError> + Send> Exporter for Scripted<F> {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        (self.0)(batch)
    }
}

fn assert_balanced(stats: &Stats) {
    let ended = stats.exported + stats.failed + stats.dropped.total();
    assert_eq!(stats.finished, ended + stats.pending, "{stats:?}");
    assert_eq!(stats.started, stats.finished + stats.open, "{stats:?}");
}

#[test]
fn a_full_pipeline_drops_new_spans_and_counts_them() {
    let pipeline = Pipeline::builder()
        .exporter(InMemoryExporter::default())
        .memory_bytes_max(10_000)
        .start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    for _ in 0..1_000 {
        tracer.span("work").start().finish();
    }
    let full = pipeline.stats();
    assert!(full.dropped.memory > 800 && full.pending > 10, "{full:?}");
    assert_balanced(&full);
    pipeline.flush(SOON).unwrap();
    let flushed = pipeline.stats();
    assert_eq!(flushed.exported, full.pending);
    assert_eq!(flushed.pending, 0);
    tracer.span("room again").start().finish();
    pipeline.flush(SOON).unwrap();
    assert_eq!(pipeline.stats().exported, full.pending + 1);
}

#[test]
fn spans_from_many_threads_are_all_accounted_for() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let exporter = Scripted(move |batch: &Batch<'_>| {
        counted.fetch_add(batch.rows.iter().count(), Ordering::Relaxed);
        Ok(Exported::ALL)
    });
    let pipeline = Pipeline::builder().exporter(exporter).memory_bytes_max(1 << 20).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for n in 0..20_000 {
                    tracer.span("work").tag("n", n).start().finish();
                }
            });
        }
    });
    pipeline.shutdown(SOON).unwrap();
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert_eq!((stats.finished, stats.pending, stats.open), (160_000, 0, 0));
    assert_eq!(stats.exported, seen.load(Ordering::Relaxed) as u64);
}

#[test]
fn pressure_wakes_the_worker_long_before_its_interval() {
    let exporter = InMemoryExporter::default();
    let builder = Pipeline::builder().exporter(exporter.clone()).memory_bytes_max(100_000);
    let pipeline = builder.interval(Duration::from_secs(3_600)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let started = Instant::now();
    while exporter.spans().is_empty() {
        tracer.span("work").start().finish();
        assert!(started.elapsed() < SOON, "never woken: {}", pipeline.stats());
    }
}

#[test]
fn a_hung_exporter_holds_neither_the_application_nor_a_flush() {
    let release = Arc::new(AtomicBool::new(false));
    let hang = Arc::clone(&release);
    let exporter = Scripted(move |_: &Batch<'_>| {
        while !hang.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Exported::ALL)
    });
    let pipeline = Pipeline::builder().exporter(exporter).memory_bytes_max(20_000).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("first").start().finish();
    assert_eq!(pipeline.flush(Duration::from_millis(50)), Err(FlushError::TimedOut));
    for _ in 0..10_000 {
        tracer.span("work").start().finish();
    }
    assert_balanced(&pipeline.stats());
    assert!(pipeline.stats().dropped.memory > 9_000);
    assert_eq!(pipeline.shutdown(Duration::from_millis(50)), Err(FlushError::TimedOut));
    release.store(true, Ordering::Relaxed);
}

#[test]
fn after_a_shutdown_spans_are_counted_and_dropped() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    let open = tracer.span("open").start();
    tracer.shutdown(SOON).unwrap();
    open.finish();
    assert_eq!(tracer.shutdown(SOON), Err(FlushError::ShutDown));
    assert_eq!(tracer.flush(SOON), Err(FlushError::ShutDown));
    assert_eq!(tracer.stats().dropped.shutdown, 1);
    assert_balanced(&tracer.stats());
    assert!(exporter.spans().is_empty());
}

#[test]
fn a_shutdown_in_the_middle_of_a_burst_loses_no_count() {
    for _ in 0..20 {
        let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| (0..2_000).for_each(|_| tracer.span("work").start().finish()));
            }
            pipeline.shutdown(SOON).unwrap();
        });
        let deadline = Instant::now() + SOON;
        while pipeline.stats().pending > 0 {
            assert!(Instant::now() < deadline, "{:?}", pipeline.stats());
            std::thread::yield_now();
        }
        assert_balanced(&pipeline.stats());
    }
}

#[test]
fn an_exporter_that_panics_or_fails_costs_its_batch_and_no_more() {
    let mut call = 0;
    let exporter = Scripted(move |_: &Batch<'_>| {
        call += 1;
        match call {
            1 => panic!("broken exporter"),
            2 => Err(ExportError::Failed("on purpose".into())),
            3 => Ok(Exported::all_but(1)),
            _ => Ok(Exported::ALL),
        }
    });
    let tracer = Tracer::builder("svc").exporter(exporter).build();
    let mut flushes = Vec::new();
    for _ in 0..4 {
        tracer.span("a").start().finish();
        tracer.span("b").start().finish();
        flushes.push(tracer.flush(SOON));
    }
    let failed = Err(FlushError::ExportFailed);
    assert_eq!(flushes, [failed, failed, failed, Ok(())]);
    let stats = tracer.stats();
    assert_eq!((stats.exported, stats.failed), (3, 5));
    assert_balanced(&stats);
}

#[test]
fn a_span_is_exported_if_one_of_two_exporters_took_it() {
    let broken = Scripted(|_: &Batch<'_>| Err(ExportError::TimedOut { endpoint: "nowhere".into() }));
    let tracer = Tracer::builder("svc").exporter(broken).exporter(InMemoryExporter::default()).build();
    tracer.span("work").start().finish();
    assert_eq!(tracer.flush(SOON), Err(FlushError::ExportFailed));
    let stats = tracer.stats();
    assert_eq!((stats.exported, stats.failed), (1, 0));
    let per_exporter: Vec<_> = stats.exporters.iter().map(|e| (e.name, e.exported, e.failed)).collect();
    assert_eq!(per_exporter, [("scripted", 0, 1), ("memory", 1, 0)]);
}

#[test]
fn batches_are_cut_by_count_and_grouped_by_service() {
    let sizes = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let seen = Arc::clone(&sizes);
    let exporter = Scripted(move |batch: &Batch<'_>| {
        seen.lock().push((batch.resource.service_name().to_owned(), batch.rows.len()));
        Ok(Exported::ALL)
    });
    let pipeline = Pipeline::builder().exporter(exporter).batch_max(usize::MAX, 10).start_without_thread();
    let [a, b] = ["a", "b"].map(|name| Tracer::builder(name).pipeline(&pipeline).build());
    for _ in 0..12 {
        a.span("work").start().finish();
        b.span("work").start().finish();
    }
    pipeline.flush(SOON).unwrap();
    let mut sizes = sizes.lock().clone();
    sizes.sort();
    assert_eq!(sizes, [("a".into(), 2), ("a".into(), 10), ("b".into(), 2), ("b".into(), 10)]);
}

#[test]
fn what_an_exporter_traces_is_not_traced() {
    let inner = Arc::new(parking_lot::Mutex::new(Tracer::noop()));
    let tracer_of_exporter = Arc::clone(&inner);
    let exporter = Scripted(move |_: &Batch<'_>| {
        tracer_of_exporter.lock().span("HTTP POST").start().finish();
        Ok(Exported::ALL)
    });
    let tracer = Tracer::builder("svc").exporter(exporter).build();
    *inner.lock() = tracer.clone();
    tracer.span("work").start().finish();
    tracer.flush(SOON).unwrap();
    tracer.flush(SOON).unwrap();
    assert_eq!((tracer.stats().finished, tracer.stats().unsampled), (1, 1));
}

#[test]
fn the_guard_flushes_at_the_end_of_its_scope() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    {
        let _guard = tracer.shutdown_on_drop(SOON);
        tracer.span("work").start().finish();
    }
    assert_eq!(exporter.spans().len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn flush_and_shutdown_need_no_runtime() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    tracer.span("work").start().finish();
    tracer.flush(SOON).unwrap();
    assert_eq!(exporter.spans().len(), 1);
    tracer.shutdown(SOON).unwrap();
}

#[test]
fn a_span_is_cut_to_its_limits_and_that_is_counted() {
    let exporter = InMemoryExporter::default();
    let mut limits = SpanLimits::default();
    limits.attributes_max = 2 + 2; // a root has the sampler's two
    limits.events_max = 1;
    limits.value_bytes_max = 5;
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).limits(limits).build();
    let mut span = tracer.span("work").start();
    span.set_tag("cut", "abcdé").set_tag("fits", "abcde").set_tag("third", 1).set_tag("fits", "again");
    span.log("kept", &[("f", "123456".into())]).log("left out", &[]);
    span.finish();
    pipeline.flush(SOON).unwrap();
    let span = &exporter.spans()[0];
    assert_eq!(span.attribute("cut").unwrap().to_string(), "abcd");
    assert_eq!(span.attribute("fits").unwrap().to_string(), "again");
    assert_eq!(span.events[0].attributes[0].1.to_string(), "12345");
    assert_eq!((span.dropped_attributes, span.dropped_events), (1, 1));
    assert_eq!((pipeline.stats().values_cut, pipeline.stats().entries_dropped), (2, 2));
}

#[test]
fn no_span_is_larger_than_64_kib() {
    let largest = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&largest);
    let exporter = Scripted(move |batch: &Batch<'_>| {
        seen.fetch_max(batch.rows.as_bytes().len(), Ordering::Relaxed);
        Ok(Exported::ALL)
    });
    let mut limits = SpanLimits::default();
    (limits.attributes_max, limits.events_max, limits.links_max) = (u32::MAX, u32::MAX, u32::MAX);
    (limits.value_bytes_max, limits.name_bytes_max, limits.body_bytes_max) =
        (usize::MAX, usize::MAX, usize::MAX);
    let pipeline = Pipeline::builder().exporter(exporter).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).limits(limits).build();
    let long = "x".repeat(9_000);
    let mut span = tracer.span_with_name(&long).start();
    for n in 0..5_000 {
        span.set_tag(&format!("k{n}"), &long[..n % 300]).log(&long, &[("f", (&long).into())]);
    }
    span.set_status(tracer_core::StatusCode::Error, &long);
    span.finish();
    pipeline.flush(SOON).unwrap();
    let largest = largest.load(Ordering::Relaxed);
    assert!((30_000..65_536).contains(&largest), "{largest}");
}

#[test]
fn an_unsampled_span_is_counted_apart() {
    let tracer = Tracer::builder_for(Resource::bare("svc"))
        .sampler(ConstSampler::OFF)
        .exporter(InMemoryExporter::default())
        .build();
    tracer.span("work").start().finish();
    let stats = tracer.stats();
    assert_eq!((stats.unsampled, stats.started, stats.finished), (1, 0, 0));
}
