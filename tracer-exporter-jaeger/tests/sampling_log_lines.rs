//! What an operator reads when a Jaeger with strategies goes and comes: one line each time.
//!
//! A test of its own process, since a process has one logger.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use tracer_core::ExportError;
use tracer_core::sampler::{OPERATIONS_MAX, OperationStrategies, Strategy};
use tracer_exporter_jaeger::{RemoteSampler, RemoteSamplerStats, StrategyError, StrategySource};

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

/// Answers every question from 4 to 6 and from 9 on; question 10 has too many operations.
#[derive(Debug)]
struct Moody(Arc<AtomicU64>);

impl StrategySource for Moody {
    fn fetch(&mut self, _: &str, _: Instant) -> Result<Strategy, StrategyError> {
        match self.0.fetch_add(1, Ordering::SeqCst) + 1 {
            1..=3 | 7 | 8 => Err(ExportError::TimedOut { endpoint: "http://jaeger".to_owned() }.into()),
            10 => {
                let names = (0..OPERATIONS_MAX + 5).map(|n| n.to_string());
                let start = OperationStrategies::new(0.5, 0.0);
                Ok(Strategy::PerOperation(names.fold(start, |all, name| all.operation(name, 1.0))))
            }
            _ => Ok(Strategy::Probabilistic(1.0)),
        }
    }
}

fn wait_until(sampler: &RemoteSampler, reached: impl Fn(RemoteSamplerStats) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !reached(sampler.stats()) {
        assert!(Instant::now() < end, "{:?}", sampler.stats());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn one_line_when_strategies_stay_away_and_one_when_they_are_back() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let asked = Arc::new(AtomicU64::new(0));
    let builder = RemoteSampler::builder("shop", Moody(Arc::clone(&asked)));
    let sampler = builder.interval(Duration::from_millis(10)).start().unwrap();
    wait_until(&sampler, |stats| stats.answered >= 7);
    assert!(sampler.shutdown(Duration::from_secs(60)));
    let stats = sampler.stats();
    assert_eq!((stats.failed, stats.answered + 5), (5, asked.load(Ordering::SeqCst)));
    assert_eq!(stats.changes, 3);
    let lines: Vec<_> = LINES.lock().drain(..).collect();
    let expected = [
        "remote sampling: no answer from http://jaeger in time; the initial sampler stays",
        "remote sampling: strategies are answered again, after 3 failures",
        "remote sampling: no answer from http://jaeger in time; the last strategy stays",
        "remote sampling: strategies are answered again, after 2 failures",
        "remote sampling: 5 operations are too many, or too long, to be kept apart",
    ];
    assert_eq!(lines, expected.map(|line| (Level::Warn, line.to_owned())));
}
