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
    /// would wait for a receiver that is away.
    pub(super) fn tell(&self, outlets: &mut [Outlet], hub: &Hub, asked: bool, deadline: Instant) {
        let Some(source) = self.source.clone().or_else(|| hub.source(0)) else { return };
        let dropped = hub.accounts.stats().dropped;
        let batch = Batch::new(&source.resource, &source.scope, Rows::new(&[], 0)).with_number(self.batches);
        for (outlet, account) in outlets.iter_mut().zip(&hub.accounts.exporters) {
            let losses = Losses::new(dropped, account.failed.get());
            if outlet.is_working() || !asked {
                outlet.report_losses(&batch.with_losses(losses), deadline);
            }
        }
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
