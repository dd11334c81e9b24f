//! An exporter and whether it works: one log line when it begins to fail, one when it works again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_channel::Sender;

use super::lanes::{Done, Job, Lanes};
use super::losses::Report;
use super::under_way::UnderWay;
use super::{Dropped, FlushError};
use crate::export::{Batch, ExportError, Exported, Exporter, Losses};

pub(super) struct Outlet {
    name: &'static str,
    sending: Sending,
    /// Spans lost since it began to fail; 0 while it works.
    lost: u64,
    /// Flights from this one on began after it was known to fail.
    known_from: u64,
    /// What its back end was told of losses.
    told: Losses,
}

/// Who calls the exporter.
enum Sending {
    /// The worker itself.
    Here(Box<dyn Exporter>),
    /// Threads of their own.
    Lanes(Lanes),
}

impl Outlet {
    pub(super) fn new(exporter: Box<dyn Exporter>) -> Self {
        let (name, told) = (exporter.name(), Losses::new(Dropped::NONE, 0));
        Self { name, sending: Sending::Here(exporter), lost: 0, known_from: 0, told }
    }

    /// Sends on several threads, if the exporter is made for that.
    pub(super) fn with_lanes(mut self, index: usize, done: &Sender<Done>) -> Self {
        if let Sending::Here(exporter) = self.sending {
            let more = catch_unwind(AssertUnwindSafe(|| exporter.concurrent()));
            let mut all = more.unwrap_or_default();
            self.sending = if all.is_empty() {
                Sending::Here(exporter)
            } else {
                all.insert(0, exporter);
                Sending::Lanes(Lanes::new(all, index, done.clone()))
            };
        }
        self
    }

    pub(super) const fn lanes(&mut self) -> Option<&mut Lanes> {
        match &mut self.sending {
            Sending::Lanes(lanes) => Some(lanes),
            Sending::Here(_) => None,
        }
    }

    /// Whether a batch can be sent at once.
    pub(super) fn has_room(&self) -> bool {
        match &self.sending {
            Sending::Lanes(lanes) => lanes.has_room(),
            Sending::Here(_) => true,
        }
    }

    /// How many spans of the batch were taken; `None` if that is for lanes to do. An exporter that panics has taken
    /// none.
    pub(super) fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Option<usize> {
        let Sending::Here(exporter) = &mut self.sending else { return None };
        let sent = catch_unwind(AssertUnwindSafe(|| exporter.export(batch, deadline)));
        let sent = sent.unwrap_or_else(|_| Err(ExportError::Failed("it panicked".into())));
        self.say(batch.rows.len(), &sent);
        if sent.is_ok() {
            self.told = batch.losses;
        }
        Some(taken(batch.rows.len(), &sent))
    }

    /// Whether it takes batches, as far as is known.
    pub(super) const fn is_working(&self) -> bool {
        self.lost == 0
    }

    /// A lane told of losses.
    pub(super) const fn note_told(&mut self, losses: Losses) {
        self.told = losses;
    }

    /// Tells of losses, in a batch without spans, if the last batch did not. Says whether a lane does it.
    pub(super) fn report_losses(&mut self, report: Report, flight: u64, deadline: Instant) -> bool {
        if report.losses.by_reason() == self.told.by_reason() {
            return false;
        }
        match &mut self.sending {
            Sending::Here(exporter) => {
                let batch = report.view();
                let told = catch_unwind(AssertUnwindSafe(|| exporter.report_losses(&batch, deadline)));
                if matches!(told, Ok(Ok(()))) {
                    self.told = report.losses;
                }
                false
            }
            Sending::Lanes(lanes) if lanes.has_room() => {
                lanes.give(Job::Losses { flight, report, deadline });
                true
            }
            Sending::Lanes(_) => false,
        }
    }

    /// What lanes do not do.
    pub(super) fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let Sending::Here(exporter) = &mut self.sending else { return Ok(()) };
        let flushed = catch_unwind(AssertUnwindSafe(|| exporter.flush(deadline)));
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(FlushError::ExportFailed),
        }
    }

    /// As [`say`](Self::say), for what a lane did. Lanes answer in any order: that the exporter works again is said by
    /// what began after the failure was known, and once nothing older is under way that may fail as well.
    pub(super) fn say_of_lane(
        &mut self,
        spans: usize,
        sent: &Result<Exported, ExportError>,
        flight: u64,
        under_way: &UnderWay,
    ) {
        if sent.is_err() {
            self.known_from = under_way.next_id();
        } else if flight < self.known_from || under_way.has_older_than(flight) {
            return;
        }
        self.say(spans, sent);
    }

    /// Logs if the exporter begins to fail, or works again.
    fn say(&mut self, spans: usize, sent: &Result<Exported, ExportError>) {
        let name = self.name;
        match sent {
            Ok(_) if self.lost > 0 => {
                log::warn!("{name}: spans are taken again; {} were lost meanwhile", self.lost);
                self.lost = 0;
            }
            Ok(_) => {}
            Err(error) => {
                if self.lost == 0 {
                    log::warn!("{name}: spans are being lost: {error}");
                }
                self.lost += spans as u64;
            }
        }
    }
}

/// How many of so many spans were taken.
pub(super) fn taken(spans: usize, sent: &Result<Exported, ExportError>) -> usize {
    sent.as_ref().map_or(0, |exported| spans.saturating_sub(exported.rejected))
}
