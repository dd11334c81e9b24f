//! The thread that asks, again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Builder;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rand::TryRng;
use rand::rngs::SysRng;
use tracer_core::ExportError;
use tracer_core::sampler::{AdjustableSampler, Strategy};

use super::source::{StrategyError, StrategySource};

/// The pause after a first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What became of a [`RemoteSampler`](crate::RemoteSampler)'s questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteSamplerStats {
    /// How many were answered with a strategy that is followed.
    pub answered: u64,
    /// How many were not.
    pub failed: u64,
    /// How many answers were another strategy than before.
    pub changes: u64,
}

#[derive(Debug)]
pub(super) struct Poller {
    orders: Sender<Order>,
    /// Nothing comes out of it, and it closes with the thread.
    ended: Receiver<()>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Order {
    Ask,
    Stop,
}

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    changes: AtomicU64,
}

impl Poller {
    pub(super) fn start(
        service_name: String,
        source: Box<dyn StrategySource>,
        interval: Duration,
        sampler: Arc<AdjustableSampler>,
    ) -> std::io::Result<Self> {
        let (orders, ordered) = bounded(2);
        let (alive, ended) = bounded(0);
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let follower =
            Follower { service_name, source, interval, sampler, counts: counted, last: None, failures: 0 };
        Builder::new().name("remote-sampling".to_owned()).spawn(move || {
            // Told from outside by its end.
            let _alive: Sender<()> = alive;
            follower.run(&ordered);
        })?;
        Ok(Self { orders, ended, counts })
    }

    pub(super) fn refresh(&self) {
        // Full, there is an order already; closed, there is nobody to obey.
        let _ = self.orders.try_send(Order::Ask);
    }

    pub(super) fn shutdown(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        // While it waits for an answer there is room for two orders, and it obeys them after that.
        let _ = match deadline {
            Some(deadline) => self.orders.send_deadline(Order::Stop, deadline).is_ok(),
            None => self.orders.send(Order::Stop).is_ok(),
        };
        let ended = match deadline {
            Some(deadline) => self.ended.recv_deadline(deadline),
            None => self.ended.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        ended == Err(RecvTimeoutError::Disconnected)
    }

    pub(super) fn stats(&self) -> RemoteSamplerStats {
        let read = |count: &AtomicU64| count.load(Ordering::Acquire);
        let Counts { answered, failed, changes } = &*self.counts;
        RemoteSamplerStats { answered: read(answered), failed: read(failed), changes: read(changes) }
    }
}

/// What the thread knows.
struct Follower {
    service_name: String,
    source: Box<dyn StrategySource>,
    interval: Duration,
    sampler: Arc<AdjustableSampler>,
    counts: Arc<Counts>,
    last: Option<Strategy>,
    /// Since the last answer.
    failures: u32,
}

impl Follower {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            self.ask();
            match orders.recv_timeout(self.pause()) {
                Ok(Order::Ask) | Err(RecvTimeoutError::Timeout) => {}
                // The last handle is gone.
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn ask(&mut self) {
        let now = Instant::now();
        let deadline = now.checked_add(self.source.timeout()).unwrap_or(now + self.interval);
        let (source, service_name) = (&mut self.source, &self.service_name);
        let fetched = catch_unwind(AssertUnwindSafe(|| source.fetch(service_name, deadline)));
        let fetched = fetched.unwrap_or_else(|_| {
            Err(StrategyError::Unanswered(ExportError::Failed(
                "the source of strategies panicked".to_owned(),
            )))
        });
        match fetched.and_then(|strategy| self.follow(strategy)) {
            Ok(()) => self.note_answer(),
            Err(error) => self.note_failure(&error),
        }
    }

    fn follow(&mut self, strategy: Strategy) -> Result<(), StrategyError> {
        if self.last.as_ref() == Some(&strategy) {
            return Ok(());
        }
        let left_out = self.sampler.apply(&strategy)?;
        log::debug!("remote sampling: {}", described(&strategy));
        if left_out > 0 {
            log::warn!("remote sampling: {left_out} operations are too many, or too long, to be kept apart");
        }
        self.last = Some(strategy);
        self.counts.changes.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn note_answer(&mut self) {
        if self.failures > 0 {
            log::warn!("remote sampling: strategies are answered again, after {} failures", self.failures);
        }
        self.failures = 0;
        self.counts.answered.fetch_add(1, Ordering::Release);
    }

    fn note_failure(&mut self, error: &StrategyError) {
        if self.failures == 0 {
            let stays = if self.last.is_some() { "the last strategy" } else { "the initial sampler" };
            log::warn!("remote sampling: {error}; {stays} stays");
        }
        self.failures = self.failures.saturating_add(1);
        self.counts.failed.fetch_add(1, Ordering::Release);
    }

    /// The interval; after failures a second, doubled with each, up to the interval. A tenth more or less, so
    /// that many processes do not ask at once.
    fn pause(&self) -> Duration {
        let pause = match self.failures.checked_sub(1) {
            None => self.interval,
            Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(20)).min(self.interval),
        };
        // Without random numbers there is no jitter, and that is no reason to fail.
        let random = SysRng.try_next_u32().unwrap_or(u32::MAX / 2);
        pause.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
    }
}

fn described(strategy: &Strategy) -> String {
    match strategy {
        Strategy::Probabilistic(probability) => format!("a share of {probability}"),
        Strategy::RateLimiting(rate) => format!("{rate} traces per second at most"),
        Strategy::PerOperation(strategies) => format!(
            "{} operations of their own, {} of others, {} per second of each at least",
            strategies.operations.len(),
            strategies.default_probability,
            strategies.lower_bound_per_second
        ),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::ConstSampler;

    use super::*;

    #[derive(Debug)]
    struct Nobody;

    impl StrategySource for Nobody {
        fn fetch(&mut self, _: &str, _: Instant) -> Result<Strategy, StrategyError> {
            Ok(Strategy::Probabilistic(1.0))
        }
    }

    #[test]
    fn pauses_are_the_interval_and_after_failures_grow_up_to_it() {
        let mut follower = Follower {
            service_name: String::new(),
            source: Box::new(Nobody),
            interval: Duration::from_secs(60),
            sampler: Arc::new(AdjustableSampler::new(ConstSampler::OFF)),
            counts: Arc::default(),
            last: None,
            failures: 0,
        };
        for (failures, seconds) in [(0, 60), (1, 1), (2, 2), (4, 8), (7, 60), (u32::MAX, 60)] {
            follower.failures = failures;
            let middle = Duration::from_secs(seconds);
            for _ in 0..100 {
                let pause = follower.pause();
                assert!(pause >= middle.mul_f64(0.899) && pause <= middle.mul_f64(1.101), "{failures}");
            }
        }
    }
}
