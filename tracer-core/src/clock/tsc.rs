//! The time stamp counter of x86-64: a quarter of the standard clock's cost.
//!
//! It is used only where the kernel itself keeps time by it, which it does not on machines whose counters
//! differ between cores, stop, or are trapped by a hypervisor.

use std::time::Duration;

/// How long the rate is measured: an error of the standard clock's 25 ns is then 0.03 millionths.
pub(super) const MEASURE: Duration = Duration::from_secs(1);

/// A counter with a known rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tsc {
    anchor: TscAnchor,
    /// Nanoseconds per tick, times 2^32.
    rate: u64,
}

/// The counter when the clock began.
#[derive(Clone, Copy, Debug)]
pub(super) struct TscAnchor(u64);

impl TscAnchor {
    /// `None` where the counter is not to be trusted.
    pub(super) fn now() -> Option<Self> {
        read().filter(|_| kernel_trusts_it()).map(Self)
    }

    /// The counter's rate, by the time that has passed since the anchor; `None` while that is too short.
    pub(super) fn measure(self, elapsed: Duration) -> Option<Tsc> {
        let ticks = read()?.checked_sub(self.0).filter(|ticks| *ticks > 0 && elapsed >= MEASURE)?;
        let rate = u64::try_from((elapsed.as_nanos() << 32) / u128::from(ticks)).ok()?;
        Some(Tsc { anchor: self, rate })
    }
}

impl Tsc {
    /// Nanoseconds since the anchor.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
    pub(super) fn now_ns(self) -> u64 {
        let ticks = read().unwrap_or(self.anchor.0).saturating_sub(self.anchor.0);
        ((u128::from(ticks) * u128::from(self.rate)) >> 32) as u64
    }
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
