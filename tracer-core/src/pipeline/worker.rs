//! Stage 7 of a span's walk: one thread sweeps all logs in place, groups rows by resource, cuts batches by
//! bytes and count, and gives them to the exporters.
//!
//! ```text
//! sleep ──(interval | pressure)──> drain ──> sleep
//!   └──(flush)──> drain all ──> exporters' own flush ──> answer
//!   └──(shutdown)──> the same ──> end
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::batches::{OpenBatch, OpenBatches, tagged_rows};
use super::hub::{Hub, ThreadLog};
use super::outlet::Outlet;
use super::reporter::Reporter;
use super::{FlushError, Settings};
use crate::active;
use crate::clock::Clock;
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::export::{Exporter, Losses};
use crate::switch;

type Answer = Sender<Result<(), FlushError>>;

/// What the worker can be asked.
#[derive(Debug)]
pub(crate) enum Control {
    Flush(Instant, Answer),
    Shutdown(Instant, Answer),
    Wake,
}

/// A handle to the worker's thread.
#[derive(Debug)]
pub(crate) struct Worker {
    control: Sender<Control>,
}

impl Worker {
    /// Starts the thread. Where the system gives none, the handle answers every question with
    /// [`FlushError::ShutDown`].
    pub(crate) fn spawn(drain: Drain) -> (Self, std::io::Result<()>) {
        let (control, questions) = unbounded();
        let thread = std::thread::Builder::new().name("tracer-export".into());
        let started = thread.spawn(move || run(drain, &questions));
        (Self { control }, started.map(drop))
    }

    /// Asks, and waits for the answer until the deadline.
    pub(crate) fn ask(
        &self,
        deadline: Instant,
        question: impl FnOnce(Instant, Answer) -> Control,
    ) -> Result<(), FlushError> {
        let (answer, answered) = bounded(1);
        self.control.send(question(deadline, answer)).map_err(|_| FlushError::ShutDown)?;
        match answered.recv_deadline(deadline) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(FlushError::TimedOut),
            Err(RecvTimeoutError::Disconnected) => Err(FlushError::ShutDown),
        }
    }

    /// Asks for a drain at once.
    pub(crate) fn wake(&self) {
        // The worker is gone only after a shutdown, and then there is nothing to drain.
        let _ = self.control.send(Control::Wake);
    }
}

/// The worker's life.
fn run(mut drain: Drain, questions: &Receiver<Control>) {
    loop {
        match questions.recv_timeout(drain.patience()) {
            Ok(Control::Wake) | Err(RecvTimeoutError::Timeout) => drain.sweep(),
            Ok(Control::Flush(deadline, answer)) => {
                // Who asked may have stopped waiting.
                let _ = answer.send(drain.flush(deadline));
            }
            Ok(Control::Shutdown(deadline, answer)) => {
                let result = drain.flush(deadline);
                drop(drain);
                let _ = answer.send(result);
                return;
            }
            // All handles of the pipeline are gone: no span can start any more.
            Err(RecvTimeoutError::Disconnected) => return drain.sweep(),
        }
    }
}

/// Takes rows out of the logs and sends them. When it is dropped, for whatever reason, the pipeline is over.
pub(crate) struct Drain {
    hub: Arc<Hub>,
    logs: Vec<ThreadLog>,
    outlets: Vec<Outlet>,
    open: OpenBatches,
    settings: Settings,
    clock: Clock,
    reporter: Reporter,
}

impl Drain {
    pub(crate) fn new(
        hub: Arc<Hub>,
        exporters: Vec<Box<dyn Exporter>>,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        let outlets = exporters.into_iter().map(Outlet::new).collect();
        let reporter = Reporter::default();
        Self { hub, logs: Vec::new(), outlets, open: OpenBatches::default(), settings, clock, reporter }
    }

    pub(super) fn with_reporter(mut self, reporter: Reporter) -> Self {
        self.reporter = reporter;
        self
    }

    /// How long to wait for a question.
    fn patience(&self) -> Duration {
        self.settings.interval.min(self.reporter.interval())
    }

    /// Exports what is in the logs.
    fn sweep(&mut self) {
        // Nobody waits for the result; the accounts have it.
        let _ = self.drain(None);
        self.reporter.look(Instant::now(), &self.hub.accounts);
    }

    /// Exports what is in the logs and what exporters hold back.
    pub(crate) fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let mut result = self.drain(Some(deadline));
        for outlet in &mut self.outlets {
            let flushed = outlet.flush(deadline);
            result = result.and(flushed);
        }
        self.reporter.look(Instant::now(), &self.hub.accounts);
        result
    }

    fn drain(&mut self, deadline: Option<Instant>) -> Result<(), FlushError> {
        switch::poll_files();
        self.hub.budget.clear_pressure();
        self.clock.adjust();
        let mut result = Ok(());
        let mut logs = std::mem::take(&mut self.logs);
        logs.append(&mut self.hub.take_new_logs());
        logs.retain_mut(|log| {
            let more = log.reader.drain(|run| {
                let exported = self.batch(run, deadline);
                result = result.and(exported);
            });
            if !more {
                self.hub.accounts.leave_thread(&log.counters);
            }
            more
        });
        self.logs = logs;
        while let Some(batch) = self.open.pop() {
            let exported = self.export(batch, deadline);
            result = result.and(exported);
        }
        result
    }

    /// Puts rows into the batches of their sources; a batch that is full is exported.
    fn batch(&mut self, run: &[u8], deadline: Option<Instant>) -> Result<(), FlushError> {
        let mut result = Ok(());
        for (source, row) in tagged_rows(run) {
            if let Some(full) = self.open.put(source, row, &self.hub, &self.settings) {
                let exported = self.export(full, deadline);
                result = result.and(exported);
            }
        }
        result
    }

    /// Gives a batch to every exporter. A span is exported if one took it, failed if none did.
    fn export(&mut self, batch: OpenBatch, deadline: Option<Instant>) -> Result<(), FlushError> {
        // What an exporter's own HTTP client traces would come back here for ever.
        let _untraced = active::attach(untraced());
        let own_deadline = Instant::now() + self.settings.export_timeout;
        let deadline = deadline.map_or(own_deadline, |deadline| deadline.min(own_deadline));
        let view = batch.view();
        let (count, mut best, mut worst) = (batch.count(), 0, batch.count());
        let accounts = &self.hub.accounts;
        let dropped = accounts.stats().dropped;
        for (outlet, account) in self.outlets.iter_mut().zip(&accounts.exporters) {
            let view = view.with_losses(Losses::new(dropped, account.failed.get()));
            let taken = outlet.export(&view, deadline);
            account.exported.add(taken as u64);
            account.failed.add((count - taken) as u64);
            best = best.max(taken);
            worst = worst.min(taken);
        }
        accounts.exported.add(best as u64);
        accounts.failed.add((count - best) as u64);
        self.open.reuse(batch);
        if worst < count { Err(FlushError::ExportFailed) } else { Ok(()) }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.hub.close();
        self.hub.accounts.end();
        self.reporter.call(&self.hub.accounts.stats());
    }
}

/// A parent that is not sampled, so that nothing below it is.
fn untraced() -> SpanContext {
    SpanContext::new(TraceId::from_bytes([0xff; 16]), SpanId::from_bytes([0xff; 8]), TraceFlags::NONE)
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drain").field("logs", &self.logs.len()).finish_non_exhaustive()
    }
}
