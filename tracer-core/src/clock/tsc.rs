//! The time stamp counter of x86-64: a quarter of the standard clock's cost.
//!
//! It is used only where the kernel itself keeps time by it, which it does not on machines whose counters
//! differ between cores, stop, or are trapped by a hypervisor.

use std::time::Instant;

/// How often both clocks are read to find a pair that nothing came between.
const ATTEMPTS: usize = 16;
/// So many ticks between two readings of the counter tell that nothing did.
const TIGHT_TICKS: u64 = 400;

/// What the counter showed at some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct TscReading(u64);

impl TscReading {
    pub(super) const fn ticks(self) -> u64 {
        self.0
    }

    pub(super) const fn ticks_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks at one moment: the tightest of many pairs.
pub(super) fn pair() -> (Instant, TscReading) {
    closest_pair(0)
}

/// The same, in a hurry: the first pair that is tight.
pub(super) fn pair_quickly() -> (Instant, TscReading) {
    closest_pair(TIGHT_TICKS)
}

fn closest_pair(width_enough: u64) -> (Instant, TscReading) {
    let (mut closest, mut width_least) = read_both();
    for _ in 1..ATTEMPTS {
        if width_least <= width_enough {
            break;
        }
        let (pair, width) = read_both();
        if width < width_least {
            (closest, width_least) = (pair, width);
        }
    }
    closest
}

/// A pair, and how many ticks it took: an interrupt shows as a wide one.
fn read_both() -> ((Instant, TscReading), u64) {
    let before = read();
    let time = Instant::now();
    let width = read().saturating_sub(before);
    ((time, TscReading(before + width / 2)), width)
}

/// The counter.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[expect(unsafe_code, reason = "the only way to read it")]
pub(super) fn read() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and Linux forbids it to a program only if the
    // program itself asks for that.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) const fn read() -> u64 {
    0
}

/// Whether Linux keeps time by the counter.
pub(super) fn is_trusted() -> bool {
    const PATH: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    cfg!(target_arch = "x86_64") && std::fs::read_to_string(PATH).is_ok_and(|name| name.trim() == "tsc")
}
