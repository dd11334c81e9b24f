//! Stage 7 of a span's walk: one thread sweeps all logs in place, groups rows by resource, cuts batches by
//! bytes and count, and gives them to the exporters.
//!
//! ```text
//! sleep ──(interval | pressure)──> drain ──> sleep
//!   └──(flush)──> drain all ──> exporters' own flush ──> answer
//!   └──(shutdown)──> the same ──> end
//! ```

mod concurrent;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::batches::{OpenBatch, OpenBatches};
use super::hub::Hub;
use super::losses::LossReport;
use super::outlet::Outlet;
use super::registry::Logs;
use super::reporter::Reporter;
use super::run::Run;
use super::ticket::{Answer, FlushFuture, ticket};
use super::timer::Timer;
use super::under_way::UnderWay;
use super::{FlushError, Settings};
use crate::active;
use crate::clock::Clock;
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::export::{Exporter, Losses};
use crate::switch;

/// What the worker can be asked.
#[derive(Debug)]
pub(super) enum Control {
    Flush(Instant, Answer),
    Shutdown(Instant, Answer),
    Wake,
    End,
}

/// A handle to the worker's thread.
#[derive(Debug)]
pub(crate) struct Worker {
    control: Sender<Control>,
    timer: Timer,
}

/// What a worker's thread reads; without a thread, every question is answered with
/// [`FlushError::ShutDown`] once this is dropped.
#[derive(Debug)]
pub(crate) struct Questions(Receiver<Control>);

/// How much later than its deadline an exporter may answer and still be listened to at the end.
const GRACE: Duration = Duration::from_secs(1);

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

impl Worker {
    /// A handle whose thread does not run yet; questions wait for it.
    pub(crate) fn new() -> (Self, Questions) {
        let (control, questions) = unbounded();
        (Self { control, timer: Timer::default() }, Questions(questions))
    }

    /// Asks, and waits for the answer until the deadline.
    pub(super) fn ask(
        &self,
        deadline: Instant,
        question: impl FnOnce(Instant, Answer) -> Control,
    ) -> Result<(), FlushError> {
        let (answer, ticket) = ticket();
        // An answer that cannot be sent says by itself that the pipeline is shut down.
        let _ = self.control.send(question(deadline, answer));
        ticket.wait_until(deadline)
    }

    /// Asks, and leaves the waiting to a future.
    pub(super) fn ask_async(
        &self,
        deadline: Instant,
        question: impl FnOnce(Instant, Answer) -> Control,
    ) -> FlushFuture {
        let (answer, ticket) = ticket();
        self.timer.watch(deadline, &ticket);
        let _ = self.control.send(question(deadline, answer));
        FlushFuture::new(ticket)
    }

    /// Asks for a last drain, as when all handles are gone: this one never goes.
    pub(super) fn end(&self) {
        let _ = self.control.send(Control::End);
    }

    /// Asks for a drain at once.
    pub(crate) fn wake(&self) {
        // The worker is gone only after a shutdown, and then there is nothing to drain.
        let _ = self.control.send(Control::Wake);
    }
}

impl Questions {
    /// Starts the worker's thread.
    ///
    /// # Errors
    /// If the system gives none.
    pub(crate) fn answer_by(self, drain: Drain) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("tracer-export".into());
        thread.spawn(move || run(drain, &self.0)).map(drop)
    }
}

/// Whether this thread is some pipeline's worker: a flush from here would wait for itself.
pub(super) fn is_worker() -> bool {
    IS_WORKER.get()
}

/// Makes this thread one of a pipeline's own. What an exporter's own HTTP client traces would come back here for
/// ever, so nothing is traced as long as the answer lives.
pub(super) fn mark_thread() -> active::ContextScope {
    IS_WORKER.set(true);
    active::attach(untraced())
}

/// The worker's life.
fn run(drain: Drain, questions: &Receiver<Control>) {
    IS_WORKER.set(true);
    let mut drain = drain.with_lanes();
    loop {
        match questions.recv_timeout(drain.patience()) {
            Ok(Control::Wake) | Err(RecvTimeoutError::Timeout) => drain.sweep(),
            // Who asked may have stopped waiting.
            Ok(Control::Flush(deadline, answer)) => answer.give(drain.flush(deadline)),
            Ok(Control::Shutdown(deadline, answer)) => {
                let result = drain.flush(deadline);
                drain.end();
                return answer.give(result);
            }
            // All handles of the pipeline are gone: no span can start any more.
            Ok(Control::End) | Err(RecvTimeoutError::Disconnected) => {
                drain.sweep();
                return drain.end();
            }
        }
    }
}

