//! The processor's counter as a clock: what a span reads of it, in a line of its own.

use std::time::Duration;

use super::timeline::Timeline;
use super::tsc::{self, TscReading};
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// The counter's timeline, as soon as it is known.
#[derive(Debug)]
pub(crate) struct Counter {
    /// 0 until it is known. Frozen then.
    rate: AtomicU64,
    /// Set before the rate is.
    offset_ns: AtomicU64,
    /// Whether somebody sets the rate: an offset fits one rate only.
    claimed: AtomicBool,
    anchor: TscReading,
}

impl Counter {
    /// A counter that showed this at the anchor of the standard clock.
    pub(super) fn new(anchor: TscReading) -> Self {
        Self {
            rate: AtomicU64::new(0),
            offset_ns: AtomicU64::new(0),
            claimed: AtomicBool::new(false),
            anchor,
        }
    }

    /// Now.
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "whoever has a counter may read it")]
    pub(crate) fn ticks(&self) -> u64 {
        tsc::read()
    }

    /// The timeline, once the rate is known.
    #[inline(always)]
    pub(crate) fn timeline(&self) -> Option<Timeline> {
        match self.rate.load(Ordering::Acquire) {
            0 => None,
            rate => Some(Timeline { offset_ns: self.offset_ns.load(Ordering::Relaxed), rate }),
        }
    }

    /// The timeline through the anchor and a reading that was taken so much later. At the anchor the unix time
    /// is `anchor_unix_ns`.
    pub(super) fn timeline_until(
        &self,
        reading: TscReading,
        elapsed: Duration,
        anchor_unix_ns: u64,
    ) -> Timeline {
        let ticks = u128::from(reading.ticks_since(self.anchor));
        let rate = (elapsed.as_nanos() << 32).checked_div(ticks).unwrap_or(0);
        let timeline = Timeline { offset_ns: 0, rate: u64::try_from(rate).unwrap_or(u64::MAX) };
        Timeline { offset_ns: anchor_unix_ns.wrapping_sub(timeline.ns(self.anchor.ticks())), ..timeline }
    }

    /// Keeps a timeline for ever, but for its offset.
    pub(super) fn freeze(&self, timeline: Timeline) {
        if timeline.rate != 0 && !self.claimed.swap(true, Ordering::Relaxed) {
            self.offset_ns.store(timeline.offset_ns, Ordering::Relaxed);
            self.rate.store(timeline.rate, Ordering::Release);
        }
    }

    pub(super) const fn offset_ns(&self) -> &AtomicU64 {
        &self.offset_ns
    }
}

/// Moves an offset from where it was seen. Of several workers that saw the same step of the wall clock one moves it.
pub(super) fn move_offset(offset: &AtomicU64, from_ns: u64, to_ns: u64) {
    let _ = offset.compare_exchange(from_ns, to_ns, Ordering::Relaxed, Ordering::Relaxed);
}

/// Loom's models. Run by `ci/loom`.
#[cfg(all(test, tracer_loom))]
mod models {
    use loom::thread;

    use super::*;
    use crate::sync::Arc;

    /// Whoever ends a span while two pipelines' workers freeze the rate, each as it measured it, has the offset of
    /// its rate; and a rate stays.
    #[test]
    fn a_rate_has_its_offset() {
        loom::model(|| {
            let counter = Arc::new(Counter::new(tsc::pair().1));
            let freeze = |rate: u64| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || counter.freeze(Timeline { offset_ns: 100 * rate, rate }))
            };
            let workers = [freeze(2), freeze(3)];
            let look = || {
                let timeline = counter.timeline();
                timeline.inspect(|it| assert_eq!(it.offset_ns, 100 * it.rate, "{timeline:?}"))
            };
            let (first, second) = (look(), look());
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            let last = look();
            assert!(
                last.is_some() && (first.is_none() || first == last) && (second.is_none() || second == last)
            );
        });
    }

    /// Two workers that see the wall clock 500 ns ahead, at once or one after the other, move the offset by 500.
    #[test]
    fn a_step_of_the_wall_clock_is_followed_once() {
        loom::model(|| {
            let offset = Arc::new(AtomicU64::new(1_000));
            let follow = |offset: &AtomicU64| {
                let seen = offset.load(Ordering::Relaxed);
                move_offset(offset, seen, 1_500);
            };
            let other = Arc::clone(&offset);
            let worker = thread::spawn(move || follow(&other));
            follow(&offset);
            worker.join().unwrap();
            assert_eq!(offset.load(Ordering::Relaxed), 1_500);
        });
    }
}
