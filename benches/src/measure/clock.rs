//! What a span cannot do without: two readings of a clock.

use std::hint::black_box;
use std::time::Instant;

/// A way to read the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The processor's time stamp counter, bare: what tracer-core reads where the kernel trusts it.
    Counter,
    /// `std::time::Instant::now`.
    Standard,
}

/// Nanoseconds of two readings, in the best of many rounds; `None` where there is no such clock.
#[must_use]
pub fn two_readings_ns(reading: Reading) -> Option<f64> {
    match reading {
        Reading::Counter => counter(),
        Reading::Standard => Some(best(|| black_box(Instant::now()))),
    }
}

#[cfg(target_arch = "x86_64")]
fn counter() -> Option<f64> {
    // SAFETY: every x86-64 processor has the instruction, and Linux lets programs use it.
    Some(best(|| black_box(unsafe { std::arch::x86_64::_rdtsc() })))
}

#[cfg(not(target_arch = "x86_64"))]
fn counter() -> Option<f64> {
    None
}

fn best<T>(read: impl Fn() -> T) -> f64 {
    let rounds = (0..300).map(|_| {
        let began = Instant::now();
        (0..1_000).for_each(|_| drop(read()));
        began.elapsed().as_nanos() as f64 / 1_000.0
    });
    2.0 * rounds.fold(f64::INFINITY, f64::min)
}
