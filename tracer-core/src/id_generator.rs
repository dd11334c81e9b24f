//! Random ids, without a lock and without a system call per span.
//!
//! Wyrand generators, of which each belongs to one thread. Plain wyrand has a single cycle of 2^64 that all threads would
//! share; here each generator also draws its own odd increment, which makes the seed 127 bits wide.

use std::cell::Cell;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::context::TraceId;

thread_local! {
    static GENERATOR: Cell<Option<IdGenerator>> = const { Cell::new(None) };
}

/// A source of random numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdGenerator {
    state: u64,
    /// Odd.
    increment: u64,
}

impl IdGenerator {
    /// One of its own numbers.
    pub(crate) fn new() -> Self {
        Self { state: seed(), increment: seed() | 1 }
    }

    /// The next number; 0 is as likely as any other.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each cast takes one half")]
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.increment);
        let product = u128::from(self.state) * u128::from(self.state ^ 0xe703_7ed1_a0b4_28db);
        product as u64 ^ (product >> 64) as u64
    }
}

/// A new trace id, never all zero.
pub(crate) fn new_trace_id() -> TraceId {
    let halves = u128::from(next_u64()) << 64 | u128::from(next_non_zero());
    TraceId::from_bytes(halves.to_be_bytes())
}

/// A new span id, never zero.
pub(crate) fn new_span_id() -> u64 {
    next_non_zero()
}

/// In a forked process: the parent goes on with this thread's numbers.
#[cfg(unix)]
pub(crate) fn forget_thread() {
    let _ = GENERATOR.try_with(Cell::take);
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
    let draw = |cell: &Cell<Option<IdGenerator>>| {
        let mut generator = cell.get().unwrap_or_else(IdGenerator::new);
        let number = generator.next_u64();
        cell.set(Some(generator));
        number
    };
    // A thread that is being torn down draws from a generator of the moment.
    GENERATOR.try_with(draw).unwrap_or_else(|_| IdGenerator::new().next_u64())
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
