//! The time stamp counter of x86-64: a quarter of the standard clock's cost.
//!
//! It is used only where the kernel itself keeps time by it, which it does not on machines whose counters
//! differ between cores, stop, or are trapped by a hypervisor.

use std::time::{Duration, Instant};

/// How long the rate is measured: an error of the standard clock's 25 ns is then 0.03 millionths.
pub(super) const MEASURE: Duration = Duration::from_secs(1);
/// How often both clocks are read to find a pair that nothing came between.
const PAIR_ATTEMPTS: usize = 16;

/// What the counter showed at some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TscReading(u64);

/// Both clocks at one moment; without the counter where that is not to be trusted.
pub(super) fn pair() -> (Instant, Option<TscReading>) {
    if !kernel_trusts_it() {
        return (Instant::now(), None);
    }
    let pairs = (0..PAIR_ATTEMPTS).map(|_| {
        let before = read();
        let time = Instant::now();
        let width = read().zip(before).map(|(after, before)| after.saturating_sub(before));
        // The standard clock was read within `width` of ticks: an interrupt shows as a wide one.
        (width, time, before.zip(width).map(|(before, width)| TscReading(before + width / 2)))
    });
    let tightest = pairs.min_by_key(|(width, ..)| *width);
    tightest.map_or_else(|| (Instant::now(), None), |(_, time, reading)| (time, reading))
}

/// Nanoseconds since the counter was 0, at a rate of nanoseconds per tick, times 2^32.
#[inline]
pub(super) fn now_ns(rate: u64) -> u64 {
    read().map_or(0, |ticks| to_ns(ticks, rate))
}

impl TscReading {
    /// The counter's rate, by the time that has passed since this reading was taken; `None` while that is
    /// too short.
    pub(super) fn rate(self, taken: Instant) -> Option<u64> {
        if taken.elapsed() < MEASURE {
            return None;
        }
        let (now, reading) = pair();
        let ticks = reading?.0.checked_sub(self.0).filter(|ticks| *ticks > 0)?;
        let elapsed_ns = now.duration_since(taken).as_nanos();
        u64::try_from((elapsed_ns << 32) / u128::from(ticks)).ok()
    }

    /// The time of this reading, in nanoseconds since the counter was 0.
    pub(super) fn ns(self, rate: u64) -> u64 {
        to_ns(self.0, rate)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
fn to_ns(ticks: u64, rate: u64) -> u64 {
    ((u128::from(ticks) * u128::from(rate)) >> 32) as u64
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "the only way to read the counter")]
#[expect(clippy::unnecessary_wraps, reason = "other processors have no counter")]
fn read() -> Option<u64> {
    // SAFETY: every x86-64 processor has the instruction, and Linux forbids it to a program only if the
    // program itself asks for that.
    Some(unsafe { std::arch::x86_64::_rdtsc() })
}

#[cfg(not(target_arch = "x86_64"))]
const fn read() -> Option<u64> {
    None
}

/// Whether Linux keeps time by the counter.
fn kernel_trusts_it() -> bool {
    const PATH: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    cfg!(target_arch = "x86_64") && std::fs::read_to_string(PATH).is_ok_and(|name| name.trim() == "tsc")
}
