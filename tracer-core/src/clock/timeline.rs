//! How ticks become time.

/// How ticks of a clock become unix nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeline {
    pub(super) offset_ns: u64,
    /// Nanoseconds per tick, times 2^32.
    pub(super) rate: u64,
}

impl Timeline {
    /// Of a clock whose ticks are nanoseconds.
    pub(super) const fn of_ns(offset_ns: u64) -> Self {
        Self { offset_ns, rate: 1 << 32 }
    }

    #[inline(always)]
    pub(crate) const fn unix_ns(self, ticks: u64) -> u64 {
        self.ns(ticks).wrapping_add(self.offset_ns)
    }

    /// Nanoseconds since there were no ticks.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
    pub(super) const fn ns(self, ticks: u64) -> u64 {
        ((ticks as u128 * self.rate as u128) >> 32) as u64
    }
}
