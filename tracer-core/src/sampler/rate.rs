//! The leaky bucket behind every limit on a rate, without a lock.
//!
//! ```text
//!        now             paid          now + burst
//! ────────┼───────────────┼────────────────┼──────> time
//!         └─ what was let through lately ──┘
//! ```
//!
//! A bucket is one number: the time by which all that was let through is paid for, at one interval each. What
//! would put it more than a burst ahead of now is not let through. (The generic cell rate algorithm.)

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;

const NS_PER_S: f64 = 1e9;
/// An interval for which nothing is let through.
const NEVER_NS: u64 = u64::MAX;
/// Longer than any process lives, and far from overflow.
const INTERVAL_NS_MAX: u64 = u64::MAX / 8;
/// How far two threads' readings of the clock may be apart.
const SLACK_NS: u64 = 1_000_000_000;

/// A rate that is no number of traces per second.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("rate {0} is not a number of traces per second, from 0")]
pub struct InvalidRate(pub f64);

/// How many per second, kept to the nanosecond per trace. May be changed while running.
#[derive(Debug)]
pub(super) struct Rate {
    /// 0: no limit.
    interval_ns: AtomicU64,
    burst_ns: AtomicU64,
}

/// What was let through at a rate.
#[derive(Debug)]
pub(super) struct Bucket {
    paid_unix_ns: AtomicU64,
}

impl Bucket {
    /// With all that it can hold.
    pub(super) const fn new() -> Self {
        Self { paid_unix_ns: AtomicU64::new(0) }
    }
}

impl Rate {
    /// No limit.
    pub(super) const fn unlimited() -> Self {
        Self { interval_ns: AtomicU64::new(0), burst_ns: AtomicU64::new(0) }
    }

    /// Nothing at all.
    pub(super) const fn never() -> Self {
        Self { interval_ns: AtomicU64::new(NEVER_NS), burst_ns: AtomicU64::new(0) }
    }

    pub(super) fn per_second(rate: f64) -> Result<Self, InvalidRate> {
        let (interval_ns, burst_ns) = interval_and_burst_ns(check_rate(rate)?);
        Ok(Self { interval_ns: AtomicU64::new(interval_ns), burst_ns: AtomicU64::new(burst_ns) })
    }

    /// Takes over a rate that was checked; `None` is no limit.
    pub(super) fn set(&self, rate: Option<f64>) {
        let (interval_ns, burst_ns) = rate.map_or((0, 0), interval_and_burst_ns);
        self.burst_ns.store(burst_ns, Ordering::Relaxed);
        self.interval_ns.store(interval_ns, Ordering::Relaxed);
    }

    /// Whether no clock is needed to answer.
    fn constant(&self) -> Option<bool> {
        match self.interval_ns.load(Ordering::Relaxed) {
            0 => Some(true),
            NEVER_NS => Some(false),
            _ => None,
        }
    }

    /// Whether one more may pass.
    pub(super) fn take(&self, bucket: &Bucket, clock: &Clock) -> bool {
        self.constant().unwrap_or_else(|| self.take_at(bucket, clock.timeline().unix_ns(clock.ticks())))
    }

    /// The same with a bucket that is looked for only if it is needed.
    pub(super) fn take_lazily<'b>(&self, bucket: impl FnOnce() -> &'b Bucket, clock: &Clock) -> bool {
        self.constant().unwrap_or_else(|| self.take(bucket(), clock))
    }

    fn take_at(&self, bucket: &Bucket, now_ns: u64) -> bool {
        let interval_ns = self.interval_ns.load(Ordering::Relaxed);
        let end_ns = now_ns.saturating_add(self.burst_ns.load(Ordering::Relaxed));
        let taken = bucket.paid_unix_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid_ns| {
            // Farther ahead than a burst is only what the clock, or the rate, was set back behind.
            let is_stale = paid_ns > end_ns.saturating_add(SLACK_NS);
            let from_ns = if is_stale { now_ns } else { paid_ns.max(now_ns) };
            let paid_ns = from_ns.saturating_add(interval_ns);
            (paid_ns <= end_ns).then_some(paid_ns)
        });
        taken.is_ok()
    }
}

