//! Time: what a span reads, and how it becomes unix nanoseconds.
//!
//! ```text
//! unix ns = (ticks * rate >> 32) + offset      the Timeline of a clock: a rate and an offset
//!            │
//!            ├ the processor's counter, where the kernel keeps time by it
//!            ├ nanoseconds of the standard clock since an anchor, elsewhere
//!            └ unix nanoseconds, of a clock for tests
//! ```
//!
//! A span reads ticks when it begins, and takes a timeline at its first log or at its end, for all of its
//! times. So durations never see a step of the wall clock, and a log never falls outside its span. The
//! pipeline's worker sets the offset anew when the wall clock is a millisecond off, and not before: a smaller
//! correction would tell nothing, and put a span that follows a long one before its end.
//!
//! The counter's rate is measured once, over the first tenth of a second, and frozen. Until then a timeline is made
//! where it is asked for, of the anchor and a reading of the moment: exact for what lies between the two.

mod counter;
mod system;
mod timeline;
mod tsc;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use self::counter::Counter;
use self::system::SystemClock;
pub(crate) use self::timeline::Timeline;
use crate::sync::{AtomicU64, Ordering};

/// Where a tracer reads the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(&'static SystemClock),
    /// Ticks are unix nanoseconds, and move only when told.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        static CLOCK: OnceLock<SystemClock> = OnceLock::new();
        Self(Source::System(CLOCK.get_or_init(SystemClock::new)))
    }

    /// A clock for tests, which stands at `start` until it is moved.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use tracer_core::Clock;
    ///
    /// let clock = Clock::manual(UNIX_EPOCH);
    /// clock.advance(Duration::from_millis(5));
    /// assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_millis(5));
    /// ```
    #[must_use]
    pub fn manual(start: SystemTime) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(to_unix_ns(start)))))
    }

    /// Moves a manual clock forward; does nothing to the machine's.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(saturating_ns(by), Ordering::Relaxed);
        }
    }

    /// Sets a manual clock, forwards or back; does nothing to the machine's.
    pub fn set(&self, time: SystemTime) {
        if let Source::Manual(now) = &self.0 {
            now.store(to_unix_ns(time), Ordering::Relaxed);
        }
    }

    /// The time of day, as spans that start now will have it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.timeline().unix_ns(self.ticks()))
    }

    /// The counter, if that is what ticks.
    pub(crate) fn counter(&self) -> Option<&'static Counter> {
        match &self.0 {
            Source::System(clock) => clock.counter.as_ref(),
            Source::Manual(_) => None,
        }
    }

    /// Now.
    #[inline]
    pub(crate) fn ticks(&self) -> u64 {
        match &self.0 {
            Source::System(clock) => clock.ticks(),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// The timeline for a span that ends, or logs for the first time, now.
    #[inline]
    pub(crate) fn timeline(&self) -> Timeline {
        match &self.0 {
            Source::System(clock) => clock.timeline(),
            Source::Manual(_) => Timeline::of_ns(0),
        }
    }

    /// Follows the wall clock; once the process is old enough, turns to the processor's counter.
    pub(crate) fn adjust(&self) {
        if let Source::System(clock) = &self.0 {
            clock.adjust();
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Unix nanoseconds; times before 1970 are 0.
pub(crate) fn to_unix_ns(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, saturating_ns)
}

fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Clock {
        pub(super) const fn of(clock: &'static SystemClock) -> Self {
            Self(Source::System(clock))
        }
    }

    #[test]
    fn a_timeline_never_runs_backwards() {
        let clock = Clock::system();
        let timeline = clock.timeline();
        let mut last = 0;
        for _ in 0..100_000 {
            let now = timeline.unix_ns(clock.ticks());
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }
}
