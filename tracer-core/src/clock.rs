//! Time: monotonic ticks while a span runs, unix nanoseconds once it is written.
//!
//! A span reads ticks only, and converts all of its times with one offset. So durations never see
//! a step of the wall clock, and a log never falls outside its span.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a tracer reads the time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System {
        /// Ticks count from here.
        anchor: Instant,
        /// Unix time at the anchor, in nanoseconds.
        offset_ns: AtomicU64,
    },
    /// Ticks are unix nanoseconds, and move only when told.
    Manual(AtomicU64),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        let anchor = Instant::now();
        Self(Arc::new(Source::System { anchor, offset_ns: AtomicU64::new(unix_now_ns()) }))
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
        Self(Arc::new(Source::Manual(AtomicU64::new(to_unix_ns(start)))))
    }

    /// Moves a manual clock forward; does nothing to the machine's.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &*self.0 {
            now.fetch_add(saturating_ns(by), Ordering::Relaxed);
        }
    }

    /// The time of day, as spans that start now will have it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.offset_ns().saturating_add(self.ticks_ns()))
    }

    /// Monotonic time since the clock's anchor, in nanoseconds.
    pub(crate) fn ticks_ns(&self) -> u64 {
        match &*self.0 {
            Source::System { anchor, .. } => saturating_ns(anchor.elapsed()),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// What to add to ticks to get unix nanoseconds.
    pub(crate) fn offset_ns(&self) -> u64 {
        match &*self.0 {
            Source::System { offset_ns, .. } => offset_ns.load(Ordering::Relaxed),
            Source::Manual(_) => 0,
        }
    }

    /// Follows the wall clock after it was set, or after the machine slept.
    pub(crate) fn reanchor(&self) {
        if let Source::System { anchor, offset_ns } = &*self.0 {
            let now_ns = unix_now_ns();
            offset_ns.store(now_ns.saturating_sub(saturating_ns(anchor.elapsed())), Ordering::Relaxed);
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

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
fn unix_now_ns() -> u64 {
    to_unix_ns(SystemTime::now())
}

fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
