//! Overload and its accounts: exact with a tiny budget, a reserve that goes last.
#![cfg(not(feature = "recording-off"))]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::row::record::Value;
use tracer_core::testing::InMemoryExporter;
use tracer_core::{
    Batch, ExportError, Exported, Exporter, Pipeline, PipelineBuilder, Span, SpanContext, SpanId, SpanLimits,
    Stats, StatusCode, TraceFlags, TraceId, Tracer,
};

const SOON: Duration = Duration::from_secs(60);
const THREADS: u64 = 6;
const SPANS: u64 = 20_000;

/// Counts the rows that it took, fails every fifth time and panics every seventh.
#[derive(Default)]
struct Moody {
    calls: u64,
    taken: Arc<AtomicU64>,
}

impl Exporter for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        self.calls += 1;
        assert!(self.calls % 7 != 0, "on purpose");
        if self.calls % 5 == 0 {
            return Err(ExportError::Failed("on purpose".into()));
        }
        self.taken.fetch_add(batch.rows.iter().count() as u64, Ordering::Relaxed);
        Ok(Exported::ALL)
    }
}

fn builder(memory_bytes: usize, reserve_bytes: usize) -> (PipelineBuilder, Arc<AtomicU64>) {
    let exporter = Moody::default();
    let taken = Arc::clone(&exporter.taken);
    let builder = Pipeline::builder().exporter(exporter).memory_bytes_max(memory_bytes);
    (builder.reserve_for_errors_and_roots(reserve_bytes).batch_max(4_096, 50), taken)
}

/// Threads that finish spans as fast as they can, one of a hundred on a thread that starts none. Some end
/// without a flush, some are followed by others.
fn finish_many(tracer: &Tracer) {
    let (elsewhere, moved) = mpsc::channel::<Span>();
    std::thread::scope(|threads| {
        threads.spawn(move || moved.into_iter().for_each(Span::finish));
        for _ in 0..THREADS {
            let elsewhere = elsewhere.clone();
            threads.spawn(move || (0..4).for_each(|part| finish_on_a_thread(tracer, &elsewhere, part)));
        }
        drop(elsewhere);
    });
}

fn finish_on_a_thread(tracer: &Tracer, elsewhere: &mpsc::Sender<Span>, part: u64) {
    std::thread::scope(|short| {
        short.spawn(|| finish_some(tracer, elsewhere, part));
    });
}

fn finish_some(tracer: &Tracer, elsewhere: &mpsc::Sender<Span>, part: u64) {
    let root = tracer.span("root").start();
    for n in 1..SPANS / 4 {
        let mut span = tracer.span("work").child_of(root.context()).start();
        if n % 50 == 0 {
            span.set_status(StatusCode::Error, "broken");
        }
        if (n + part) % 100 == 0 {
            assert!(elsewhere.send(span).is_ok(), "its thread waits for all");
        } else {
            span.set_tag("n", n);
        }
    }
}

fn assert_exact(stats: &Stats, taken: u64) {
    assert_eq!((stats.started, stats.finished), (THREADS * SPANS, THREADS * SPANS), "{stats:?}");
    let ended = stats.exported + stats.failed + stats.dropped.total();
    assert_eq!((stats.finished, stats.pending, stats.open), (ended, 0, 0), "{stats:?}");
    assert_eq!(stats.exported, taken, "{stats:?}");
}

#[test]
fn accounts_are_exact_with_a_tiny_budget_and_an_exporter_that_fails() {
    for (memory, reserve) in [(0, 0), (20_000, 0), (100_000, 50_000), (20_000, 40_000)] {
        let (builder, taken) = builder(memory, reserve);
        let pipeline = builder.start();
        finish_many(&Tracer::builder("svc").pipeline(&pipeline).build());
        // It says that some failed; the accounts say how many.
        let _ = pipeline.flush(SOON);
        assert_exact(&pipeline.stats(), taken.load(Ordering::Relaxed));
        let _ = pipeline.shutdown(SOON);
        assert_exact(&pipeline.stats(), taken.load(Ordering::Relaxed));
    }
}

#[test]
fn errors_and_local_roots_go_last() {
    let (builder, _) = builder(80_000, 40_000);
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let parent =
        SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED);
    let remote = parent.clone().into_remote();
    let ordinary = || tracer.span("work").child_of(&parent).start();
    let dropped_by = |work: &dyn Fn()| {
        let before = pipeline.stats().dropped.memory;
        work();
        pipeline.stats().dropped.memory - before
    };
    while dropped_by(&|| ordinary().finish()) == 0 {}
    assert_eq!(dropped_by(&|| tracer.span("root").start().finish()), 0);
    assert_eq!(dropped_by(&|| tracer.span("server").child_of(&remote).start().finish()), 0);
    let error = || {
        let mut span = ordinary();
        span.set_status(StatusCode::Error, "");
    };
    assert_eq!(dropped_by(&error), 0);
    // What these opened is not for others.
    assert_eq!(dropped_by(&|| (0..100).for_each(|_| ordinary().finish())), 100);
    assert_eq!(dropped_by(&|| (0..100).for_each(|_| ordinary().set_tag("k", 1).finish_now())), 100);
    let kept_of_reserve = (0..).take_while(|_| dropped_by(&error) == 0).count();
    assert!(kept_of_reserve > 200, "{kept_of_reserve}");
    let _ = pipeline.flush(SOON);
    assert_eq!(dropped_by(&|| ordinary().finish()), 0, "there is memory again");
}

