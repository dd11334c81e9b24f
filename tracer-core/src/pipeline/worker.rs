//! Stage 7 of a span's walk: one thread takes rows, groups them by resource, cuts batches by bytes
//! and count, and gives them to the exporters.
//!
//! ```text
//! sleep ──(interval | pressure)──> drain ──> sleep
//!   └──(flush)──> drain all ──> exporters' own flush ──> answer
//!   └──(shutdown)──> the same ──> end
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::accounts::Accounts;
use super::queue::{QueueReader, QueuedRow, Source, cost_bytes};
use super::{FlushError, Settings};
use crate::active;
use crate::clock::Clock;
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::export::{Batch, ExportError, Exported, Exporter};
use crate::row::Rows;

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
        match questions.recv_timeout(drain.settings.interval) {
            Ok(Control::Wake) | Err(RecvTimeoutError::Timeout) => drain.sweep(),
            Ok(Control::Flush(deadline, answer)) => {
                // Who asked may have stopped waiting.
                let _ = answer.send(drain.flush(deadline));
            }
            Ok(Control::Shutdown(deadline, answer)) => {
                let _ = answer.send(drain.flush(deadline));
                return;
            }
            // All handles of the pipeline are gone: no span can come any more.
            Err(RecvTimeoutError::Disconnected) => return drain.sweep(),
        }
    }
}

/// Takes rows out of the queue and sends them.
pub(crate) struct Drain {
    queue: QueueReader,
    outlets: Vec<Outlet>,
    open: Vec<OpenBatch>,
    settings: Settings,
    accounts: Arc<Accounts>,
    clock: Clock,
}

/// A batch that is being filled, for one source.
struct OpenBatch {
    source: Arc<Source>,
    rows: Vec<u8>,
    count: usize,
    /// Memory of the queue to be given back when the batch is exported.
    cost_bytes: usize,
}

/// An exporter and whether it works.
struct Outlet {
    exporter: Box<dyn Exporter>,
    /// Spans lost since it began to fail; 0 while it works.
    failing_since: u64,
}

impl Drain {
    pub(crate) fn new(
        queue: QueueReader,
        exporters: Vec<Box<dyn Exporter>>,
        settings: Settings,
        accounts: Arc<Accounts>,
        clock: Clock,
    ) -> Self {
        let outlets = exporters.into_iter().map(|exporter| Outlet { exporter, failing_since: 0 }).collect();
        Self { queue, outlets, open: Vec::new(), settings, accounts, clock }
    }

    /// Exports what is in the queue, and follows the wall clock.
    fn sweep(&mut self) {
        self.clock.reanchor();
        let _ = self.drain(None);
    }

    /// Exports what is in the queue and what exporters hold back.
    pub(crate) fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let mut result = self.drain(Some(deadline));
        for outlet in &mut self.outlets {
            if outlet.exporter.flush(deadline).is_err() {
                result = Err(FlushError::ExportFailed);
            }
        }
        result
    }

    /// Takes as many rows as there are now: those that come meanwhile are the next drain's.
    fn drain(&mut self, deadline: Option<Instant>) -> Result<(), FlushError> {
        self.queue.memory.clear_pressure();
        let mut result = Ok(());
        for _ in 0..self.queue.rows.len() {
            let Ok(row) = self.queue.rows.try_recv() else {
                break;
            };
            let batch = self.put(row);
            if batch.is_some_and(|batch| self.is_full(batch)) {
                let exported = self.export_open(batch, deadline);
                result = result.and(exported);
            }
        }
        while !self.open.is_empty() {
            let exported = self.export_open(Some(0), deadline);
            result = result.and(exported);
        }
        result
    }

    /// Puts a row into its source's open batch, and says which that is.
    fn put(&mut self, queued: QueuedRow) -> Option<usize> {
        let (source, row) = queued.take();
        let same = |batch: &OpenBatch| Arc::ptr_eq(&batch.source, &source);
        let index = self.open.iter().position(same).unwrap_or(self.open.len());
        if index == self.open.len() {
            self.open.push(OpenBatch { source, rows: Vec::new(), count: 0, cost_bytes: 0 });
        }
        let batch = self.open.get_mut(index)?;
        batch.rows.extend_from_slice(&row);
        batch.count += 1;
        batch.cost_bytes += cost_bytes(&row);
        Some(index)
    }

    fn is_full(&self, index: usize) -> bool {
        self.open.get(index).is_some_and(|batch| {
            batch.count >= self.settings.batch_spans_max || batch.rows.len() >= self.settings.batch_bytes_max
        })
    }

    fn export_open(&mut self, index: Option<usize>, deadline: Option<Instant>) -> Result<(), FlushError> {
        let Some(index) = index.filter(|index| *index < self.open.len()) else {
            return Ok(());
        };
        let batch = self.open.swap_remove(index);
        let result = self.export(&batch, deadline);
        self.queue.memory.release(batch.cost_bytes);
        result
    }

    /// Gives a batch to every exporter. A span is exported if one took it, failed if none did.
    fn export(&mut self, batch: &OpenBatch, deadline: Option<Instant>) -> Result<(), FlushError> {
        // What an exporter's own HTTP client traces would come back here for ever.
        let _untraced = active::attach(untraced());
        let own_deadline = Instant::now() + self.settings.export_timeout;
        let deadline = deadline.map_or(own_deadline, |deadline| deadline.min(own_deadline));
        let rows = Rows::new(&batch.rows, batch.count);
        let view = Batch::new(&batch.source.resource, &batch.source.scope, rows);
        let mut best = 0;
        let mut worst = batch.count;
        for (outlet, account) in self.outlets.iter_mut().zip(&self.accounts.exporters) {
            let taken = outlet.export(&view, deadline);
            account.exported.add(taken as u64);
            account.failed.add((batch.count - taken) as u64);
            best = best.max(taken);
            worst = worst.min(taken);
        }
        self.accounts.exported.add(best as u64);
        self.accounts.failed.add((batch.count - best) as u64);
        if worst < batch.count { Err(FlushError::ExportFailed) } else { Ok(()) }
    }
}

/// A parent that is not sampled, so that nothing below it is.
fn untraced() -> SpanContext {
    SpanContext::new(TraceId::from_bytes([0xff; 16]), SpanId::from_bytes([0xff; 8]), TraceFlags::NONE)
}

impl Outlet {
    /// How many spans of the batch were taken. An exporter that panics has taken none.
    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> usize {
        let sent = catch_unwind(AssertUnwindSafe(|| self.exporter.export(batch, deadline)));
        let sent = sent.unwrap_or_else(|_| Err(ExportError::Failed("it panicked".into())));
        self.say(batch, &sent);
        sent.map_or(0, |exported| batch.rows.len().saturating_sub(exported.rejected))
    }

    /// One log line when the exporter begins to fail, one when it works again.
    fn say(&mut self, batch: &Batch<'_>, sent: &Result<Exported, ExportError>) {
        let name = self.exporter.name();
        match sent {
            Ok(_) if self.failing_since > 0 => {
                log::warn!("{name}: spans are taken again; {} were lost meanwhile", self.failing_since);
                self.failing_since = 0;
            }
            Ok(_) => {}
            Err(error) => {
                if self.failing_since == 0 {
                    log::warn!("{name}: spans are being lost: {error}");
                }
                self.failing_since += batch.rows.len() as u64;
            }
        }
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drain").field("open", &self.open.len()).finish_non_exhaustive()
    }
}
