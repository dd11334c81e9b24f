//! Threads that come and go, and threads that idle.
#![cfg(not(feature = "recording-off"))]

use std::sync::Barrier;
use std::time::Duration;

use tracer_core::testing::InMemoryExporter;
use tracer_core::{Pipeline, Tracer};

const SOON: Duration = Duration::from_secs(60);

#[test]
fn ten_thousand_short_threads_lose_nothing() {
    let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    for _ in 0..500 {
        std::thread::scope(|threads| {
            for n in 0..20 {
                let tracer = &tracer;
                threads.spawn(move || tracer.span("short").tag("n", n).start().finish());
            }
        });
    }
    pipeline.flush(SOON).unwrap();
    let stats = pipeline.stats();
    assert_eq!((stats.started, stats.exported, stats.open), (10_000, 10_000, 0), "{stats:?}");
}

#[test]
fn idle_threads_do_not_use_up_the_memory_of_a_busy_one() {
    const IDLE: usize = 300;
    // Room for a few chunks only: 300 threads with a chunk each hold forty times as much.
    let pipeline =
        Pipeline::builder().exporter(InMemoryExporter::default()).memory_bytes_max(64 << 10).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let (all_have_spans, busy_is_done) = (Barrier::new(IDLE + 1), Barrier::new(IDLE + 1));
    std::thread::scope(|threads| {
        for _ in 0..IDLE {
            threads.spawn(|| {
                tracer.span("idle").start().finish();
                all_have_spans.wait();
                busy_is_done.wait();
            });
        }
        all_have_spans.wait();
        for _ in 0..20 {
            (0..200).for_each(|_| tracer.span("busy").start().finish());
            pipeline.flush(SOON).unwrap();
        }
        busy_is_done.wait();
    });
    let stats = pipeline.stats();
    assert_eq!((stats.exported, stats.dropped.total()), (4_000 + IDLE as u64, 0), "{stats:?}");
}

#[test]
fn a_span_may_end_on_another_thread_than_it_began() {
    let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let (sender, receiver) = std::sync::mpsc::channel::<tracer_core::Span>();
    std::thread::scope(|threads| {
        threads.spawn(move || receiver.into_iter().for_each(tracer_core::Span::finish));
        for n in 0..1_000 {
            let mut span = tracer.span("handed over").start();
            span.set_tag("n", n);
            sender.send(span).unwrap();
        }
        drop(sender);
    });
    pipeline.flush(SOON).unwrap();
    let stats = pipeline.stats();
    assert_eq!((stats.started, stats.exported, stats.open, stats.pending), (1_000, 1_000, 0, 0));
}

#[test]
fn tracers_of_one_thread_do_not_get_into_each_others_way() {
    let exporters: Vec<_> = (0..20).map(|_| InMemoryExporter::default()).collect();
    let pipelines =
        exporters.iter().map(|it| Pipeline::builder().exporter(it.clone()).start_without_thread());
    let pipelines: Vec<_> = pipelines.collect();
    let tracers: Vec<_> = pipelines.iter().map(|it| Tracer::builder("svc").pipeline(it).build()).collect();
    for round in 0..10 {
        for (n, tracer) in tracers.iter().enumerate() {
            tracer.span("mine").tag("n", n).tag("round", round).start().finish();
        }
    }
    for (n, (pipeline, exporter)) in pipelines.iter().zip(&exporters).enumerate() {
        pipeline.flush(SOON).unwrap();
        let spans = exporter.spans();
        assert_eq!(spans.len(), 10);
        assert!(spans.iter().all(|span| span.attribute("n").unwrap().to_string() == n.to_string()));
    }
}
