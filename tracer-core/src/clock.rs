//! Time: what a span reads, and how it becomes unix nanoseconds.
//!
//! ```text
//! unix ns = (ticks * rate >> 32)          + offset     the processor's counter, once its rate is known
//!         = standard clock since an anchor + offset     before, and where there is no counter to trust
//! ```
//!
//! A span keeps the [`Timeline`] that it began on, which is a rate and an offset, for all of its times. So
//! durations never see a step of the wall clock, and a log never falls outside its span. The pipeline's
//! worker sets the offset anew when the wall clock is a millisecond off, and not before: a smaller correction
//! would tell nothing, and put a span that follows a long one before its end.

mod tsc;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use self::tsc::TscReading;

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
    /// Of the processor's counter; 0 on any other clock.
    rate: u64,
}

impl Timeline {
    /// Of a span that has not begun to record.
    pub(crate) const START: Self = Self { offset_ns: 0, rate: 0 };

    /// Now, by the processor's counter; `None` on any other clock.
    #[inline(always)]
    pub(crate) fn tsc_unix_ns(self) -> Option<u64> {
        (self.rate != 0).then(|| tsc::now_ns(self.rate).wrapping_add(self.offset_ns))
    }
}

/// The machine's clock: one for the process.
#[derive(Debug)]
struct SystemClock {
    /// What the standard clock counts from, and the counter at that moment.
    anchor: Instant,
    tsc_anchor: Option<TscReading>,
    /// On the standard clock's timeline.
    offset_ns: AtomicU64,
    /// On the counter's timeline; set before the rate is.
    tsc_offset_ns: AtomicU64,
    /// 0 until it is known. Frozen then.
    tsc_rate: AtomicU64,
    /// Whether somebody sets the rate: an offset fits one rate only.
    tsc_claimed: AtomicBool,
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
        timeline.tsc_unix_ns().unwrap_or_else(|| self.without_tsc_unix_ns(timeline))
    }

    #[cold]
    fn without_tsc_unix_ns(&self, timeline: Timeline) -> u64 {
        match &self.0 {
            Source::System(clock) => saturating_ns(clock.anchor.elapsed()).wrapping_add(timeline.offset_ns),
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
        Self {
            anchor,
            tsc_anchor,
            offset_ns,
            tsc_offset_ns: AtomicU64::new(0),
            tsc_rate: AtomicU64::new(0),
            tsc_claimed: AtomicBool::new(false),
        }
    }

    #[inline]
    fn timeline(&self) -> Timeline {
        match self.tsc_rate.load(Ordering::Acquire) {
            0 => Timeline { offset_ns: self.offset_ns.load(Ordering::Relaxed), rate: 0 },
            rate => Timeline { offset_ns: self.tsc_offset_ns.load(Ordering::Relaxed), rate },
        }
    }

    /// Nanoseconds of the clock of a timeline.
    fn ticks_ns(&self, timeline: Timeline) -> u64 {
        match timeline.rate {
            0 => saturating_ns(self.anchor.elapsed()),
            rate => tsc::now_ns(rate),
        }
    }

    /// Turns to the counter, where it is there to trust and its rate can be told.
    fn measure_tsc(&self) {
        if self.tsc_rate.load(Ordering::Relaxed) != 0 {
            return;
        }
        let measured = self.tsc_anchor.and_then(|anchor| Some((anchor, anchor.rate(self.anchor)?)));
        let Some((anchor, rate)) = measured else { return };
        if !self.tsc_claimed.swap(true, Ordering::Relaxed) {
            // Both timelines agree at the anchor.
            let at_anchor_unix_ns = self.offset_ns.load(Ordering::Relaxed);
            self.tsc_offset_ns.store(at_anchor_unix_ns.wrapping_sub(anchor.ns(rate)), Ordering::Relaxed);
            self.tsc_rate.store(rate, Ordering::Release);
        }
    }

    /// Takes over what the wall clock says, if that differs.
    fn follow(&self, wall_unix_ns: impl Fn() -> u64) {
        let timeline = self.timeline();
        let before_ns = self.ticks_ns(timeline);
        let wall_unix_ns = wall_unix_ns();
        let pause_ns = self.ticks_ns(timeline).wrapping_sub(before_ns);
        let wanted_ns = wall_unix_ns.wrapping_sub(before_ns);
        if pause_ns < PAUSE_NS && wanted_ns.abs_diff(timeline.offset_ns) > TOLERANCE_NS {
            let offset_ns = if timeline.rate == 0 { &self.offset_ns } else { &self.tsc_offset_ns };
            offset_ns.store(wanted_ns, Ordering::Relaxed);
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
        assert_eq!(clock.timeline().rate, 0, "a rate that is measured so early is wrong");
        let standard = clock.timeline();
        std::thread::sleep(tsc::MEASURE);
        clock.measure_tsc();
        let counter = clock.timeline();
        let unix_ns = |timeline: Timeline| clock.ticks_ns(timeline).wrapping_add(timeline.offset_ns);
        for _ in 0..1_000 {
            let (before, counter, after) = (unix_ns(standard), unix_ns(counter), unix_ns(standard));
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
        let began = clock.timeline().offset_ns;
        while clock.timeline().offset_ns == began {
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
