//! Time: ticks while a span runs, unix nanoseconds once it is written.
//!
//! ```text
//! unix ns = ticks in ns + offset       ticks in ns = ticks * rate, fixed when the process starts
//! ```
//!
//! A span takes the offset once, at its start, and uses it for all of its times. So durations never see
//! a step of the wall clock, and a log never falls outside its span. The pipeline's worker sets the
//! offset anew from time to time, so that later spans follow the wall clock.

mod tsc;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::tsc::Tsc;

/// Where a tracer reads the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(&'static SystemClock),
    /// Ticks are unix nanoseconds, and move only when told.
    Manual(Arc<AtomicU64>),
}

/// The machine's clock: one for the process.
#[derive(Debug)]
struct SystemClock {
    /// The processor's counter, where the kernel itself trusts it.
    tsc: Option<Tsc>,
    /// What the standard clock counts from.
    anchor: Instant,
    offset_ns: AtomicU64,
}

impl Clock {
    /// The machine's clock. The first call takes two milliseconds, to measure the processor's counter.
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

    /// The time of day, as spans that start now will have it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.offset_ns().saturating_add(self.ticks_ns()))
    }

    /// Monotonic time since some moment, in nanoseconds.
    #[inline]
    pub(crate) fn ticks_ns(&self) -> u64 {
        match &self.0 {
            Source::System(clock) => clock.ticks_ns(),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// What to add to ticks to get unix nanoseconds.
    #[inline]
    pub(crate) fn offset_ns(&self) -> u64 {
        match &self.0 {
            Source::System(clock) => clock.offset_ns.load(Ordering::Relaxed),
            Source::Manual(_) => 0,
        }
    }

    /// Follows the wall clock after it was set, or after the machine slept.
    pub(crate) fn reanchor(&self) {
        if let Source::System(clock) = &self.0 {
            clock.reanchor();
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl SystemClock {
    fn new() -> Self {
        let this = Self { tsc: Tsc::measure(), anchor: Instant::now(), offset_ns: AtomicU64::new(0) };
        this.reanchor();
        this
    }

    #[inline]
    fn ticks_ns(&self) -> u64 {
        match &self.tsc {
            Some(tsc) => tsc.now_ns(),
            None => saturating_ns(self.anchor.elapsed()),
        }
    }

    fn reanchor(&self) {
        let now_ns = unix_now_ns();
        self.offset_ns.store(now_ns.wrapping_sub(self.ticks_ns()), Ordering::Relaxed);
    }
}

/// Unix nanoseconds; times before 1970 are 0.
pub(crate) fn to_unix_ns(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, saturating_ns)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn unix_now_ns() -> u64 {
    to_unix_ns(SystemTime::now())
}

fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_clock_agrees_with_the_standard_one() {
        let clock = Clock::system();
        let (ticks, began) = (clock.ticks_ns(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let (elapsed, expected) = (clock.ticks_ns() - ticks, saturating_ns(began.elapsed()));
        // Both readings of a pair may be apart by a pause of the machine.
        assert!(elapsed.abs_diff(expected) < 20_000_000, "{elapsed} against {expected}");
        let now_ns = to_unix_ns(clock.now());
        assert!(now_ns.abs_diff(unix_now_ns()) < 1_000_000_000);
    }

    #[test]
    fn ticks_never_run_backwards() {
        let clock = Clock::system();
        let mut last = 0;
        for _ in 0..100_000 {
            let now = clock.ticks_ns();
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }
}
