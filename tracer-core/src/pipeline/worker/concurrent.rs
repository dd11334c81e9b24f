//! The worker's part where exporters send several batches at the same time: it hands them to lanes, and puts what
//! these answer into the accounts, which no other thread writes.

use std::sync::Arc;
use std::time::Instant;

use super::super::FlushError;
use super::super::batches::OpenBatch;
use super::super::lanes::{Done, Job};
use super::super::outlet::{self, Outlet};
use super::super::under_way::Flight;
use super::{Outflow, Verdict};
use crate::export::Losses;

/// A batch that a lane sends is there as rows and as a request's body.
const BYTES_HELD_PER_ROW_BYTE: usize = 2;

/// Buffers of batches that are kept for the next ones.
const SPARES_MAX: usize = 8;

impl Outflow {
    /// Gives a batch to a lane of each exporter that has some; all of them have room. Rows and the request's body
    /// count as used memory until all have answered.
    pub(super) fn give_to_lanes(
        &mut self,
        batch: OpenBatch,
        number: u64,
        (best, lanes): (usize, usize),
        deadline: Instant,
    ) {
        self.hub.registry.budget.hold(BYTES_HELD_PER_ROW_BYTE * batch.bytes());
        let (batch, flight) = (Arc::new(batch), self.under_way.next_id());
        self.under_way.begin(Some(Arc::clone(&batch)), best, lanes);
        let dropped = self.hub.accounts.stats().dropped;
        for (outlet, account) in self.outlets.iter_mut().zip(&self.hub.accounts.exporters) {
            if let Some(lanes) = outlet.lanes() {
                let losses = Losses::new(dropped, account.failed.get());
                lanes.give(Job::Export { flight, batch: Arc::clone(&batch), number, losses, deadline });
            }
        }
    }

    /// Lets lanes' exporters send what they hold back.
    pub(super) fn flush_lanes(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let flight = self.under_way.next_id();
        let lanes = self.outlets.iter_mut().filter_map(Outlet::lanes);
        let asked = lanes.map(|lanes| lanes.flush(flight, deadline)).sum();
        self.under_way.begin(None, 0, asked);
        self.land(Some(deadline))
    }

    /// Takes in the answers of lanes that are there.
    pub(super) fn collect(&mut self) -> Result<(), FlushError> {
        let mut result = Ok(());
        while let Some(done) = self.under_way.try_next() {
            let noted = self.note(&done);
            result = result.and(noted);
        }
        result
    }

    /// Waits until each exporter can take a batch.
    pub(super) fn make_room(&mut self) -> Result<(), FlushError> {
        let mut result = self.collect();
        while !self.outlets.iter().all(Outlet::has_room) {
            let Some(done) = self.under_way.next(None) else { break };
            let noted = self.note(&done);
            result = result.and(noted);
        }
        result
    }

    /// Waits until nothing is under way.
    pub(super) fn land(&mut self, deadline: Option<Instant>) -> Result<(), FlushError> {
        let mut result = Ok(());
        while !self.under_way.is_empty() {
            let Some(done) = self.under_way.next(deadline) else {
                return result.and(Err(FlushError::TimedOut));
            };
            let noted = self.guard(|out| out.note(&done));
            result = result.and(noted);
        }
        result
    }

    /// Puts a lane's answer into the accounts.
    fn note(&mut self, done: &Done) -> Result<(), FlushError> {
        let (outlet, lane) = done.place;
        let spans = self.under_way.spans(done.flight);
        let taken = outlet::taken(spans, &done.result);
        if let Some(account) = self.hub.accounts.exporters.get(outlet) {
            account.exported.add(taken as u64);
            account.failed.add((spans - taken) as u64);
        }
        if let Some(flight) = self.under_way.note(done.flight, taken) {
            self.settle(flight);
        }
        if let Some(outlet) = self.outlets.get_mut(outlet) {
            outlet.lanes().into_iter().for_each(|lanes| lanes.free(lane));
            done.told.into_iter().for_each(|losses| outlet.note_told(losses));
            if spans > 0 {
                outlet.say_of_lane(spans, &done.result, done.flight, &self.under_way);
            }
        }
        if taken < spans || done.result.is_err() { Err(FlushError::ExportFailed) } else { Ok(()) }
    }

    /// All exporters have answered.
    fn settle(&mut self, flight: Flight) {
        let Some(batch) = flight.batch else { return };
        let (count, best) = (batch.count(), flight.best);
        self.hub.registry.budget.release(BYTES_HELD_PER_ROW_BYTE * batch.bytes());
        drop(Verdict { hub: &self.hub, settled: &mut self.settled, count, best, is_whole: true });
        if let Some(batch) = Arc::into_inner(batch) {
            self.open.reuse(batch, SPARES_MAX);
        }
    }
}
