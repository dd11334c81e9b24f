//! Traces to try samplers on.

use std::cell::Cell;

use tracer_core::{Sampler, SamplingParams, TraceId};

/// How many traces a share is told by.
const TRACES: u32 = 20_000;

/// How many of so many traces of an operation are recorded.
pub(super) fn kept(sampler: &impl Sampler, operation: &str, traces: u32) -> u32 {
    let sampled = |_: &u32| sampler.sample(&SamplingParams::root(next_trace_id(), operation)).sampled;
    let kept = (0..traces).filter(sampled).count();
    u32::try_from(kept).unwrap_or(u32::MAX)
}

/// Within five standard deviations of what chance should keep.
pub(super) fn check_share(sampler: &impl Sampler, operation: &str, share: f64) -> Result<(), String> {
    let kept = f64::from(kept(sampler, operation, TRACES));
    let expected = f64::from(TRACES) * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    if (kept - expected).abs() <= 5.0 * deviation {
        return Ok(());
    }
    Err(format!("{operation}: {kept} of {TRACES} traces, and not about {expected}"))
}

/// The same ids in each run (SplitMix64).
fn next_trace_id() -> TraceId {
    thread_local!(static STATE: Cell<u64> = const { Cell::new(7) });
    let next = || {
        let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        STATE.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let id = u128::from(next()) << 64 | u128::from(next());
    TraceId::from_bytes(id.to_be_bytes())
}
