//! Nanoseconds and allocations per operation, on the application's thread.
//!
//! Rounds are small enough for every peer's queue, and queues are drained between rounds, outside the
//! timing. The machine may be noisy: peers take turns, and the minimum of all rounds counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use crate::workload::{Peer, Workload};

/// Operations in a round: below OpenTelemetry's queue of 2,048 spans.
const OPERATIONS: usize = 500;

/// The system's allocator, which counts this thread's allocations.
pub struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all work is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What was measured of one workload with one peer.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Nanoseconds per operation in the best round.
    pub min_ns: f64,
    /// Allocations per operation in the best round.
    pub allocations: f64,
    /// Spans that were made and never reached the exporter.
    pub lost: u64,
}

impl Figure {
    const NONE: Self = Self { min_ns: f64::INFINITY, allocations: f64::INFINITY, lost: 0 };
}

/// Runs a workload with all peers in turn, `rounds` times.
pub fn measure(workload: &Workload, peers: &mut [Box<dyn Peer>], rounds: usize) -> Vec<Figure> {
    let mut figures = vec![Figure::NONE; peers.len()];
    for _ in 0..rounds {
        for (peer, figure) in peers.iter_mut().zip(&mut figures) {
            round(workload, peer.as_mut(), figure);
        }
    }
    figures
}

fn round(workload: &Workload, peer: &mut dyn Peer, figure: &mut Figure) {
    peer.drain();
    let exported_before = peer.exported();
    let allocations_before = ALLOCATIONS.get();
    let began = Instant::now();
    for n in 0..OPERATIONS {
        (workload.run)(peer, n);
    }
    let elapsed = began.elapsed();
    let allocations = ALLOCATIONS.get() - allocations_before;
    peer.drain();
    let exported = peer.exported() - exported_before;
    figure.min_ns = figure.min_ns.min(elapsed.as_nanos() as f64 / OPERATIONS as f64);
    figure.allocations = figure.allocations.min(allocations as f64 / OPERATIONS as f64);
    figure.lost += (workload.spans * OPERATIONS as u64).saturating_sub(exported);
}

/// Two readings of the standard clock: what a span cannot do without.
pub fn two_clock_readings_ns() -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let began = Instant::now();
        for _ in 0..1_000 {
            std::hint::black_box(Instant::now());
        }
        best = best.min(began.elapsed().as_nanos() as f64 / 1_000.0);
    }
    2.0 * best
}