/// Takes rows out of the logs and sends them. When it is dropped, for whatever reason, the pipeline is over.
///
/// A panic here (an exporter's own is caught before) costs the batch in hand: it is counted, the logs stay as
/// they are, and the drain goes on.
pub(crate) struct Drain {
    logs: Logs,
    clock: Clock,
    out: Outflow,
    reporter: Reporter,
}

/// Where rows go from the logs.
struct Outflow {
    hub: Arc<Hub>,
    outlets: Vec<Outlet>,
    open: OpenBatches,
    under_way: UnderWay,
    losses: LossReport,
    settings: Settings,
    /// Rows that left the logs, and those of them whose end is in the accounts.
    taken: u64,
    settled: u64,
}

impl Drain {
    pub(crate) fn new(
        hub: Arc<Hub>,
        exporters: Vec<Box<dyn Exporter>>,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        let outlets = exporters.into_iter().map(Outlet::new).collect();
        let (open, under_way, losses) = (OpenBatches::default(), UnderWay::default(), LossReport::default());
        let out = Outflow { hub, outlets, open, under_way, losses, settings, taken: 0, settled: 0 };
        Self { logs: Logs::default(), clock, out, reporter: Reporter::default() }
    }

    pub(super) fn with_reporter(mut self, reporter: Reporter) -> Self {
        self.reporter = reporter;
        self
    }

    /// Lets exporters that are made for it send on several threads.
    fn with_lanes(mut self) -> Self {
        let (outlets, done) = (&mut self.out.outlets, self.out.under_way.done());
        *outlets = outlets.drain(..).enumerate().map(|(index, it)| it.with_lanes(index, done)).collect();
        self
    }

    /// Waits for what is under way, as long as exports may take: who asked for the end waits no longer than he
    /// wants to.
    fn end(mut self) {
        let deadline = Instant::now() + self.out.settings.export_timeout + GRACE;
        let _ = self.out.land(Some(deadline));
    }

    /// How long to wait for a question.
    fn patience(&self) -> Duration {
        self.out.settings.interval.min(self.reporter.interval())
    }

    /// Exports what is in the logs.
    fn sweep(&mut self) {
        // Nobody waits for the result; the accounts have it.
        let _ = self.drain(None);
        if self.out.losses.is_due(Instant::now()) {
            self.out.report_losses(None);
        }
        self.report();
    }

    /// Exports what is in the logs and what exporters hold back.
    pub(crate) fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let mut result = self.drain(Some(deadline));
        let landed = self.out.land(Some(deadline));
        result = result.and(landed);
        self.out.report_losses(Some(deadline));
        let _ = self.out.land(Some(deadline));
        for outlet in &mut self.out.outlets {
            let flushed = outlet.flush(deadline);
            result = result.and(flushed);
        }
        let flushed = self.out.flush_lanes(deadline);
        self.report();
        result.and(flushed)
    }

    /// Tells of the accounts. A logger that panics is counted like any other panic here.
    fn report(&mut self) {
        let Self { out, reporter, .. } = self;
        let _ = out.guard(|out| {
            reporter.look(Instant::now(), &out.hub.accounts);
            Ok(())
        });
    }

    fn drain(&mut self, deadline: Option<Instant>) -> Result<(), FlushError> {
        let Self { logs, clock, out, .. } = self;
        let mut result = out.guard(|out| {
            switch::poll_files();
            out.hub.registry.budget.clear_pressure();
            clock.adjust();
            out.collect()
        });
        let hub = Arc::clone(&out.hub);
        logs.sweep(&hub.registry, &hub.accounts, |run| {
            let exported = out.take(run, deadline);
            result = result.and(exported);
        });
        while let Some(batch) = out.open.pop() {
            let exported = out.guard(|out| out.export(batch, deadline));
            result = result.and(exported);
        }
        result
    }
}

impl Outflow {
    /// Puts a run of rows into the batches of their sources.
    fn take(&mut self, mut run: Run<'_>, deadline: Option<Instant>) -> Result<(), FlushError> {
        let mut result = Ok(());
        loop {
            // After a panic, the rows behind those in hand.
            let batched = self.guard(|out| out.batch(&mut run, deadline));
            result = result.and(batched);
            if batched != Err(FlushError::Panicked) {
                return result;
            }
        }
    }

    /// A batch that is full is exported.
    fn batch(&mut self, run: &mut Run<'_>, deadline: Option<Instant>) -> Result<(), FlushError> {
        let mut result = Ok(());
        while let Some(source) = run.next_source() {
            let Some(rows) = run.take(self.open.room(source, &self.settings)) else { break };
            self.taken += rows.count as u64;
            if let Some(full) = self.open.put(&rows, &self.hub, &self.settings) {
                let exported = self.export(full, deadline);
                result = result.and(exported);
            }
        }
        result
    }

