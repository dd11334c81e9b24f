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
mod tsc;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use self::counter::Counter;
use self::counter::move_offset;
use self::tsc::TscReading;
use crate::sync::{AtomicU64, Ordering};

/// How far the wall clock may be off before spans follow it.
const TOLERANCE_NS: u64 = 1_000_000;
/// How long the counter's rate is measured: an error of the standard clock's 25 ns is then 0.25 millionths.
const MEASURE: Duration = Duration::from_millis(100);
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

/// How ticks of a clock become unix nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    offset_ns: u64,
    /// Nanoseconds per tick, times 2^32.
    rate: u64,
}

impl Timeline {
    /// Of a clock whose ticks are nanoseconds.
    const fn of_ns(offset_ns: u64) -> Self {
        Self { offset_ns, rate: 1 << 32 }
    }

    #[inline(always)]
    pub(crate) const fn unix_ns(self, ticks: u64) -> u64 {
        self.ns(ticks).wrapping_add(self.offset_ns)
    }

    /// Nanoseconds since there were no ticks.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
    const fn ns(self, ticks: u64) -> u64 {
        ((ticks as u128 * self.rate as u128) >> 32) as u64
    }
}

/// The machine's clock: one for the process.
#[derive(Debug)]
struct SystemClock {
    /// What the standard clock counts from.
    anchor: Instant,
    /// Of the standard clock's nanoseconds since the anchor.
    offset_ns: AtomicU64,
    /// The processor's counter, where it is to be trusted.
    counter: Option<Counter>,
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
            clock.measure_rate();
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
        let (anchor, reading) = tsc::pair();
        let offset_ns = unix_now_ns().wrapping_sub(saturating_ns(anchor.elapsed()));
        let counter = tsc::is_trusted().then(|| Counter::new(reading));
        Self { anchor, offset_ns: AtomicU64::new(offset_ns), counter }
    }

    #[inline]
    fn ticks(&self) -> u64 {
        self.counter.as_ref().map_or_else(|| saturating_ns(self.anchor.elapsed()), |_| tsc::read())
    }

    #[inline]
    fn timeline(&self) -> Timeline {
        let Some(counter) = &self.counter else {
            return Timeline::of_ns(self.offset_ns.load(Ordering::Relaxed));
        };
        counter.timeline().unwrap_or_else(|| self.early_timeline(counter))
    }

    /// While the rate is not known.
    #[cold]
    fn early_timeline(&self, counter: &Counter) -> Timeline {
        self.measure_rate();
        counter.timeline().unwrap_or_else(|| self.timeline_until(counter, tsc::pair_quickly()))
    }

    fn timeline_until(&self, counter: &Counter, (now, reading): (Instant, TscReading)) -> Timeline {
        let elapsed = now.saturating_duration_since(self.anchor);
        counter.timeline_until(reading, elapsed, self.offset_ns.load(Ordering::Relaxed))
    }

    /// Freezes the counter's rate, as soon as it can be told.
    fn measure_rate(&self) {
        let unmeasured = self.counter.as_ref().filter(|counter| counter.timeline().is_none());
        if let Some(counter) = unmeasured.filter(|_| self.anchor.elapsed() >= MEASURE) {
            counter.freeze(self.timeline_until(counter, tsc::pair()));
        }
    }

    /// Takes over what the wall clock says, if that differs.
    fn follow(&self, wall_unix_ns: impl Fn() -> u64) {
        // Before the timeline: if another worker moves it behind this, it is not moved again.
        let offset = self.offset();
        let offset_ns = offset.load(Ordering::Relaxed);
        let timeline = self.timeline();
        let before_ns = timeline.ns(self.ticks());
        let wall_unix_ns = wall_unix_ns();
        let pause_ns = timeline.ns(self.ticks()).wrapping_sub(before_ns);
        let wanted_ns = wall_unix_ns.wrapping_sub(before_ns);
        let error_ns = wanted_ns.wrapping_sub(timeline.offset_ns);
        if pause_ns < PAUSE_NS && wanted_ns.abs_diff(timeline.offset_ns) > TOLERANCE_NS {
            move_offset(offset, offset_ns, offset_ns.wrapping_add(error_ns));
        }
    }

    /// What the timelines' offsets come from.
    fn offset(&self) -> &AtomicU64 {
        let frozen = self.counter.as_ref().filter(|counter| counter.timeline().is_some());
        frozen.map_or(&self.offset_ns, Counter::offset_ns)
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
    fn times_agree_before_and_after_the_rate_is_frozen() {
        let clock = SystemClock::new();
        let Some(counter) = &clock.counter else { return };
        clock.measure_rate();
        let is_measured = counter.timeline().is_some();
        assert!(
            !is_measured || clock.anchor.elapsed() >= MEASURE,
            "a rate that is measured so early is wrong"
        );
        std::thread::sleep(MEASURE);
        let early = clock.timeline();
        clock.measure_rate();
        let frozen = counter.timeline().unwrap();
        let ticks = clock.ticks();
        assert!(early.unix_ns(ticks).abs_diff(frozen.unix_ns(ticks)) < 2_000, "{early:?} {frozen:?}");
        let standard = || saturating_ns(clock.anchor.elapsed()) + clock.offset_ns.load(Ordering::Relaxed);
        for _ in 0..1_000 {
            let (before, now, after) = (standard(), frozen.unix_ns(clock.ticks()), standard());
            assert!(before <= now + 2_000 && now <= after + 2_000, "{before} {now} {after}");
        }
        clock.measure_rate();
        assert_eq!(counter.timeline(), Some(frozen));
    }

    #[test]
    fn a_clock_that_was_set_is_followed_and_a_little_drift_is_not() {
        let clock = SystemClock::new();
        std::thread::sleep(MEASURE);
        clock.measure_rate();
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
        let moved = || before.wrapping_sub(clock.timeline().offset_ns) > 3_599_000_000_000;
        // The machine may pause here too, but not always.
        assert!((0..1_000).any(|_| {
            clock.follow(an_hour_ago);
            moved()
        }));
    }

    #[test]
    fn two_workers_that_see_the_same_step_follow_it_once() {
        let clock = SystemClock::new();
        std::thread::sleep(MEASURE);
        clock.measure_rate();
        let an_hour_ago = || unix_now_ns() - 3_600_000_000_000;
        let error_ns = || (clock.timeline().unix_ns(clock.ticks())).abs_diff(an_hour_ago());
        // The other comes while this one looks at the wall clock. The machine may pause here, but not always.
        for _ in 0..1_000 {
            clock.follow(|| {
                clock.follow(an_hour_ago);
                an_hour_ago()
            });
        }
        assert!(error_ns() < 1_000_000_000, "{} ns", error_ns());
    }

    #[test]
    fn a_clock_that_is_set_before_the_rate_is_known_is_followed_too() {
        let clock = SystemClock::new();
        let an_hour_ago = || unix_now_ns() - 3_600_000_000_000;
        let is_followed = || clock.timeline().unix_ns(clock.ticks()) < unix_now_ns() - 3_599_000_000_000;
        assert!((0..1_000).any(|_| {
            clock.follow(an_hour_ago);
            is_followed()
        }));
        std::thread::sleep(MEASURE);
        clock.measure_rate();
        assert!(is_followed());
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

    #[test]
    #[cfg_attr(feature = "recording-off", ignore = "there are no spans")]
    fn a_span_and_its_logs_keep_their_order_when_the_wall_clock_is_set_back() {
        use crate::testing::InMemoryExporter;
        use crate::{Pipeline, Tracer};
        let clock: &'static SystemClock = Box::leak(Box::new(SystemClock::new()));
        let exporter = InMemoryExporter::default();
        let builder = Pipeline::builder().exporter(exporter.clone()).clock(Clock(Source::System(clock)));
        let pipeline = builder.start_without_thread();
        let tracer = Tracer::builder("svc").pipeline(&pipeline).build();
        let mut span = tracer.span("across").start();
        span.log("before", &[]);
        let now_unix_ns = || clock.timeline().unix_ns(clock.ticks());
        while now_unix_ns() > unix_now_ns() - 3_599_000_000_000 {
            clock.follow(|| unix_now_ns() - 3_600_000_000_000);
        }
        span.log("after", &[]);
        span.finish();
        tracer.span("next").start().finish();
        pipeline.flush(Duration::from_secs(60)).unwrap();
        let spans = exporter.spans();
        let times: Vec<_> = spans[0].events.iter().map(|event| event.time_unix_ns).collect();
        let whole = [spans[0].start_unix_ns, times[0], times[1], spans[0].end_unix_ns];
        assert!(whole.is_sorted() && whole[3] - whole[0] < 1_800_000_000_000, "{whole:?}");
        assert!(spans[1].start_unix_ns < whole[0] && spans[1].end_unix_ns >= spans[1].start_unix_ns);
    }
}