/// Lets a chain of calls end with the span's end.
trait FinishNow {
    fn finish_now(&mut self);
}

impl FinishNow for Span {
    fn finish_now(&mut self) {
        std::mem::take(self).finish();
    }
}

#[test]
fn arrays_are_cut_to_their_limit_and_that_is_counted() {
    let exporter = InMemoryExporter::default();
    let mut limits = SpanLimits::default();
    limits.value_bytes_max = 16;
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).limits(limits).build();
    let (texts, numbers) = (&["0123456789", "abcdé-", "gone"][..], &[1_i64, 2, 3][..]);
    let mut span = tracer.span("work").start();
    span.set_tag("texts", texts).set_tag("numbers", numbers).set_tag("fits", &texts[..1]);
    span.set_tag("floats", &[0.5, 1.5, 2.5][..]).set_tag("truths", &[true; 17][..]);
    span.set_tag("number", u64::MAX);
    span.log("log", &[("texts", texts.into()), ("n", 1.into()), ("numbers", numbers.into())]);
    span.add_link(&SpanContext::default(), &[("texts", texts.into())]);
    span.finish();
    pipeline.flush(SOON).unwrap();
    let span = &exporter.spans()[0];
    let shown = |fields: &[(String, Value)]| {
        let texts = fields.iter().map(|(key, value)| format!("{key}={value}"));
        texts.filter(|text| !text.starts_with("sampler")).collect::<Vec<_>>().join(" ")
    };
    let cut = "[\"0123456789\", \"abcdé\"]";
    let truths = vec!["true"; 16].join(", ");
    assert_eq!(
        shown(&span.attributes),
        format!(
            "texts={cut} numbers=[1, 2] fits=[\"0123456789\"] floats=[0.5, 1.5] truths=[{truths}] number={}",
            u64::MAX
        )
    );
    assert_eq!(shown(&span.events[0].attributes), format!("texts={cut} n=1 numbers=[1, 2]"));
    assert_eq!(shown(&span.links[0].attributes), format!("texts={cut}"));
    assert_eq!(pipeline.stats().values_cut, 4 + 2 + 1);
}

#[test]
fn a_name_or_a_status_that_is_cut_is_counted() {
    let mut limits = SpanLimits::default();
    limits.name_bytes_max = 5;
    let exporter = InMemoryExporter::default();
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).limits(limits).build();
    let cut = || pipeline.stats().values_cut;
    tracer.span_with_name("short").start().finish();
    assert_eq!(cut(), 0);
    tracer.span_with_name("made while running").start().finish();
    assert_eq!(cut(), 1);
    let mut span = tracer.span("late").start();
    span.set_operation_name("renamed");
    span.set_status(StatusCode::Error, "no such file");
    span.finish();
    assert_eq!(cut(), 3);
    tracer.span("part of the program").start().finish();
    tracer.span("the same, tagged").tag("n", 1).start().finish();
    let mut span = tracer.span("not the name at the end").start();
    span.set_operation_name("last");
    span.finish();
    assert_eq!(cut(), 5);
    pipeline.flush(SOON).unwrap();
    let names: Vec<_> = exporter.spans().iter().map(|span| span.name.clone()).collect();
    assert_eq!(names, ["short", "made ", "renam", "part ", "the s", "last"]);
    assert_eq!(exporter.spans()[2].status_message, "no su");
}

#[test]
fn a_limit_of_names_has_a_limit_itself() {
    let mut limits = SpanLimits::default();
    limits.name_bytes_max = 1 << 20;
    let exporter = InMemoryExporter::default();
    let tracer = Tracer::builder("svc").exporter(exporter.clone()).limits(limits).build();
    tracer.span_with_name(&"n".repeat(3_000)).start().finish();
    tracer.flush(SOON).unwrap();
    assert_eq!(exporter.spans()[0].name.len(), 2_048);
    assert_eq!(tracer.stats().values_cut, 1);
}

#[test]
fn the_application_is_called_back_with_the_accounts() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let called = Arc::clone(&seen);
    let builder =
        Pipeline::builder().exporter(InMemoryExporter::default()).interval(Duration::from_secs(3_600));
    let builder = builder.on_stats(Duration::ZERO, move |stats| called.lock().push(stats.clone()));
    let pipeline = builder.start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("work").start().finish();
    let deadline = Instant::now() + SOON;
    while seen.lock().last().is_none_or(|stats| stats.exported < 1) {
        assert!(Instant::now() < deadline, "never called: {:?}", seen.lock());
        std::thread::yield_now();
    }
    tracer.span("more").start().finish();
    pipeline.shutdown(SOON).unwrap();
    assert_eq!(seen.lock().last(), Some(&pipeline.stats()), "the last call has the final figures");
}