    /// Gives a batch to every exporter. A span is exported if one took it, failed if none did.
    fn export(&mut self, batch: OpenBatch, deadline: Option<Instant>) -> Result<(), FlushError> {
        let landed = self.make_room();
        // What an exporter's own HTTP client traces would come back here for ever.
        let _untraced = active::attach(untraced());
        let deadline = self.export_deadline(deadline);
        let number = self.losses.number(batch.source());
        let view = batch.view().with_number(number);
        let (count, mut worst, mut lanes) = (batch.count(), batch.count(), 0);
        let accounts = &self.hub.accounts;
        let dropped = accounts.stats().dropped;
        let mut verdict =
            Verdict { hub: &self.hub, settled: &mut self.settled, count, best: 0, is_whole: false };
        for (outlet, account) in self.outlets.iter_mut().zip(&accounts.exporters) {
            let view = view.with_losses(Losses::new(dropped, account.failed.get()));
            let Some(taken) = outlet.export(&view, deadline) else {
                lanes += 1;
                continue;
            };
            account.exported.add(taken as u64);
            account.failed.add((count - taken) as u64);
            verdict.best = verdict.best.max(taken);
            worst = worst.min(taken);
        }
        if lanes > 0 {
            let best = std::mem::take(&mut verdict.best);
            drop(verdict);
            self.give_to_lanes(batch, number, (best, lanes), deadline);
        } else {
            verdict.is_whole = true;
            drop(verdict);
            self.open.reuse(batch, 1);
        }
        // Without an exporter nothing is asked of anybody, but in a child of a process that had some.
        if worst < count || (self.outlets.is_empty() && self.hub.has_lost_exporters()) {
            return Err(FlushError::ExportFailed);
        }
        landed
    }

    /// Tells of losses without spans. A panic costs no span, and exporters' own are caught.
    fn report_losses(&mut self, asked_until: Option<Instant>) {
        let _ = self.guard(|out| {
            let deadline = out.export_deadline(asked_until);
            if Instant::now() < deadline {
                let _untraced = active::attach(untraced());
                let flight = out.under_way.next_id();
                let asked =
                    out.losses.tell(&mut out.outlets, &out.hub, asked_until.is_some(), (flight, deadline));
                out.under_way.begin(None, 0, asked);
            }
            Ok(())
        });
    }

    /// When an export has to be done, for who waits until a deadline or nobody.
    fn export_deadline(&self, deadline: Option<Instant>) -> Instant {
        let own_deadline = Instant::now() + self.settings.export_timeout;
        deadline.map_or(own_deadline, |deadline| deadline.min(own_deadline))
    }

    /// Does a piece of work, and counts what a panic in it loses.
    fn guard(&mut self, work: impl FnOnce(&mut Self) -> Result<(), FlushError>) -> Result<(), FlushError> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(result) => result,
            Err(_) => {
                self.restart();
                Err(FlushError::Panicked)
            }
        }
    }

    /// After a panic: what is neither settled nor in an open batch was in hand.
    #[cold]
    fn restart(&mut self) {
        let accounts = &self.hub.accounts;
        let known = self.settled + (self.open.count() + self.under_way.count()) as u64;
        let lost = self.taken.saturating_sub(known);
        self.settled += lost;
        accounts.dropped_panic.add(lost);
        let is_first = accounts.count_restart();
        if is_first {
            let say = || log::error!("the span pipeline panicked and goes on; {lost} spans were lost in it");
            // It may have been the logger that panicked.
            let _ = catch_unwind(say);
        }
    }
}

/// What becomes of a batch, put into the accounts even if a panic ends its export: what an exporter took then
/// is exported, and the rest not failed but lost.
struct Verdict<'a> {
    hub: &'a Hub,
    settled: &'a mut u64,
    count: usize,
    best: usize,
    is_whole: bool,
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        self.hub.accounts.exported.add(self.best as u64);
        *self.settled += self.best as u64;
        if self.is_whole {
            self.hub.accounts.failed.add((self.count - self.best) as u64);
            *self.settled += (self.count - self.best) as u64;
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.out.hub.close();
        self.out.hub.accounts.end();
        self.reporter.call(&self.out.hub.accounts.stats());
        for outlet in self.out.outlets.drain(..) {
            // An exporter may panic at its end, too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(outlet)));
        }
        let _ = catch_unwind(AssertUnwindSafe(|| self.out.hub.leave()));
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
