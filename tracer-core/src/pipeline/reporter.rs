//! Tells of the accounts, on the worker: to the application's own callback, and in one line of the log when
//! spans were dropped.
//!
//! The line comes at the first loss, and then once per [`LINE_INTERVAL`] at most, and only if more were lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::accounts::{Accounts, Dropped, Stats};

/// How long after a line about losses there is none.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// What to do with the accounts now and then.
pub(super) struct OnStats {
    pub(super) interval: Duration,
    pub(super) callback: Box<dyn FnMut(&Stats) + Send>,
}

impl OnStats {
    /// Oftener, the worker would do nothing else.
    pub(super) const INTERVAL_MIN: Duration = Duration::from_millis(10);
}

/// Who was told what, and when.
#[derive(Default)]
pub(super) struct Reporter {
    on_stats: Option<OnStats>,
    called_at: Option<Instant>,
    said_at: Option<Instant>,
    said: Dropped,
}

impl Reporter {
    pub(super) fn new(on_stats: Option<OnStats>) -> Self {
        Self { on_stats, ..Self::default() }
    }

    /// The longest time between two looks.
    pub(super) fn interval(&self) -> Duration {
        self.on_stats.as_ref().map_or(Duration::MAX, |on_stats| on_stats.interval)
    }

    /// Tells what is due.
    pub(super) fn look(&mut self, now: Instant, accounts: &Accounts) {
        let says = is_due(self.said_at, now, LINE_INTERVAL);
        let calls = self.on_stats.is_some() && is_due(self.called_at, now, self.interval());
        if !says && !calls {
            return;
        }
        let stats = accounts.stats();
        if let Some(line) = self.line(now, &stats.dropped).filter(|_| says) {
            log::warn!("{line}");
        }
        if calls {
            self.called_at = Some(now);
            self.call(&stats);
        }
    }

    /// Calls back, whatever was told before.
    pub(super) fn call(&mut self, stats: &Stats) {
        let Some(on_stats) = &mut self.on_stats else { return };
        if catch_unwind(AssertUnwindSafe(|| (on_stats.callback)(stats))).is_err() {
            log::error!("the callback for tracing's accounts panicked and is not called again");
            self.on_stats = None;
        }
    }

    /// What to say, if more was lost than was said.
    fn line(&mut self, now: Instant, dropped: &Dropped) -> Option<String> {
        let is_due = is_due(self.said_at, now, LINE_INTERVAL);
        let before = self.said.losses();
        let more = dropped
            .losses()
            .into_iter()
            .zip(before)
            .map(|((reason, now), (_, before))| (reason, now.saturating_sub(before)));
        let more: Vec<_> = more.filter(|(_, count)| *count > 0).collect();
        if more.is_empty() || !is_due {
            return None;
        }
        let count: u64 = more.iter().map(|(_, count)| count).sum();
        let total: u64 = dropped.losses().iter().map(|(_, count)| count).sum();
        let reasons: Vec<_> = more.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        let since = self.said_at.map(|said_at| now.saturating_duration_since(said_at).as_secs());
        let since = since.map_or_else(|| "so far".into(), |seconds| format!("in the last {seconds} s"));
        (self.said_at, self.said) = (Some(now), *dropped);
        Some(format!("tracing: {count} spans dropped {since}: {}; total {total}", reasons.join(", ")))
    }
}

fn is_due(last: Option<Instant>, now: Instant, interval: Duration) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last) >= interval)
}

#[cfg(all(test, not(tracer_loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn dropped(memory: u64, shutdown: u64, sampling: u64) -> Dropped {
        Dropped { memory, shutdown, sampling, ..Dropped::default() }
    }

    #[test]
    fn the_first_loss_is_told_at_once_and_more_once_per_interval() {
        let mut reporter = Reporter::default();
        let start = Instant::now();
        let mut line = |seconds, lost| reporter.line(start + Duration::from_secs(seconds), &lost);
        assert_eq!(line(0, dropped(0, 0, 9)), None, "somebody asked for these");
        let first = "tracing: 3 spans dropped so far: memory 3; total 3";
        assert_eq!(line(1, dropped(3, 0, 9)).as_deref(), Some(first));
        assert_eq!(line(2, dropped(5, 0, 9)), None, "too early");
        assert_eq!(line(30, dropped(5, 1, 9)), None, "still");
        let second = "tracing: 4 spans dropped in the last 30 s: memory 3, shutdown 1; total 7";
        assert_eq!(line(31, dropped(6, 1, 9)).as_deref(), Some(second));
        assert_eq!(line(90, dropped(6, 1, 10)), None, "nothing more was lost");
    }

    #[test]
    fn the_callback_is_called_when_it_is_due_and_no_more_after_a_panic() {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let callback = Box::new(move |_: &Stats| {
            assert!(counted.fetch_add(1, Ordering::Relaxed) < 2, "on purpose");
        });
        let interval = Duration::from_secs(10);
        let mut reporter = Reporter::new(Some(OnStats { interval, callback }));
        let accounts = Accounts::new(std::iter::empty());
        let start = Instant::now();
        for (seconds, expected) in [(0, 1), (9, 1), (10, 2), (15, 2), (20, 3), (30, 3), (40, 3)] {
            reporter.look(start + Duration::from_secs(seconds), &accounts);
            assert_eq!(calls.load(Ordering::Relaxed), expected, "after {seconds} s");
        }
    }
}
