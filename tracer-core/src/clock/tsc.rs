//! The time stamp counter of x86-64: a quarter of the standard clock's cost.
//!
//! It is used only where the kernel itself keeps time by it, which it does not on machines whose counters
//! differ between cores, stop, or are trapped by a hypervisor.

use std::time::{Duration, Instant};

/// How long the rate is measured: an error of the standard clock's 25 ns is then 12 millionths.
const MEASURE: Duration = Duration::from_millis(2);

/// A counter with a known rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tsc {
    /// Nanoseconds per tick, times 2^32.
    rate: u64,
    /// The counter when it was measured; ticks count from here.
    origin: u64,
}

impl Tsc {
    /// Measures the counter against the standard clock; `None` where it is not to be trusted.
    pub(super) fn measure() -> Option<Self> {
        if !kernel_trusts_it() {
            return None;
        }
        let (began, origin) = (Instant::now(), read()?);
        let elapsed = loop {
            let elapsed = began.elapsed();
            if elapsed >= MEASURE {
                break elapsed;
            }
            std::hint::spin_loop();
        };
        let ticks = read()?.checked_sub(origin).filter(|ticks| *ticks > 0)?;
        let rate = u64::try_from((elapsed.as_nanos() << 32) / u128::from(ticks)).ok()?;
        Some(Self { rate, origin })
    }

    /// Nanoseconds since the measurement.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "2^64 nanoseconds are 584 years")]
    pub(super) fn now_ns(self) -> u64 {
        let ticks = read().unwrap_or(self.origin).saturating_sub(self.origin);
        ((u128::from(ticks) * u128::from(self.rate)) >> 32) as u64
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "the only way to read the counter")]
#[expect(clippy::unnecessary_wraps, reason = "other processors have no counter")]
fn read() -> Option<u64> {
    // SAFETY: every x86-64 processor has the instruction; where the system forbids it to programs, the
    // kernel does not keep time by it either, and `measure` was the end of it.
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
