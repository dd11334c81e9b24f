//! From finished spans to exporters, off the application's threads.
//!
//! ```text
//!  thread 1: finish ─> row ─> chunk log ┐      one worker thread
//!  thread 2: finish ─> row ─> chunk log ┼────> sweep ─> batches by resource ─> exporter, exporter, …
//!  thread 3: finish ─> row ─> chunk log ┘      every interval, or when 512 KiB wait
//!                       └ budget spent: dropped, counted
//! ```
//!
//! A finishing span never waits: where its thread's log can have no further chunk, its row is dropped and
//! counted. Memory is at most one chunk of 8 KiB for each live thread, the budget that all threads share, and
//! the batches that are being sent.

pub(crate) mod accounts;
mod batches;
mod budget;
mod chunk_log;
mod heir;
pub(crate) mod hooks;
mod hub;
mod lanes;
pub(crate) mod local;
mod losses;
#[cfg(all(test, tracer_loom))]
mod models;
mod outlet;
mod registry;
mod reporter;
mod run;
mod ticket;
mod timer;
mod under_way;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

pub use self::accounts::{Dropped, ExporterStats, Stats};
use self::budget::Budget;
pub(crate) use self::budget::Priority;
use self::heir::Line;
pub(crate) use self::hub::{Hub, Source};
use self::reporter::{OnStats, Reporter};
pub use self::ticket::FlushFuture;
use self::worker::{Control, Drain, Worker};
use crate::clock::Clock;
use crate::export::Exporter;
use crate::fork;

/// A pipeline that tracers share. Cloning shares it.
///
/// ```
/// use std::time::Duration;
/// use tracer_core::{Pipeline, Tracer, testing::InMemoryExporter};
///
/// let exporter = InMemoryExporter::default();
/// let pipeline = Pipeline::builder().exporter(exporter.clone()).start();
/// let shop = Tracer::builder("shop").pipeline(&pipeline).build();
/// let bank = Tracer::builder("bank").pipeline(&pipeline).build();
/// shop.span("order").start().finish();
/// bank.span("pay").start().finish();
/// pipeline.shutdown(Duration::from_secs(5))?;
/// assert_eq!(exporter.spans().len(), 2);
/// # Ok::<(), tracer_core::FlushError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pipeline(Arc<Running>);

/// The handles' side. When the last one goes, the worker drains once more and ends.
#[derive(Debug)]
struct Running {
    hub: Arc<Hub>,
    consumer: Consumer,
    clock: Clock,
}

impl Running {
    /// Itself, or in a forked process what it is there.
    fn life(&self) -> (&Arc<Hub>, &Consumer) {
        if self.hub.is_inherited() {
            let life = self.hub.line().heir();
            return (&life.hub, &life.consumer);
        }
        (&self.hub, &self.consumer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.hub.is_inherited() {
            return self.hub.leave();
        }
        if let Some(Consumer::Thread(worker)) = self.hub.line().begun().map(|life| &life.consumer) {
            worker.end();
        }
        // The parent's: its locks may be held for ever here, and its exporters are not to be ended twice.
        let gone = Consumer::Caller(Mutex::new(None));
        Box::leak(Box::new(std::mem::replace(&mut self.consumer, gone)));
    }
}

/// Who takes rows out of the logs.
#[derive(Debug)]
enum Consumer {
    /// A thread of the pipeline's own.
    Thread(Worker),
    /// Whoever calls `flush`: for tests, and where threads are not wanted. `None` after a shutdown.
    Caller(Mutex<Option<Box<Drain>>>),
}

/// Why a flush or shutdown did not do all of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The exporter was not done before the deadline; it goes on, but nobody waits for it.
    #[error("export not finished within the deadline")]
    TimedOut,
    /// Everything was given to the exporters, and some of it was not taken; see [`Stats::failed`].
    #[error("some spans could not be exported")]
    ExportFailed,
    /// The pipeline itself panicked and lost some spans, see [`Dropped::panic`]; the rest was exported.
    #[error("the span pipeline panicked")]
    Panicked,
    /// The pipeline was shut down before.
    #[error("pipeline is shut down")]
    ShutDown,
}

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
    memory_bytes_max: usize,
    reserve_bytes: usize,
    batch_bytes_max: usize,
    batch_spans_max: usize,
    interval: Duration,
    export_timeout: Duration,
}

