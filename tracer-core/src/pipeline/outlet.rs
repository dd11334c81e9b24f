//! An exporter and whether it works: one log line when it begins to fail, one when it works again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::{Dropped, FlushError};
use crate::export::{Batch, ExportError, Exported, Exporter, Losses};

pub(super) struct Outlet {
    exporter: Box<dyn Exporter>,
    /// Spans lost since it began to fail; 0 while it works.
    lost: u64,
    /// What its back end was told of losses.
    told: Losses,
}

impl Outlet {
    pub(super) const fn new(exporter: Box<dyn Exporter>) -> Self {
        Self { exporter, lost: 0, told: Losses::new(Dropped::NONE, 0) }
    }

    /// How many spans of the batch were taken. An exporter that panics has taken none.
    pub(super) fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> usize {
        let sent = catch_unwind(AssertUnwindSafe(|| self.exporter.export(batch, deadline)));
        let sent = sent.unwrap_or_else(|_| Err(ExportError::Failed("it panicked".into())));
        self.say(batch, &sent);
        if sent.is_ok() {
            self.told = batch.losses;
        }
        sent.map_or(0, |exported| batch.rows.len().saturating_sub(exported.rejected))
    }

    /// Whether it takes batches, as far as is known.
    pub(super) const fn is_working(&self) -> bool {
        self.lost == 0
    }

    /// Tells of losses, in a batch without spans, if the last batch did not.
    pub(super) fn report_losses(&mut self, batch: &Batch<'_>, deadline: Instant) {
        if batch.losses.by_reason() == self.told.by_reason() {
            return;
        }
        let told = catch_unwind(AssertUnwindSafe(|| self.exporter.report_losses(batch, deadline)));
        if matches!(told, Ok(Ok(()))) {
            self.told = batch.losses;
        }
    }

    pub(super) fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        let flushed = catch_unwind(AssertUnwindSafe(|| self.exporter.flush(deadline)));
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(FlushError::ExportFailed),
        }
    }

    fn say(&mut self, batch: &Batch<'_>, sent: &Result<Exported, ExportError>) {
        let name = self.exporter.name();
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
                self.lost += batch.rows.len() as u64;
            }
        }
    }
}
