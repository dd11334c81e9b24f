//! The settings of a pipeline, and its start.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::budget::Budget;
use super::heir::Line;
use super::reporter::{OnStats, Reporter};
use super::worker::{Drain, Worker};
use super::{Consumer, Hub, Pipeline, Running, Stats};
use crate::clock::Clock;
use crate::export::Exporter;
use crate::fork;

/// Settings of a [`Pipeline`].
#[must_use = "nothing runs until `start`"]
pub struct PipelineBuilder {
    exporters: Vec<Box<dyn Exporter>>,
    settings: Settings,
    clock: Clock,
    on_stats: Option<OnStats>,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(super) memory_bytes_max: usize,
    pub(super) reserve_bytes: usize,
    pub(super) batch_bytes_max: usize,
    pub(super) batch_spans_max: usize,
    pub(super) interval: Duration,
    pub(super) export_timeout: Duration,
}

impl Settings {
    pub(super) fn budget(&self) -> Budget {
        Budget::new(self.memory_bytes_max, self.reserve_bytes)
    }
}

impl PipelineBuilder {
    pub(super) fn new() -> Self {
        Self {
            exporters: Vec::new(),
            settings: Settings {
                memory_bytes_max: 32 << 20,
                reserve_bytes: 0,
                batch_bytes_max: 512 << 10,
                batch_spans_max: 8192,
                interval: Duration::from_secs(1),
                export_timeout: Duration::from_secs(10),
            },
            clock: Clock::system(),
            on_stats: None,
        }
    }

    /// Adds an exporter; each gets every span.
    pub fn exporter(mut self, exporter: impl Exporter + 'static) -> Self {
        self.exporters.push(Box::new(exporter));
        self
    }

    /// Bounds the memory for spans that are finished and not yet exported: 32 MiB.
    pub const fn memory_bytes_max(mut self, bytes: usize) -> Self {
        self.settings.memory_bytes_max = bytes;
        self
    }

    /// Keeps the last so many bytes of the memory for spans whose status is an error and for local roots (spans
    /// without a parent in this process), so that these go last when more is finished than can be exported: 0.
    /// A thread's log grows by 8 KiB, so less than that for each busy thread does little.
    ///
    /// ```
    /// # use tracer_core::{Pipeline, testing::InMemoryExporter};
    /// let builder = Pipeline::builder().exporter(InMemoryExporter::default());
    /// let pipeline = builder.memory_bytes_max(32 << 20).reserve_for_errors_and_roots(4 << 20).start();
    /// # drop(pipeline);
    /// ```
    pub const fn reserve_for_errors_and_roots(mut self, bytes: usize) -> Self {
        self.settings.reserve_bytes = bytes;
        self
    }

    /// Bounds one batch: 512 KiB and 8,192 spans.
    pub const fn batch_max(mut self, bytes: usize, spans: usize) -> Self {
        // A batch of nothing would never be full.
        self.settings.batch_bytes_max = if bytes > 0 { bytes } else { 1 };
        self.settings.batch_spans_max = if spans > 0 { spans } else { 1 };
        self
    }

    /// How long a span waits at most before its batch is sent: a second.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// How long one export may take: 10 seconds.
    pub const fn export_timeout(mut self, timeout: Duration) -> Self {
        self.settings.export_timeout = timeout;
        self
    }

    /// Calls back with the accounts, once per interval (10 milliseconds at least) and once at the end; for an application's own metrics.
    ///
    /// It runs on the pipeline's thread, so it must not wait for the pipeline, and holds exports up while it runs.
    /// Without a thread it runs in `flush`. If it panics, it is not called again.
    pub fn on_stats(mut self, interval: Duration, callback: impl FnMut(&Stats) + Send + 'static) -> Self {
        self.on_stats =
            Some(OnStats { interval: interval.max(OnStats::INTERVAL_MIN), callback: Box::new(callback) });
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the pipeline with a thread of its own.
    ///
    /// If the system gives no thread, that is logged, the application goes on, and spans are
    /// dropped and counted.
    #[must_use = "the pipeline's tracers need it"]
    pub fn start(self) -> Pipeline {
        if cfg!(feature = "recording-off") {
            return self.start_without_thread();
        }
        let (hub, drain, clock) = self.assemble(true);
        let (worker, questions) = Worker::new();
        if let Err(error) = questions.answer_by(drain) {
            log::error!("tracing is off: no thread for the span pipeline: {error}");
        }
        Pipeline(Arc::new(Running { hub, consumer: Consumer::Thread(worker), clock }))
    }

    /// Starts the pipeline without a thread: spans leave when `flush` is called, on that thread.
    #[must_use = "the pipeline's tracers need it"]
    pub fn start_without_thread(self) -> Pipeline {
        let (hub, drain, clock) = self.assemble(false);
        let consumer = Consumer::Caller(Mutex::new(Some(Box::new(drain))));
        Pipeline(Arc::new(Running { hub, consumer, clock }))
    }

    fn assemble(self, has_thread: bool) -> (Arc<Hub>, Drain, Clock) {
        fork::watch();
        let line = Arc::new(Line::new(&self.exporters, &self.settings, &self.clock, has_thread));
        let names = self.exporters.iter().map(|exporter| exporter.name());
        let hub = Arc::new(Hub::new(self.settings.budget(), names, line));
        let drain = Drain::new(Arc::clone(&hub), self.exporters, self.settings, self.clock.clone())
            .with_reporter(Reporter::new(self.on_stats));
        (hub, drain, self.clock)
    }
}

impl std::fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.exporters.iter().map(|exporter| exporter.name()).collect();
        f.debug_struct("PipelineBuilder")
            .field("exporters", &names)
            .field("settings", &self.settings)
            .finish()
    }
}
