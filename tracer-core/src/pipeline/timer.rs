//! Holds the deadlines of futures: a thread that starts with the first one, since the worker may hang in an
//! exporter just when a deadline passes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::FlushError;
use super::ticket::Ticket;

/// The deadlines of a pipeline. `None` if the system gave no thread.
#[derive(Debug, Default)]
pub(super) struct Timer(OnceLock<Option<Sender<Watch>>>);

#[derive(Debug)]
struct Watch {
    deadline: Instant,
    ticket: Weak<Ticket>,
}

impl Timer {
    /// Settles the ticket as timed out at its deadline, or at once if there is nobody to do that.
    pub(super) fn watch(&self, deadline: Instant, ticket: &Arc<Ticket>) {
        let watch = Watch { deadline, ticket: Arc::downgrade(ticket) };
        let sent = self.0.get_or_init(start).as_ref().is_some_and(|thread| thread.send(watch).is_ok());
        if !sent {
            ticket.settle(Err(FlushError::TimedOut));
        }
    }
}

fn start() -> Option<Sender<Watch>> {
    let (sender, watches) = unbounded();
    let thread = std::thread::Builder::new().name("tracer-deadlines".into());
    let started = thread.spawn(move || run(&watches));
    if let Err(error) = &started {
        log::error!("no thread for the deadlines of flushes: {error}");
    }
    started.ok().map(|_| sender)
}

fn run(watches: &Receiver<Watch>) {
    let mut waiting = BinaryHeap::<Watch>::new();
    let mut tidy_at = 64;
    loop {
        let next = waiting.peek().map(|watch| watch.deadline);
        let received = match next {
            Some(deadline) => watches.recv_deadline(deadline),
            None => watches.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(watch) => waiting.push(watch),
            Err(RecvTimeoutError::Timeout) => waiting.pop().iter().for_each(Watch::time_out),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if waiting.len() > tidy_at {
            waiting.retain(Watch::is_awaited);
            tidy_at = 64.max(2 * waiting.len());
        }
    }
    // The pipeline is gone, and some still wait for its last flush.
    while let Some(watch) = waiting.pop() {
        if watch.is_awaited() {
            std::thread::sleep(watch.deadline.saturating_duration_since(Instant::now()));
            watch.time_out();
        }
    }
}

impl Watch {
    fn is_awaited(&self) -> bool {
        self.ticket.strong_count() > 0
    }

    fn time_out(&self) {
        if let Some(ticket) = self.ticket.upgrade() {
            ticket.settle(Err(FlushError::TimedOut));
        }
    }
}

/// The earliest is the greatest: a heap gives that first.
impl Ord for Watch {
    fn cmp(&self, other: &Self) -> Ordering {
        other.deadline.cmp(&self.deadline)
    }
}

impl PartialOrd for Watch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Watch {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline
    }
}

impl Eq for Watch {}
