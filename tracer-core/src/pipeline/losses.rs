//! What the back end is told of losses: with each batch, and without spans when none come any more.
//!
//! ```text
//! batch ──> losses so far          (sums: a batch that gets lost itself takes no loss along)
//! flush, shutdown ──> an empty batch, if more was lost than the last batch said
//! sweep ──> the same, once per half a minute
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::hub::{Hub, Source};
use super::outlet::Outlet;
use crate::export::{Batch, Losses};
use crate::row::Rows;

/// How long the worker waits before it tells of losses without being asked.
const INTERVAL: Duration = Duration::from_secs(30);

/// Who was told, and when.
#[derive(Debug, Default)]
pub(super) struct LossReport {
    batches: u64,
    /// Whose batch was the last: a loss is the pipeline's, so any service may tell it.
    source: Option<Arc<Source>>,
    reported_at: Option<Instant>,
}

/// What is told.
#[derive(Debug)]
pub(super) struct Report {
    source: Arc<Source>,
    number: u64,
    pub(super) losses: Losses,
}

impl Report {
    /// The batch that tells it.
    pub(super) fn view(&self) -> Batch<'_> {
        let batch = Batch::new(&self.source.resource, &self.source.scope, Rows::new(&[], 0));
        batch.with_number(self.number).with_losses(self.losses)
    }
}

impl LossReport {
    /// The number of the next batch, which is that source's.
    pub(super) fn number(&mut self, source: &Arc<Source>) -> u64 {
        self.batches += 1;
        if !self.source.as_ref().is_some_and(|last| Arc::ptr_eq(last, source)) {
            self.source = Some(Arc::clone(source));
        }
        self.batches
    }

    /// Whether exporters are to be told without being asked. True once per interval.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.reported_at.is_some_and(|at| now.saturating_duration_since(at) >= INTERVAL);
        if is_due || self.reported_at.is_none() {
            self.reported_at = Some(now);
        }
        is_due
    }

    /// Tells all exporters whose last batch did not say it; of those that fail, none if `asked`, since who waits
    /// would wait for a receiver that is away. Answers how many lanes were asked to, as part of that flight.
    pub(super) fn tell(
        &self,
        outlets: &mut [Outlet],
        hub: &Hub,
        asked: bool,
        (flight, deadline): (u64, Instant),
    ) -> usize {
        let Some(source) = self.source.clone().or_else(|| hub.source(0)) else { return 0 };
        let dropped = hub.accounts.stats().dropped;
        let mut lanes = 0;
        for (outlet, account) in outlets.iter_mut().zip(&hub.accounts.exporters) {
            let losses = Losses::new(dropped, account.failed.get());
            if outlet.is_working() || !asked {
                let report = Report { source: Arc::clone(&source), number: self.batches, losses };
                lanes += usize::from(outlet.report_losses(report, flight, deadline));
            }
        }
        lanes
    }
}

#[cfg(all(test, not(tracer_loom)))]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_before_half_a_minute_has_passed() {
        let mut report = LossReport::default();
        let start = Instant::now();
        let mut is_due = |seconds| report.is_due(start + Duration::from_secs(seconds));
        let seen = [0, 29, 30, 31, 59, 60, 200].map(&mut is_due);
        assert_eq!(seen, [false, false, true, false, false, true, true]);
    }
}
