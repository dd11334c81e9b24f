//! A panic in the pipeline's own code. A process of its own, since the logger that panics is global.

#![cfg(not(feature = "recording-off"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::row::{Rows, record::SpanRecord};
use tracer_core::{Batch, ExportError, Exported, Exporter, FlushError, Pipeline, Stats, Tracer};

const SOON: Duration = Duration::from_secs(60);

/// Panics where an outlet says that it begins to lose spans: outside of what the outlet guards.
struct PanickingLogger;

static RESTARTS_LOGGED: AtomicUsize = AtomicUsize::new(0);
/// One test at a time, since they share the logger.
static ALONE: Mutex<()> = Mutex::new(());

impl log::Log for PanickingLogger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let text = record.args().to_string();
        assert!(!text.contains("picky: spans are being lost"), "the logger fails");
        RESTARTS_LOGGED.fetch_add(usize::from(text.contains("pipeline panicked")), Ordering::Relaxed);
    }

    fn flush(&self) {}
}

/// Fails on the batches of one service, and keeps the span ids of the others.
struct Picky(Arc<Mutex<Vec<u8>>>);

impl Exporter for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        if batch.resource.service_name() == "bad" {
            return Err(ExportError::Failed("on purpose".into()));
        }
        self.0.lock().extend_from_slice(batch.rows.as_bytes());
        Ok(Exported::ALL)
    }
}

impl Drop for Picky {
    fn drop(&mut self) {
        panic!("an exporter that panics at its end");
    }
}

fn assert_balanced(stats: &Stats) {
    let ended = stats.exported + stats.failed + stats.dropped.total();
    assert_eq!(stats.finished, ended + stats.pending, "{stats:?}");
    assert_eq!(stats.started, stats.finished + stats.open, "{stats:?}");
}

fn count(rows: &[u8]) -> usize {
    let rows = Rows::from_bytes(rows).unwrap();
    let ids: BTreeSet<_> = rows.iter().map(|row| SpanRecord::decode(row).unwrap().span_id).collect();
    assert_eq!(ids.len(), rows.len(), "a span came twice");
    rows.len()
}

#[test]
fn a_panic_costs_the_batch_in_hand_and_the_worker_goes_on() {
    let _alone = ALONE.lock();
    let _ = log::set_logger(&PanickingLogger);
    log::set_max_level(log::LevelFilter::Warn);
    let logged_before = RESTARTS_LOGGED.load(Ordering::Relaxed);
    let seen = Arc::<Mutex<Vec<u8>>>::default();
    let pipeline = Pipeline::builder()
        .exporter(Picky(Arc::clone(&seen)))
        .batch_max(usize::MAX, 10)
        .interval(Duration::from_secs(3_600))
        .start();
    let [good, bad] = ["good", "bad"].map(|name| Tracer::builder(name).pipeline(&pipeline).build());
    for _ in 0..25 {
        good.span("work").start().finish();
        bad.span("work").start().finish();
    }
    // Two full batches and a rest of each service; each of the bad ones panics in the worker.
    assert_eq!(pipeline.flush(SOON), Err(FlushError::Panicked));
    let stats = pipeline.stats();
    assert_eq!(
        (stats.exported, stats.failed, stats.dropped.panic, stats.pending),
        (25, 0, 25, 0),
        "{stats:?}"
    );
    assert_eq!(stats.worker_restarts, 3);
    assert_balanced(&stats);
    assert_eq!(RESTARTS_LOGGED.load(Ordering::Relaxed) - logged_before, 1);
    for _ in 0..25 {
        good.span("after").start().finish();
    }
    assert_eq!(pipeline.flush(SOON), Ok(()));
    assert_eq!(count(&seen.lock()), 50);
    // The exporter's own end panics as well, and that is no reason to give no answer.
    assert_eq!(pipeline.shutdown(SOON), Ok(()));
    assert_balanced(&pipeline.stats());
}

#[test]
fn where_the_caller_drains_a_panic_stays_in_the_pipeline() {
    let _alone = ALONE.lock();
    let _ = log::set_logger(&PanickingLogger);
    log::set_max_level(log::LevelFilter::Warn);
    let pipeline = Pipeline::builder().exporter(Picky(Arc::default())).start_without_thread();
    let bad = Tracer::builder("bad").pipeline(&pipeline).build();
    bad.span("work").start().finish();
    assert_eq!(pipeline.flush(SOON), Err(FlushError::Panicked));
    assert_eq!((pipeline.stats().dropped.panic, pipeline.stats().worker_restarts), (1, 1));
    bad.span("work").start().finish();
    assert_eq!(pipeline.flush(SOON), Err(FlushError::Panicked));
    assert_eq!(pipeline.stats().dropped.panic, 2);
    assert_balanced(&pipeline.stats());
    // What an exporter's end does is not for this thread to bear either.
    drop((pipeline, bad));
}
