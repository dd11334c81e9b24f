//! Spans that outlive their tracer and its pipeline.
#![cfg(not(feature = "recording-off"))]

use std::time::Duration;

use tracer_core::testing::InMemoryExporter;
use tracer_core::{Pipeline, Span, Tracer};

const SOON: Duration = Duration::from_secs(60);

fn pipeline() -> (Pipeline, InMemoryExporter) {
    let exporter = InMemoryExporter::default();
    (Pipeline::builder().exporter(exporter.clone()).start_without_thread(), exporter)
}

fn names(exporter: &InMemoryExporter) -> Vec<(String, String)> {
    exporter.spans().iter().map(|span| (span.service.clone(), span.name.clone())).collect()
}

#[test]
fn a_span_without_tracer_and_pipeline_goes_to_no_other() {
    let (old, _exporter) = pipeline();
    let tracer = Tracer::builder("old").pipeline(&old).build();
    let mut spans: Vec<Span> = (0..4).map(|_| tracer.span("old").tag("n", 1).start()).collect();
    drop((tracer, old));
    // As many as would use any place again.
    let others: Vec<_> = (0..50).map(|_| pipeline()).collect();
    let tracers: Vec<_> =
        others.iter().map(|(pipeline, _)| Tracer::builder("new").pipeline(pipeline).build()).collect();
    tracers.iter().for_each(|tracer| tracer.span("new").start().finish());
    assert!(!spans[0].tracer().is_enabled());
    spans[0].set_tag("late", true).log("late", &[]);
    let elsewhere = spans.pop();
    std::thread::scope(|threads| {
        threads.spawn(move || drop(elsewhere));
    });
    spans.pop().unwrap().finish_at(std::time::UNIX_EPOCH);
    let _ = spans.pop().unwrap().set_tag("sampling.priority", 0);
    drop(spans);
    for (pipeline, exporter) in &others {
        pipeline.flush(SOON).unwrap();
        assert_eq!(names(exporter), [("new".to_owned(), "new".to_owned())]);
        let stats = pipeline.stats();
        assert_eq!((stats.started, stats.finished, stats.dropped.total()), (1, 1, 0), "{stats:?}");
    }
}

#[test]
fn a_span_without_tracer_whose_pipeline_lives_keeps_its_service() {
    let (pipeline, exporter) = pipeline();
    let old = Tracer::builder("old").pipeline(&pipeline).build();
    let span = old.span("old").start();
    drop(old);
    let new = Tracer::builder("new").pipeline(&pipeline).build();
    new.span("new").start().finish();
    span.finish();
    pipeline.flush(SOON).unwrap();
    let expected = [("new", "new"), ("old", "old")];
    let mut seen = names(&exporter);
    seen.sort();
    assert_eq!(seen, expected.map(|(service, name)| (service.to_owned(), name.to_owned())));
}

#[test]
fn a_span_that_outlives_a_shutdown_is_counted() {
    let (pipeline, exporter) = pipeline();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let span = tracer.span("open").start();
    drop(tracer);
    pipeline.shutdown(SOON).unwrap();
    span.finish();
    let stats = pipeline.stats();
    assert_eq!(
        (stats.finished, stats.dropped.shutdown, stats.open, stats.pending),
        (1, 1, 0, 0),
        "{stats:?}"
    );
    assert!(exporter.spans().is_empty());
}

#[test]
fn whatever_ends_after_a_shutdown_is_counted_however_it_ends() {
    let (pipeline, exporter) = pipeline();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let start = || tracer.span("open").ignore_active_span().start();
    let [plain, mut tagged, logged, timed, moved, taken] = [(); 6].map(|()| start());
    tagged.set_tag("n", 1);
    tracer.shutdown(SOON).unwrap();
    plain.finish();
    drop(tagged);
    let mut logged = logged;
    logged.log("late", &[]).set_tag("error", true);
    logged.finish();
    timed.finish_at(std::time::SystemTime::UNIX_EPOCH);
    std::thread::scope(|threads| {
        threads.spawn(move || drop(moved));
    });
    let mut taken = taken;
    taken.set_tag("sampling.priority", 0);
    drop(taken);
    // A span that begins now is no different.
    start().finish();
    tracer.span("child").child_of(start().context()).start().finish();
    let stats = pipeline.stats();
    let figures = [stats.started, stats.finished, stats.dropped.shutdown, stats.dropped.sampling, stats.open];
    assert_eq!(figures, [9, 9, 8, 1, 0], "{stats:?}");
    assert_eq!((stats.exported, stats.pending, exporter.spans().len()), (0, 0, 0), "{stats:?}");
}
