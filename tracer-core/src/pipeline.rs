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
mod builder;
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
pub(crate) use self::budget::Priority;
pub use self::builder::PipelineBuilder;
use self::builder::Settings;
pub(crate) use self::hub::{Hub, Source};
pub use self::ticket::FlushFuture;
use self::worker::{Control, Drain, Worker};
use crate::clock::Clock;

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

impl Pipeline {
    /// The settings' defaults: no exporter, 32 MiB of memory, batches of 512 KiB or 8,192 spans,
    /// every second, 10 seconds for each export.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::new()
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
