//! Time: what a span reads, and how it becomes unix nanoseconds.
//!
//! ```text
//! unix ns = ticks since the process began, in ns + offset
//!           └ the standard clock in the first second, then the processor's counter
//! ```
//!
//! A span keeps the [`Timeline`] that it began on, which is a source of ticks and an offset, for all of its
//! times. So durations never see a step of the wall clock, and a log never falls outside its span. The
//! pipeline's worker sets the offset anew when the wall clock is a millisecond off, and not before: a smaller
//! correction would tell nothing, and put a span that follows a long one before its end.

mod tsc;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::tsc::{Tsc, TscReading};

/// How far the wall clock may be off before spans follow it.
const TOLERANCE_NS: u64 = 1_000_000;
/// A pause of this length between two readings makes them worthless.
const PAUSE_NS: u64 = 50_000;

/// Where a tracer reads the time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(&'static SystemClock),
    /// Ticks are unix nanoseconds, and move only when told.
    Manual(Arc<AtomicU64>),
}

/// What a span keeps of its clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline {
    offset_ns: u64,
    by_tsc: bool,
}

impl Timeline {
    /// Of a span that has not begun to record.
    pub(crate) const START: Self = Self { offset_ns: 0, by_tsc: false };
}

/// The machine's clock: one for the process.
#[derive(Debug)]
struct SystemClock {
    /// What ticks count from, on both sources.
    anchor: Instant,
    tsc_anchor: Option<TscReading>,
    /// The processor's counter, once its rate is known.
    tsc: OnceLock<Tsc>,
    offset_ns: AtomicU64,
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

    /// The time of day, as spans that start now will have it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.unix_ns(self.timeline()))
    }

    /// The timeline for a span that starts now.
    #[inline]
    pub(crate) fn timeline(&self) -> Timeline {
        match &self.0 {
            Source::System(clock) => clock.timeline(),
            Source::Manual(_) => Timeline::START,
        }
    }

    /// Now, on a timeline of this clock.
    #[inline]
    pub(crate) fn unix_ns(&self, timeline: Timeline) -> u64 {
        match &self.0 {
            Source::System(clock) => clock.ticks_ns(timeline.by_tsc).wrapping_add(timeline.offset_ns),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Follows the wall clock; once the process is old enough, turns to the processor's counter.
    pub(crate) fn adjust(&self) {
        if let Source::System(clock) = &self.0 {
            clock.measure_tsc();
            clock.follow(unix_now_ns);
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
        let (anchor, tsc_anchor) = tsc::pair();
        let offset_ns = AtomicU64::new(unix_now_ns().wrapping_sub(saturating_ns(anchor.elapsed())));
        Self { anchor, tsc_anchor, tsc: OnceLock::new(), offset_ns }
    }

    #[inline]
    fn timeline(&self) -> Timeline {
        Timeline { offset_ns: self.offset_ns.load(Ordering::Relaxed), by_tsc: self.tsc.get().is_some() }
    }

    #[inline]
    fn ticks_ns(&self, by_tsc: bool) -> u64 {
        match self.tsc.get() {
            Some(tsc) if by_tsc => tsc.now_ns(),
            _ => saturating_ns(self.anchor.elapsed()),
        }
    }

    fn measure_tsc(&self) {
        if self.tsc.get().is_none() {
            let measured = self.tsc_anchor.and_then(|anchor| anchor.measure(self.anchor));
            // Another pipeline's worker may have been first.
            let _ = measured.map(|tsc| self.tsc.set(tsc));
        }
    }

    /// Takes over what the wall clock says, if that differs.
    fn follow(&self, wall_unix_ns: impl Fn() -> u64) {
        let timeline = self.timeline();
        let before_ns = self.ticks_ns(timeline.by_tsc);
        let wall_unix_ns = wall_unix_ns();
        let pause_ns = self.ticks_ns(timeline.by_tsc).wrapping_sub(before_ns);
        let wanted_ns = wall_unix_ns.wrapping_sub(before_ns);
        if pause_ns < PAUSE_NS && wanted_ns.abs_diff(timeline.offset_ns) > TOLERANCE_NS {
            self.offset_ns.store(wanted_ns, Ordering::Relaxed);
        }
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
    fn the_counter_takes_over_without_a_jump() {
        let clock = SystemClock::new();
        clock.measure_tsc();
        assert!(clock.tsc.get().is_none(), "a rate that is measured so early is wrong");
        std::thread::sleep(tsc::MEASURE);
        clock.measure_tsc();
        for _ in 0..1_000 {
            let (before, counter, after) =
                (clock.ticks_ns(false), clock.ticks_ns(true), clock.ticks_ns(false));
            // Where there is no counter to trust, this compares the standard clock with itself.
            assert!(before <= counter + 2_000 && counter <= after + 2_000, "{before} {counter} {after}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_followed_and_a_little_drift_is_not() {
        let clock = SystemClock::new();
        let before = clock.timeline().offset_ns;
        for error_ns in [900_000, -900_000] {
            clock.follow(|| unix_now_ns().wrapping_add_signed(error_ns));
            assert_eq!(clock.timeline().offset_ns, before);
        }
        let an_hour_ago = || unix_now_ns() - 3_600_000_000_000;
        clock.follow(|| {
            std::thread::sleep(Duration::from_nanos(2 * PAUSE_NS));
            an_hour_ago()
        });
        assert_eq!(clock.timeline().offset_ns, before, "read too far apart");
        let moved = || before - clock.timeline().offset_ns > 3_599_000_000_000;
        // The machine may pause here too, but not always.
        assert!((0..1_000).any(|_| {
            clock.follow(an_hour_ago);
            moved()
        }));
    }

    #[test]
    fn a_timeline_never_runs_backwards() {
        let clock = Clock::system();
        let timeline = clock.timeline();
        let mut last = 0;
        for _ in 0..100_000 {
            let now = clock.unix_ns(timeline);
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }
}
