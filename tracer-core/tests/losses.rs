//! What exporters are told of lost spans: with each batch, and without one when none comes any more.
#![cfg(not(feature = "recording-off"))]

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::testing::InMemoryExporter;
use tracer_core::{
    Batch, Dropped, ExportError, Exported, Exporter, FlushError, Losses, Pipeline, PipelineBuilder, Tracer,
};

const SOON: Duration = Duration::from_secs(60);

/// What an exporter is to do with its batches, and then with the reports.
#[derive(Clone, Copy)]
enum Does {
    Take,
    Reject(usize),
    Fail,
    Panic,
}

/// Does as it is told, and takes when it was told no more.
struct Scripted {
    batches: Vec<Does>,
    reports: Vec<Does>,
    seen: Seen,
}

/// Number, spans and losses of each batch.
type Seen = Arc<Mutex<Vec<(u64, usize, Losses)>>>;

impl Does {
    fn act(self) -> Result<Exported, ExportError> {
        assert!(!matches!(self, Self::Panic), "on purpose");
        match self {
            Self::Take | Self::Panic => Ok(Exported::ALL),
            Self::Reject(count) => Ok(Exported::all_but(count)),
            Self::Fail => Err(ExportError::Failed("on purpose".into())),
        }
    }
}

impl Scripted {
    fn note(&self, batch: &Batch<'_>) {
        self.seen.lock().push((batch.number, batch.rows.len(), batch.losses));
    }
}

impl Exporter for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        self.note(batch);
        self.batches.pop().unwrap_or(Does::Take).act()
    }

    fn report_losses(&mut self, batch: &Batch<'_>, _: Instant) -> Result<(), ExportError> {
        assert!(!batch.losses.is_empty());
        self.note(batch);
        self.reports.pop().unwrap_or(Does::Take).act().map(drop)
    }
}

/// A pipeline whose exporter does the first of each first.
fn pipeline(batches: &[Does], reports: &[Does]) -> (PipelineBuilder, Seen) {
    let seen = Seen::default();
    let reversed = |script: &[Does]| script.iter().rev().copied().collect();
    let (batches, reports) = (reversed(batches), reversed(reports));
    (Pipeline::builder().exporter(Scripted { batches, reports, seen: Arc::clone(&seen) }), seen)
}

fn failed(count: u64) -> Losses {
    Losses::new(Dropped::default(), count)
}

#[test]
fn a_batch_tells_its_exporter_what_was_lost_before() {
    let (builder, seen) = pipeline(&[Does::Fail], &[]);
    let builder = builder.exporter(InMemoryExporter::default());
    let pipeline = builder.memory_bytes_max(0).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("first").start().finish();
    assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    let mut finished = 0;
    while pipeline.stats().dropped.memory < 5 {
        tracer.span("work").start().finish();
        finished += 1;
    }
    pipeline.flush(SOON).unwrap();
    let both = Losses::new(Dropped::of_memory(5), 1);
    assert_eq!(*seen.lock(), [(1, 1, failed(0)), (2, finished - 5, both)]);
}

#[test]
fn what_no_batch_tells_a_flush_does_and_once() {
    let (builder, seen) = pipeline(&[Does::Reject(1)], &[]);
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    pipeline.flush(SOON).unwrap();
    (0..3).for_each(|_| tracer.span("work").start().finish());
    for _ in 0..3 {
        let _ = pipeline.flush(SOON);
    }
    assert_eq!(*seen.lock(), [(1, 3, failed(0)), (1, 0, failed(1))]);
}

#[test]
fn a_shutdown_tells_what_was_lost_last() {
    let (builder, seen) = pipeline(&[Does::Reject(2)], &[]);
    let pipeline = builder.interval(Duration::from_secs(3_600)).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    (0..3).for_each(|_| tracer.span("work").start().finish());
    assert_eq!(pipeline.shutdown(SOON), Err(FlushError::ExportFailed));
    assert_eq!(*seen.lock(), [(1, 3, failed(0)), (1, 0, failed(2))]);
}

#[test]
fn a_report_that_did_not_get_through_is_repeated_and_does_no_harm() {
    let (builder, seen) = pipeline(&[Does::Reject(1)], &[Does::Fail, Does::Panic]);
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("work").start().finish();
    assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    (0..4).for_each(|_| pipeline.flush(SOON).unwrap());
    assert_eq!(*seen.lock(), [(1, 1, failed(0)), (1, 0, failed(1)), (1, 0, failed(1)), (1, 0, failed(1))]);
    assert_eq!((pipeline.stats().worker_restarts, pipeline.stats().failed), (0, 1));
}

#[test]
fn a_flush_does_not_wait_for_a_report_to_a_receiver_that_is_away() {
    let (builder, seen) = pipeline(&[Does::Fail], &[]);
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    tracer.span("work").start().finish();
    assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    pipeline.flush(SOON).unwrap();
    assert_eq!(*seen.lock(), [(1, 1, failed(0))]);
    tracer.span("later").start().finish();
    pipeline.flush(SOON).unwrap();
    assert_eq!(seen.lock().last(), Some(&(2, 1, failed(1))), "the next batch tells it");
}

#[test]
fn what_somebody_asked_to_drop_is_no_loss() {
    let (builder, seen) = pipeline(&[], &[]);
    let pipeline = builder.start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
    let mut span = tracer.span("unwanted").start();
    span.set_tag("sampling.priority", 0);
    span.finish();
    pipeline.flush(SOON).unwrap();
    assert_eq!(pipeline.stats().dropped.sampling, 1);
    assert!(seen.lock().is_empty());
}
