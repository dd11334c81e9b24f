//! Random ids, without a lock and without a system call per span.
//!
//! One wyrand generator per thread. Plain wyrand has a single cycle of 2^64 that all threads would
//! share; here each thread also draws its own odd increment, which makes the seed 127 bits wide.

use std::cell::Cell;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::context::{SpanId, TraceId};

thread_local! {
    /// State and increment; an increment of 0 means "not seeded".
    static GENERATOR: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A new trace id, never all zero.
pub(crate) fn new_trace_id() -> TraceId {
    let halves = u128::from(next_u64()) << 64 | u128::from(next_non_zero());
    TraceId::from_bytes(halves.to_be_bytes())
}

/// A new span id, never all zero.
pub(crate) fn new_span_id() -> SpanId {
    SpanId::from_bytes(next_non_zero().to_be_bytes())
}

/// As [`new_span_id`], where this thread's generator is seeded: `None`, once a thread, where it is not.
#[inline(always)]
pub(crate) fn next_span_id() -> Option<SpanId> {
    let (state, value) = GENERATOR.with(|cell| {
        let state = cell.get();
        let (value, next) = wyrand(state);
        cell.set(next);
        (state, value)
    });
    (state.1 != 0 && value != 0).then(|| SpanId::from_bytes(value.to_be_bytes()))
}

/// In a forked process: the parent goes on with this thread's numbers.
#[cfg(unix)]
pub(crate) fn forget_thread() {
    let _ = GENERATOR.try_with(|cell| cell.set((0, 0)));
}

#[inline]
fn next_non_zero() -> u64 {
    loop {
        let value = next_u64();
        if value != 0 {
            return value;
        }
    }
}

#[inline]
fn next_u64() -> u64 {
    // A thread that is being torn down draws from a generator of the moment.
    GENERATOR
        .try_with(|cell| {
            let (value, state) = wyrand(seeded(cell.get()));
            cell.set(state);
            value
        })
        .unwrap_or_else(|_| wyrand(seeded((0, 0))).0)
}

#[inline]
fn wyrand((state, increment): (u64, u64)) -> (u64, (u64, u64)) {
    let state = state.wrapping_add(increment);
    let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
    (fold(product), (state, increment))
}

/// The two halves, mixed.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each cast takes one half")]
const fn fold(product: u128) -> u64 {
    product as u64 ^ (product >> 64) as u64
}

#[inline]
fn seeded(state: (u64, u64)) -> (u64, u64) {
    if state.1 != 0 {
        return state;
    }
    (seed(), seed() | 1)
}

/// 64 bits from the system, or from the standard library's own randomness where that fails.
#[cold]
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    SysRng.try_next_u64().unwrap_or_else(|_| RandomState::new().hash_one(std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_of_many_threads_are_all_different() {
        let threads = (0..8).map(|_| {
            std::thread::Builder::new()
                .spawn(|| (0..10_000).map(|_| new_span_id()).collect::<Vec<_>>())
                .unwrap()
        });
        let threads: Vec<_> = threads.collect();
        let ids: HashSet<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.len(), 80_000);
    }

    #[test]
    fn every_bit_of_a_trace_id_is_set_about_half_of_the_time() {
        let mut counts = [0_u32; 128];
        for _ in 0..4_000 {
            let id = u128::from_be_bytes(new_trace_id().to_bytes());
            counts.iter_mut().enumerate().for_each(|(bit, count)| *count += u32::from(id >> bit & 1 == 1));
        }
        assert!(counts.iter().all(|count| (1_800..2_200).contains(count)), "{counts:?}");
    }
}
