//! An exporter that sends several batches at the same time.

#![cfg(not(feature = "recording-off"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracer_core::{Batch, ExportError, Exported, Exporter, FlushError, Pipeline, Stats, Tracer};

const SOON: Duration = Duration::from_secs(30);

/// A receiver that answers a batch when the test says so.
#[derive(Default)]
struct Receiver {
    state: Mutex<State>,
    changed: Condvar,
    flushes: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// Exports that were begun, and the most that were under way at the same time.
    begun: usize,
    under_way: usize,
    most: usize,
    /// How many may end, and how.
    may_end: usize,
    answers: Vec<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Taken,
    Rejected(usize),
    Failed,
    Panic,
}

#[derive(Clone)]
struct Sends(Arc<Receiver>, usize);

impl Receiver {
    /// Waits until so many exports are under way.
    fn wait_for(&self, under_way: usize) {
        self.wait_until(|state| state.under_way == under_way);
    }

    fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        let (mut state, deadline) = (self.state.lock(), Instant::now() + SOON);
        while !is_so(&state) {
            assert!(
                !self.changed.wait_until(&mut state, deadline).timed_out(),
                "{} under way",
                state.under_way
            );
        }
    }

    /// Lets further exports end; those that begin later than there are answers are taken.
    fn let_end(&self, exports: usize, answers: &[Answer]) {
        let mut state = self.state.lock();
        state.may_end = state.may_end.saturating_add(exports);
        state.answers.extend(answers);
        self.changed.notify_all();
    }

    fn export(&self, deadline: Instant) -> Answer {
        let mut state = self.state.lock();
        (state.begun, state.under_way) = (state.begun + 1, state.under_way + 1);
        state.most = state.most.max(state.under_way);
        self.changed.notify_all();
        while state.may_end == 0 {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.may_end = state.may_end.saturating_sub(1);
        state.under_way -= 1;
        self.changed.notify_all();
        if state.answers.is_empty() { Answer::Taken } else { state.answers.remove(0) }
    }
}

