//! Batches that lanes are sending, and what is known of them so far.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batches::OpenBatch;
use super::lanes::Done;

/// All that is under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    done: (Sender<Done>, Receiver<Done>),
    flights: Vec<Flight>,
    next_id: u64,
}

/// One batch; or a flush, which has none.
#[derive(Debug)]
pub(super) struct Flight {
    id: u64,
    pub(super) batch: Option<Arc<OpenBatch>>,
    /// How many spans of it some exporter took.
    pub(super) best: usize,
    /// Answers to come.
    awaited: usize,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { done: unbounded(), flights: Vec::new(), next_id: 0 }
    }
}

impl UnderWay {
    /// Where lanes tell of what they did.
    pub(super) const fn done(&self) -> &Sender<Done> {
        &self.done.0
    }

    /// The next id for [`begin`](Self::begin).
    pub(super) const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Waits for so many answers about what has the next id.
    pub(super) fn begin(&mut self, batch: Option<Arc<OpenBatch>>, best: usize, awaited: usize) {
        if awaited > 0 {
            self.flights.push(Flight { id: self.next_id, batch, best, awaited });
        }
        self.next_id += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// Spans under way.
    pub(super) fn count(&self) -> usize {
        self.flights.iter().filter_map(|flight| flight.batch.as_ref()).map(|batch| batch.count()).sum()
    }

    /// An answer that is there.
    pub(super) fn try_next(&self) -> Option<Done> {
        self.done.1.try_recv().ok()
    }

    /// An answer that comes before the deadline, if there is one.
    pub(super) fn next(&self, deadline: Option<Instant>) -> Option<Done> {
        match deadline {
            Some(deadline) => self.done.1.recv_deadline(deadline).ok(),
            None => self.done.1.recv().ok(),
        }
    }

    pub(super) fn has_older_than(&self, id: u64) -> bool {
        self.flights.iter().any(|flight| flight.id < id)
    }

    /// How many spans the flight of an answer has.
    pub(super) fn spans(&self, id: u64) -> usize {
        let flight = self.flights.iter().find(|flight| flight.id == id);
        flight.and_then(|flight| flight.batch.as_ref()).map_or(0, |batch| batch.count())
    }

    /// Notes an answer; gives the flight back if it was the last one.
    pub(super) fn note(&mut self, id: u64, taken: usize) -> Option<Flight> {
        let index = self.flights.iter().position(|flight| flight.id == id)?;
        let flight = self.flights.get_mut(index)?;
        flight.best = flight.best.max(taken);
        flight.awaited -= 1;
        (flight.awaited == 0).then(|| self.flights.swap_remove(index))
    }
}
