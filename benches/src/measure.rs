//! Nanoseconds and allocations per operation, on the application's thread.
//!
//! Rounds are small enough for every peer's queue, and queues are drained between rounds, outside the
//! timing. The machine may be noisy: peers take turns, and the minimum of all rounds counts.

mod allocations;
mod clock;
mod threads;

use std::time::Instant;

pub use self::allocations::{Counting, of_this_thread as allocations_of_this_thread};
pub use self::clock::{Reading, two_readings_ns};
pub use self::threads::{ThreadFigure, threads};
use crate::workload::{Peer, Shape};

/// Spans in a round: below OpenTelemetry's queue of 2,048.
const ROUND_SPANS: usize = 1_500;

/// What was measured of one workload with one peer.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Nanoseconds in the best round.
    pub min_ns: f64,
    /// Allocations in the best round.
    pub allocations: f64,
    /// Spans that were made and never reached the exporter, in all rounds.
    pub lost: u64,
}

impl Figure {
    const NONE: Self = Self { min_ns: f64::INFINITY, allocations: f64::INFINITY, lost: 0 };
}

/// Does one shape with all peers in turn, `rounds` times. `None` where a peer cannot.
pub fn interleaved(shape: Shape, peers: &[Box<dyn Peer>], rounds: usize) -> Vec<Option<Figure>> {
    let mut figures: Vec<_> = peers.iter().map(|peer| peer.supports(shape).then_some(Figure::NONE)).collect();
    for _ in 0..rounds {
        for (peer, figure) in peers.iter().zip(&mut figures) {
            if let Some(figure) = figure {
                round(shape, peer.as_ref(), figure);
            }
        }
    }
    figures
}

fn round(shape: Shape, peer: &dyn Peer, figure: &mut Figure) {
    let count = ROUND_SPANS / (shape.spans().max(1) as usize);
    let operations = (count * shape.divisor()) as f64;
    peer.drain();
    let exported_before = peer.exported();
    let allocations_before = allocations::of_this_thread();
    let began = Instant::now();
    peer.run(shape, count);
    let elapsed = began.elapsed();
    let allocations = allocations::of_this_thread() - allocations_before;
    peer.drain();
    figure.min_ns = figure.min_ns.min(elapsed.as_nanos() as f64 / operations);
    figure.allocations = figure.allocations.min(allocations as f64 / operations);
    figure.lost += lost(peer, exported_before, shape.spans_of(count));
}

/// `count` root spans without a pause, with whatever queue the peer has.
pub fn sustained(peer: &dyn Peer, count: usize) -> Figure {
    peer.drain();
    let exported_before = peer.exported();
    let allocations_before = allocations::of_this_thread();
    let began = Instant::now();
    peer.run(Shape::RootSpan, count);
    let elapsed = began.elapsed();
    let allocations = allocations::of_this_thread() - allocations_before;
    settle(peer, exported_before, count as u64);
    Figure {
        min_ns: elapsed.as_nanos() as f64 / count as f64,
        allocations: allocations as f64 / count as f64,
        lost: lost(peer, exported_before, count as u64),
    }
}

/// Drains until nothing more comes out.
///
/// fastrace's overflow leaves only when its own thread makes another span, so some are made; such a span
/// can stand in for one that was lost, a hundred at most.
pub fn settle(peer: &dyn Peer, exported_before: u64, made: u64) {
    peer.drain();
    let mut seen = peer.exported();
    for _ in 0..100 {
        if seen >= exported_before + made {
            return;
        }
        peer.run(Shape::RootSpan, 1);
        peer.drain();
        let now = peer.exported();
        if now <= seen + 1 {
            return;
        }
        seen = now;
    }
}

fn lost(peer: &dyn Peer, exported_before: u64, made: u64) -> u64 {
    made.saturating_sub(peer.exported() - exported_before)
}