impl Exporter for Sends {
    fn name(&self) -> &'static str {
        "sends"
    }

    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        assert!(!batch.rows.is_empty());
        match self.0.export(deadline) {
            Answer::Taken => Ok(Exported::ALL),
            Answer::Rejected(spans) => Ok(Exported::all_but(spans)),
            Answer::Failed => Err(ExportError::Failed("no".into())),
            Answer::Panic => panic!("the exporter's own"),
        }
    }

    fn concurrent(&self) -> Vec<Box<dyn Exporter>> {
        (1..self.1).map(|_| Box::new(self.clone()) as Box<dyn Exporter>).collect()
    }

    fn flush(&mut self, _: Instant) -> Result<(), ExportError> {
        self.0.flushes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A pipeline whose batches have ten spans.
fn pipeline(exporters: &[&Sends]) -> (Pipeline, Tracer) {
    let builder = Pipeline::builder().batch_max(usize::MAX, 10).interval(Duration::from_millis(5));
    let builder = exporters.iter().fold(builder, |builder, sends| builder.exporter((*sends).clone()));
    let pipeline = builder.export_timeout(SOON).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    (pipeline, tracer)
}

fn finish(tracer: &Tracer, spans: usize) {
    (0..spans).for_each(|_| tracer.span("work").start().finish());
}

fn assert_balanced(stats: &Stats) {
    let ended = stats.exported + stats.failed + stats.dropped.total();
    assert_eq!(stats.finished, ended + stats.pending, "{stats:?}");
}

#[test]
fn as_many_batches_are_under_way_as_there_are_exporters_and_no_more() {
    let sends = Sends(Arc::default(), 3);
    let (pipeline, tracer) = pipeline(&[&sends]);
    finish(&tracer, 100);
    sends.0.wait_for(3);
    let stats = pipeline.stats();
    assert_eq!((stats.exported, stats.pending), (0, 100));
    sends.0.let_end(1, &[]);
    sends.0.wait_until(|state| state.begun == 4);
    assert_eq!(sends.0.state.lock().most, 3);
    sends.0.let_end(usize::MAX / 2, &[]);
    assert_eq!(pipeline.flush(SOON), Ok(()));
    let stats = pipeline.stats();
    assert_eq!((stats.exported, stats.pending, stats.failed), (100, 0, 0));
    assert_eq!(stats.exporters[0].exported, 100);
    assert_eq!(sends.0.state.lock().most, 3);
    assert!((1..=3).contains(&sends.0.flushes.load(Ordering::Relaxed)), "those that have a thread");
}

#[test]
fn a_pipeline_without_a_thread_sends_one_after_the_other() {
    let sends = Sends(Arc::default(), 3);
    sends.0.let_end(usize::MAX / 2, &[]);
    let pipeline =
        Pipeline::builder().batch_max(usize::MAX, 10).exporter(sends.clone()).start_without_thread();
    finish(&Tracer::builder("svc").pipeline(&pipeline).build(), 100);
    assert_eq!(pipeline.flush(SOON), Ok(()));
    assert_eq!((sends.0.state.lock().most, pipeline.stats().exported), (1, 100));
}

#[test]
fn what_fails_is_rejected_or_panics_is_counted() {
    let sends = Sends(Arc::default(), 2);
    let (pipeline, tracer) = pipeline(&[&sends]);
    let answers = [Answer::Failed, Answer::Panic, Answer::Rejected(3), Answer::Taken];
    sends.0.let_end(usize::MAX / 2, &answers);
    finish(&tracer, 40);
    assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    let stats = pipeline.stats();
    // Sweeps may cut smaller batches, so what each answer is about is not known; the sum is.
    assert_balanced(&stats);
    assert_eq!((stats.pending, stats.exported + stats.failed), (0, 40), "{stats:?}");
    assert!(stats.failed >= 3, "{stats:?}");
    finish(&tracer, 10);
    assert_eq!(pipeline.shutdown(SOON), Ok(()), "a panic ends nothing");
    assert_eq!(pipeline.stats().exported, stats.exported + 10);
}

#[test]
fn a_span_is_exported_if_one_of_several_exporters_takes_it_and_known_when_all_have_answered() {
    let (first, second) = (Sends(Arc::default(), 2), Sends(Arc::default(), 1));
    let (pipeline, tracer) = pipeline(&[&first, &second]);
    first.0.let_end(0, &[Answer::Failed; 10]);
    second.0.let_end(usize::MAX / 2, &[]);
    finish(&tracer, 1);
    first.0.wait_for(1);
    assert_eq!(pipeline.stats().exported, 0);
    first.0.let_end(usize::MAX / 2, &[]);
    assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    let stats = pipeline.stats();
    assert_eq!((stats.exported, stats.failed), (1, 0));
    assert_eq!((stats.exporters[0].failed, stats.exporters[1].exported), (1, 1));
}

#[test]
fn a_flush_ends_at_its_deadline_and_what_is_under_way_is_counted_when_it_has_ended() {
    let sends = Sends(Arc::default(), 2);
    let (pipeline, tracer) = pipeline(&[&sends]);
    finish(&tracer, 5);
    sends.0.wait_for(1);
    assert_eq!(pipeline.flush(Duration::from_millis(50)), Err(FlushError::TimedOut));
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert_eq!(stats.pending, 5);
    finish(&tracer, 5);
    // It has the other lane, and no time.
    assert_eq!(pipeline.shutdown(Duration::from_millis(50)), Err(FlushError::TimedOut));
    sends.0.let_end(usize::MAX / 2, &[]);
    let deadline = Instant::now() + SOON;
    while pipeline.stats().exported < 10 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert_eq!((stats.exported, stats.dropped.shutdown), (10, 0), "{stats:?}");
}

#[test]
fn batches_under_way_use_the_pipelines_memory() {
    let sends = Sends(Arc::default(), 4);
    let builder = Pipeline::builder().exporter(sends.clone()).batch_max(10_000, usize::MAX);
    let builder = builder.memory_bytes_max(200_000).interval(Duration::from_millis(1)).export_timeout(SOON);
    let pipeline = builder.start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    while pipeline.stats().dropped.memory == 0 {
        finish(&tracer, 100);
    }
    sends.0.wait_for(4);
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert!(stats.pending < 200_000 / 60, "a row has more than 60 bytes: {stats:?}");
    sends.0.let_end(usize::MAX / 2, &[]);
    assert_eq!(pipeline.flush(SOON), Ok(()));
    let dropped = pipeline.stats().dropped.memory;
    finish(&tracer, 500);
    assert_eq!(pipeline.stats().dropped.memory, dropped, "what was held is given back");
    assert_eq!(pipeline.shutdown(SOON), Ok(()));
    let stats = pipeline.stats();
    assert_balanced(&stats);
    assert_eq!(stats.pending, 0);
}
