//! The threads of an exporter that sends several batches at the same time. No queue stands before them: what they
//! cannot take yet stays in the logs, whose memory is bounded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batches::OpenBatch;
use super::losses::Report;
use super::worker;
use crate::export::{ExportError, Exported, Exporter, Losses};

/// What became of a job.
#[derive(Debug)]
pub(super) struct Done {
    /// The outlet's place among all, and the lane's in the outlet.
    pub(super) place: (usize, usize),
    /// What the job was part of.
    pub(super) flight: u64,
    pub(super) result: Result<Exported, ExportError>,
    /// What the back end was told of losses.
    pub(super) told: Option<Losses>,
}

/// What a lane is asked.
pub(super) enum Job {
    Export { flight: u64, batch: Arc<OpenBatch>, number: u64, losses: Losses, deadline: Instant },
    Losses { flight: u64, report: Report, deadline: Instant },
    Flush { flight: u64, deadline: Instant },
}

/// All lanes of one exporter.
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    outlet: usize,
    done: Sender<Done>,
}

/// A thread that begins with its first job.
struct Lane {
    /// Until there is a thread.
    exporter: Option<Box<dyn Exporter>>,
    jobs: Option<Sender<Job>>,
    is_busy: bool,
}

impl Lanes {
    pub(super) fn new(exporters: Vec<Box<dyn Exporter>>, outlet: usize, done: Sender<Done>) -> Self {
        let lane = |exporter| Lane { exporter: Some(exporter), jobs: None, is_busy: false };
        Self { lanes: exporters.into_iter().map(lane).collect(), outlet, done }
    }

    pub(super) fn has_room(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.is_busy)
    }

    /// Gives a job to the first lane that is idle, so that few connections are open while few are needed. The job
    /// is done here and now if the system gives no thread.
    pub(super) fn give(&mut self, job: Job) {
        let (outlet, done) = (self.outlet, &self.done);
        if let Some((index, lane)) = self.lanes.iter_mut().enumerate().find(|(_, lane)| !lane.is_busy) {
            lane.give(job, (outlet, index), done);
        }
    }

    /// Asks all lanes that have a thread to flush; all are idle. Says how many there are.
    pub(super) fn flush(&mut self, flight: u64, deadline: Instant) -> usize {
        let (outlet, done) = (self.outlet, &self.done);
        let begun =
            self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.jobs.is_some() && !lane.is_busy);
        begun.map(|(index, lane)| lane.give(Job::Flush { flight, deadline }, (outlet, index), done)).count()
    }

    /// The lane is done.
    pub(super) fn free(&mut self, lane: usize) {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.is_busy = false;
        }
    }
}

impl Lane {
    fn give(&mut self, job: Job, place: (usize, usize), done: &Sender<Done>) {
        self.is_busy = true;
        if self.jobs.is_none() {
            self.begin(place, done);
        }
        match (&self.jobs, &mut self.exporter) {
            // A lane ends only when its sender is dropped.
            (Some(jobs), _) => drop(jobs.send(job)),
            (None, Some(exporter)) => drop(done.send(job.run(exporter.as_mut(), place))),
            (None, None) => {}
        }
    }

    fn begin(&mut self, place: (usize, usize), done: &Sender<Done>) {
        let (jobs, given) = unbounded();
        let (hand_over, handed_over) = unbounded();
        let done = done.clone();
        let thread = std::thread::Builder::new().name(format!("tracer-send-{}", place.1));
        let begun = thread.spawn(move || {
            if let Ok(exporter) = handed_over.recv() {
                run(exporter, &given, place, &done);
            }
        });
        match (begun, self.exporter.take()) {
            (Ok(_), Some(exporter)) => {
                drop(hand_over.send(exporter));
                self.jobs = Some(jobs);
            }
            (_, exporter) => self.exporter = exporter,
        }
    }
}

/// A lane's life.
fn run(mut exporter: Box<dyn Exporter>, jobs: &Receiver<Job>, place: (usize, usize), done: &Sender<Done>) {
    let _exporting = worker::mark_thread();
    while let Ok(job) = jobs.recv() {
        if done.send(job.run(exporter.as_mut(), place)).is_err() {
            break;
        }
    }
    // It may panic at its end.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(exporter)));
}

impl Job {
    /// An exporter that panics has taken nothing. The batch is let go before that is told, so that its memory can be
    /// used again.
    fn run(self, exporter: &mut dyn Exporter, place: (usize, usize)) -> Done {
        let panicked = |_| Err(ExportError::Failed("it panicked".into()));
        match self {
            Self::Export { flight, batch, number, losses, deadline } => {
                let view = batch.view().with_number(number).with_losses(losses);
                let sent = catch_unwind(AssertUnwindSafe(|| exporter.export(&view, deadline)));
                drop(batch);
                let result = sent.unwrap_or_else(panicked);
                let told = result.is_ok().then_some(losses);
                Done { place, flight, result, told }
            }
            Self::Losses { flight, report, deadline } => {
                let view = report.view();
                let sent = catch_unwind(AssertUnwindSafe(|| exporter.report_losses(&view, deadline)));
                let told = matches!(sent, Ok(Ok(()))).then_some(report.losses);
                // No span is lost if it fails, and it is tried again.
                Done { place, flight, result: Ok(Exported::ALL), told }
            }
            Self::Flush { flight, deadline } => {
                let flushed = catch_unwind(AssertUnwindSafe(|| exporter.flush(deadline)));
                let result = flushed.map(|flushed| flushed.map(|()| Exported::ALL));
                Done { place, flight, result: result.unwrap_or_else(panicked), told: None }
            }
        }
    }
}
