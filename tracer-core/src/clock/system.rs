//! The machine's clock: the standard one, and the processor's counter where that is to be trusted.

use std::time::{Duration, Instant, SystemTime};

use super::counter::{Counter, move_offset};
use super::timeline::Timeline;
use super::tsc::{self, TscReading};
use super::{saturating_ns, to_unix_ns};
use crate::sync::{AtomicU64, Ordering};

/// How far the wall clock may be off before spans follow it.
const TOLERANCE_NS: u64 = 1_000_000;
/// How long the counter's rate is measured: an error of the standard clock's 25 ns is then 0.25 millionths.
const MEASURE: Duration = Duration::from_millis(100);
/// A pause of this length between two readings makes them worthless.
const PAUSE_NS: u64 = 50_000;

/// The machine's clock: one for the process.
#[derive(Debug)]
pub(super) struct SystemClock {
    /// What the standard clock counts from.
    anchor: Instant,
    /// Of the standard clock's nanoseconds since the anchor.
    offset_ns: AtomicU64,
    /// The processor's counter, where it is to be trusted.
    pub(super) counter: Option<Counter>,
}

impl SystemClock {
    pub(super) fn new() -> Self {
        let (anchor, reading) = tsc::pair();
        let offset_ns = unix_now_ns().wrapping_sub(saturating_ns(anchor.elapsed()));
        let counter = tsc::is_trusted().then(|| Counter::new(reading));
        Self { anchor, offset_ns: AtomicU64::new(offset_ns), counter }
    }

    #[inline]
    pub(super) fn ticks(&self) -> u64 {
        self.counter.as_ref().map_or_else(|| saturating_ns(self.anchor.elapsed()), |_| tsc::read())
    }

    #[inline]
    pub(super) fn timeline(&self) -> Timeline {
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

    /// Follows the wall clock; once the process is old enough, turns to the processor's counter.
    pub(super) fn adjust(&self) {
        self.measure_rate();
        self.follow(unix_now_ns);
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

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn unix_now_ns() -> u64 {
    to_unix_ns(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

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
    #[cfg_attr(feature = "recording-off", ignore = "there are no spans")]
    fn a_span_and_its_logs_keep_their_order_when_the_wall_clock_is_set_back() {
        use crate::testing::InMemoryExporter;
        use crate::{Pipeline, Tracer};
        let clock: &'static SystemClock = Box::leak(Box::new(SystemClock::new()));
        let exporter = InMemoryExporter::default();
        let builder = Pipeline::builder().exporter(exporter.clone()).clock(Clock::of(clock));
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
