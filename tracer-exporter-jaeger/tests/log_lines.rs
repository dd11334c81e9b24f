//! What an operator reads when the collector goes and comes: one line each time.
//!
//! A test of its own process, since a process has one logger.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[path = "it/collector.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod collector;

use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use tracer_core::{FlushError, Pipeline, Tracer};
use tracer_exporter_jaeger::OtlpHttp;

use collector::{Collector, nobody, ok};

const SOON: Duration = Duration::from_secs(20);

static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.level() <= Level::Info {
            LINES.lock().push((record.level(), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

#[test]
fn one_line_when_the_collector_is_away_and_one_when_it_is_back() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Trace);
    // However many requests are under way when it goes and comes.
    [1, 4].into_iter().for_each(lines_with);
}

fn lines_with(concurrent_sends_max: usize) {
    let address = nobody();
    let builder = OtlpHttp::builder().endpoint(format!("http://me:secret@{address}"));
    let exporter = builder.concurrent_sends_max(concurrent_sends_max).build().unwrap();
    let builder = Pipeline::builder().exporter(exporter).interval(Duration::from_millis(5));
    let pipeline = builder.batch_max(4 << 10, 20).start();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).build();

    for _ in 0..5 {
        (0..100).for_each(|_| tracer.span("work").start().finish());
        assert_eq!(pipeline.flush(SOON), Err(FlushError::ExportFailed));
    }
    let [(level, line)] = &LINES.lock().split_off(0)[..] else { panic!("one line") };
    assert_eq!(*level, Level::Warn);
    let expected = format!("otlp-http: spans are being lost: cannot reach http://{address}/v1/traces: ");
    assert!(line.starts_with(&expected), "{line}");
    assert_eq!((pipeline.stats().failed, pipeline.stats().pending), (500, 0));

    let collector = Collector::start_at(address, |_| ok());
    for _ in 0..5 {
        (0..100).for_each(|_| tracer.span("work").start().finish());
        assert_eq!(pipeline.flush(SOON), Ok(()));
    }
    let lines = LINES.lock().split_off(0);
    assert_eq!(lines, [(Level::Warn, "otlp-http: spans are taken again; 500 were lost meanwhile".into())]);
    assert_eq!((pipeline.stats().exported, pipeline.stats().failed), (500, 500));

    drop(collector);
    let begun = Instant::now();
    pipeline.shutdown(SOON).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
