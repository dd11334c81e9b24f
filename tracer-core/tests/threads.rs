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

#[test]
fn six_hundred_idle_threads_do_not_starve_a_busy_one() {
    const IDLE: usize = 600;
    // More than a chunk holds: the last chunk of each thread is one that it had to ask for.
    const SPANS: usize = 120;
    let pipeline =
        Pipeline::builder().exporter(InMemoryExporter::default()).memory_bytes_max(256 << 10).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let (has_spans, idle_threads) = std::sync::mpsc::channel();
    let busy_is_done = Barrier::new(IDLE + 1);
    std::thread::scope(|threads| {
        for number in 0..IDLE {
            let (has_spans, busy_is_done, tracer) = (has_spans.clone(), &busy_is_done, &tracer);
            let idle = move || {
                (0..SPANS).for_each(|_| tracer.span("idle").start().finish());
                has_spans.send(()).unwrap();
                busy_is_done.wait();
            };
            std::thread::Builder::new().stack_size(128 << 10).spawn_scoped(threads, idle).unwrap();
            // One after the other, so that no more is under way than there is memory for.
            idle_threads.recv().unwrap();
            if number % 8 == 0 {
                pipeline.flush(SOON).unwrap();
            }
        }
        for _ in 0..10 {
            (0..1_000).for_each(|_| tracer.span("busy").start().finish());
            pipeline.flush(SOON).unwrap();
        }
        let stats = pipeline.stats();
        assert_eq!((stats.exported, stats.dropped.total()), ((10_000 + IDLE * SPANS) as u64, 0), "{stats:?}");
        busy_is_done.wait();
    });
}

#[test]
fn a_runtime_of_512_threads_loses_nothing() {
    const THREADS: usize = 512;
    let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_stack_size(256 << 10)
        .build()
        .unwrap();
    let all_run = std::sync::Arc::new(Barrier::new(THREADS));
    runtime.block_on(async {
        // Each blocks its thread until all run: so every thread of the runtime has one, and spans.
        let tasks: Vec<_> = (0..THREADS)
            .map(|_| {
                let (tracer, all_run) = (tracer.clone(), std::sync::Arc::clone(&all_run));
                tokio::spawn(async move {
                    all_run.wait();
                    let root = tracer.span("root").start();
                    for _ in 0..20 {
                        let child = tracer.span("child").child_of(root.context()).start();
                        tokio::task::yield_now().await;
                        child.finish();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        pipeline.flush_async(SOON).await.unwrap();
    });
    let stats = pipeline.stats();
    let spans = (THREADS * 21) as u64;
    assert_eq!((stats.started, stats.exported, stats.open, stats.pending), (spans, spans, 0, 0), "{stats:?}");
}

#[test]
fn spans_that_end_while_a_thread_is_torn_down_are_not_lost() {
    use std::cell::RefCell;
    thread_local! {
        static EARLY: RefCell<Option<(Tracer, tracer_core::Span)>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<EndsLate>> = const { RefCell::new(None) };
    }
    struct EndsLate(Tracer, Option<tracer_core::Span>);
    impl Drop for EndsLate {
        fn drop(&mut self) {
            self.0.span("in a destructor").tag("n", 1).start().finish();
            drop(self.1.take());
        }
    }
    let exporter = InMemoryExporter::default();
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    std::thread::scope(|threads| {
        let thread = threads.spawn(|| {
            // One is destroyed before the pipeline's own thread-local and one after, in whatever order that is.
            EARLY.with(|early| *early.borrow_mut() = Some((tracer.clone(), tracer.span("early").start())));
            tracer.span("alive").start().finish();
            let span = tracer.span("late").start();
            LATE.with(|late| *late.borrow_mut() = Some(EndsLate(tracer.clone(), Some(span))));
        });
        // Only a join waits for the thread's destructors, too.
        thread.join().unwrap();
    });
    pipeline.flush(SOON).unwrap();
    let mut names: Vec<_> = exporter.spans().iter().map(|span| span.name.clone()).collect();
    names.sort();
    assert_eq!(names, ["alive", "early", "in a destructor", "late"]);
    assert_eq!((pipeline.stats().open, pipeline.stats().pending), (0, 0));
}

#[test]
fn a_span_that_is_open_when_its_thread_panics_is_finished() {
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).build();
    let panicking = tracer.clone();
    let thread = std::thread::Builder::new().spawn(move || {
        let _owned = panicking.span("owned").start();
        let _active = panicking.span("active").start_active();
        panic!("on purpose");
    });
    thread.unwrap().join().unwrap_err();
    tracer.flush(SOON).unwrap();
    let mut names: Vec<_> = exporter.spans().iter().map(|span| span.name.clone()).collect();
    names.sort();
    assert_eq!(names, ["active", "owned"]);
    assert_eq!(tracer.stats().open, 0);
}
