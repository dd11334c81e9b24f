//! Root spans on several threads at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use super::{ROUND_SPANS, lost};
use crate::workload::{Peer, Shape};

/// What was measured on several threads.
#[derive(Clone, Copy, Debug)]
pub struct ThreadFigure {
    /// A thread's time from its first span to its last, per span: the best thread's in the best round.
    pub wall_ns: f64,
    /// The threads' own processor time per span, in the best round.
    pub cpu_ns: f64,
    /// Spans that never reached the exporter, in all rounds.
    pub lost: u64,
}

/// Root spans on `threads` threads, which stay alive for all rounds.
///
/// Threads and the exporter share the machine's cores, so wall time may have waiting in it.
pub fn threads(peer: &dyn Peer, threads: usize, rounds: usize) -> ThreadFigure {
    let each = ROUND_SPANS / threads;
    let made = (each * threads) as f64;
    let (start, end) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    let (wall_min_ns, cpu_total_ns) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
    let mut figure = ThreadFigure { wall_ns: f64::INFINITY, cpu_ns: f64::INFINITY, lost: 0 };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..rounds {
                    start.wait();
                    let (began, before) = (Instant::now(), thread_cpu());
                    peer.run(Shape::RootSpan, each);
                    let (wall, cpu) = (began.elapsed(), thread_cpu().saturating_sub(before));
                    wall_min_ns.fetch_min(wall.as_nanos() as u64, Ordering::Relaxed);
                    cpu_total_ns.fetch_add(cpu.as_nanos() as u64, Ordering::Relaxed);
                    end.wait();
                }
            });
        }
        for _ in 0..rounds {
            peer.drain();
            let exported_before = peer.exported();
            cpu_total_ns.store(0, Ordering::Relaxed);
            start.wait();
            end.wait();
            peer.drain();
            figure.cpu_ns = figure.cpu_ns.min(cpu_total_ns.load(Ordering::Relaxed) as f64 / made);
            figure.lost += lost(peer, exported_before, made as u64);
        }
    });
    figure.wall_ns = wall_min_ns.into_inner() as f64 / each as f64;
    figure
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Linux has this clock");
    Duration::from(time)
}