impl Settings {
    fn budget(&self) -> Budget {
        Budget::new(self.memory_bytes_max, self.reserve_bytes)
    }
}

impl Pipeline {
    /// The settings' defaults: no exporter, 32 MiB of memory, batches of 512 KiB or 8,192 spans,
    /// every second, 10 seconds for each export.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder {
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

    /// Exports all spans that were finished before the call, and waits for it.
    ///
    /// Needs no async runtime, and returns at the deadline even if an exporter hangs.
    ///
    /// # Errors
    /// As [`FlushError`] says; whatever it says, each span is accounted for.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let deadline = deadline_after(timeout);
        match self.0.life().1 {
            Consumer::Thread(worker) => worker.ask(deadline, Control::Flush),
            Consumer::Caller(drain) => drain.lock().as_mut().ok_or(FlushError::ShutDown)?.flush(deadline),
        }
    }

    /// As [`flush`](Self::flush), for async code: it never blocks the thread that polls, whatever runtime that
    /// is. The work begins with the call.
    ///
    /// A pipeline that was started without a thread does the work in the call itself.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tracer_core::{Pipeline, testing::InMemoryExporter};
    /// # async fn end_of_request() -> Result<(), tracer_core::FlushError> {
    /// let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start();
    /// pipeline.flush_async(Duration::from_secs(5)).await
    /// # }
    /// # futures_util::FutureExt::now_or_never(end_of_request());
    /// ```
    pub fn flush_async(&self, timeout: Duration) -> FlushFuture {
        match self.0.life().1 {
            Consumer::Thread(worker) => worker.ask_async(deadline_after(timeout), Control::Flush),
            Consumer::Caller(_) => FlushFuture::ready(self.flush(timeout)),
        }
    }

    /// As [`shutdown`](Self::shutdown), for async code. The pipeline is closed when the call returns; the
    /// future waits for the rest.
    pub fn shutdown_async(&self, timeout: Duration) -> FlushFuture {
        match self.0.life() {
            (_, Consumer::Caller(_)) => FlushFuture::ready(self.shutdown(timeout)),
            _ if !self.close() => FlushFuture::ready(Err(FlushError::ShutDown)),
            (_, Consumer::Thread(worker)) => worker.ask_async(deadline_after(timeout), Control::Shutdown),
        }
    }

    /// Flushes, and ends the worker; spans that finish later are dropped and counted.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn shutdown(&self, timeout: Duration) -> Result<(), FlushError> {
        let deadline = deadline_after(timeout);
        if !self.close() {
            return Err(FlushError::ShutDown);
        }
        match self.0.life().1 {
            Consumer::Thread(worker) => worker.ask(deadline, Control::Shutdown),
            Consumer::Caller(drain) => drain.lock().take().ok_or(FlushError::ShutDown)?.flush(deadline),
        }
    }

    /// A guard that shuts the pipeline down when it is dropped: keep it until the end of `main`.
    pub fn shutdown_on_drop(&self, timeout: Duration) -> ShutdownGuard {
        ShutdownGuard { pipeline: self.clone(), timeout }
    }

    /// What became of all spans so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.life().0.accounts.stats()
    }

    /// Takes no more rows, in this process and any that is forked from it; `false` if that was so already.
    fn close(&self) -> bool {
        let (hub, _) = self.0.life();
        hub.line().shut();
        hub.close()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        self.0.life().0
    }

    pub(crate) fn wake(&self) {
        if let Consumer::Thread(worker) = self.0.life().1 {
            worker.wake();
        }
    }
}

impl PipelineBuilder {
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

/// Shuts a pipeline down when dropped; see [`Pipeline::shutdown_on_drop`].
#[derive(Debug)]
#[must_use = "dropped at once, it shuts the pipeline down at once"]
pub struct ShutdownGuard {
    pipeline: Pipeline,
    timeout: Duration,
}

impl Drop for ShutdownGuard {
    fn drop(&mut self) {
        match self.pipeline.shutdown(self.timeout) {
            Ok(()) | Err(FlushError::ShutDown) => {}
            Err(error) => log::warn!("spans at the end of the program: {error}; {}", self.pipeline.stats()),
        }
    }
}

/// `Instant + Duration` overflows on absurd timeouts; those are a year.
fn deadline_after(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + timeout.min(YEAR)
}