/// A rate as it may be set.
pub(super) fn check_rate(rate: f64) -> Result<f64, InvalidRate> {
    if rate.is_finite() && rate >= 0.0 { Ok(rate) } else { Err(InvalidRate(rate)) }
}

/// The time per trace, and the balance as Jaeger's clients keep it: what a second brings, but at least one.
fn interval_and_burst_ns(rate: f64) -> (u64, u64) {
    if rate <= 0.0 {
        return (NEVER_NS, 0);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
    let interval_ns = ((NS_PER_S / rate).round() as u64).min(INTERVAL_NS_MAX);
    (interval_ns, interval_ns.max(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// How many of many attempts pass at once.
    fn burst(rate: &Rate, bucket: &Bucket, clock: &Clock) -> usize {
        (0..1_000).filter(|_| rate.take(bucket, clock)).count()
    }

    fn at(seconds: u64) -> Clock {
        Clock::manual(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_what_time_brings() {
        for (rate, at_once, after_seconds, then) in
            [(10.0, 10, 1, 10), (10.0, 10, 100, 10), (0.5, 1, 1, 0), (0.5, 1, 2, 1), (2.5, 2, 4, 2)]
        {
            let (limit, bucket, clock) = (Rate::per_second(rate).unwrap(), Bucket::new(), at(1_000));
            assert_eq!(burst(&limit, &bucket, &clock), at_once, "{rate}");
            clock.advance(Duration::from_secs(after_seconds));
            assert_eq!(burst(&limit, &bucket, &clock), then, "{rate} after {after_seconds} s");
        }
    }

    #[test]
    fn over_a_long_time_the_rate_is_held_exactly() {
        let (limit, bucket, clock) = (Rate::per_second(3.0).unwrap(), Bucket::new(), at(5));
        let mut passed = 0;
        for _ in 0..100_000 {
            clock.advance(Duration::from_millis(1));
            passed += usize::from(limit.take(&bucket, &clock));
        }
        // 100 s, and the second's worth that was there at the beginning.
        assert!((302..=303).contains(&passed), "{passed}");
    }

    #[test]
    fn none_and_all_are_rates_too() {
        let (clock, bucket) = (at(5), Bucket::new());
        assert_eq!(burst(&Rate::per_second(0.0).unwrap(), &bucket, &clock), 0);
        assert_eq!(burst(&Rate::unlimited(), &bucket, &clock), 1_000);
        assert_eq!(burst(&Rate::per_second(1e300).unwrap(), &bucket, &clock), 1_000);
        // Once in longer than any process lives, and the one at the beginning.
        assert_eq!(burst(&Rate::per_second(1e-300).unwrap(), &bucket, &clock), 1);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for rate in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Rate::per_second(rate).is_err(), "{rate}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_it() {
        let (limit, bucket) = (Rate::per_second(10.0).unwrap(), Bucket::new());
        assert_eq!(burst(&limit, &bucket, &at(100_000)), 10);
        assert_eq!(burst(&limit, &bucket, &at(50_000)), 10);
    }

    #[test]
    fn another_rate_counts_from_now_on() {
        let (limit, bucket, clock) = (Rate::per_second(0.001).unwrap(), Bucket::new(), at(10_000));
        assert_eq!(burst(&limit, &bucket, &clock), 1);
        limit.set(Some(100.0));
        assert_eq!(burst(&limit, &bucket, &clock), 100);
        limit.set(Some(0.0));
        assert_eq!(burst(&limit, &bucket, &clock), 0);
        limit.set(None);
        assert_eq!(burst(&limit, &bucket, &clock), 1_000);
    }

    #[test]
    fn threads_share_one_balance() {
        let (limit, bucket, clock) = (Rate::per_second(500.0).unwrap(), Bucket::new(), at(9));
        let passed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| burst(&limit, &bucket, &clock))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(passed, 500);
    }
}
