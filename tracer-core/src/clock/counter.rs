//! The processor's counter as a clock: what a span reads of it, in a line of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::Timeline;
use super::tsc::{self, TscReading};

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
    pub(super) const fn new(anchor: TscReading) -> Self {
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
