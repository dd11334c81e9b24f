//! Processor time per million spans, to encoded OTLP bytes that are thrown away.

use std::io::{self, Read};
use std::time::Duration;

use super::process;
use crate::measure::settle;
use crate::peers::{self, Setup, Sink};
use crate::workload::{Peer, Shape};

/// Spans of a round, over all threads.
const ROUND_SPANS: usize = 100_000;
const ROUNDS: usize = 2;
/// Room for a round where a library has a queue: nothing is to be lost here.
const QUEUE_SPANS: usize = 1 << 18;
/// On how many threads.
pub const THREADS: [usize; 3] = [1, 2, 8];
/// What is done.
pub const SHAPES: [Shape; 2] = [Shape::ChildPlain, Shape::ChildFull];
/// Who does it: all that can encode OTLP.
pub const KEYS: [&str; 4] = ["tracer-core", "opentelemetry", "fastrace", "tracing-opentelemetry"];

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct CpuFigure {
    /// All threads of the process, the exporter's too, in the best round.
    pub ms_per_million: f64,
    /// In all rounds.
    pub lost: u64,
}

/// All figures of one library, in a process of its own: for each shape, for each number of threads.
///
/// # Errors
/// If the process cannot be started or says something strange.
pub fn run(key: &str) -> io::Result<Vec<CpuFigure>> {
    let (mut child, mut stdout) = super::start_self(&["--cpu", key])?;
    let mut text = String::new();
    stdout.read_to_string(&mut text)?;
    let status = child.wait()?;
    let figure = |line: &str| {
        let (ms, lost) = line.split_once(' ')?;
        Some(CpuFigure { ms_per_million: ms.parse().ok()?, lost: lost.parse().ok()? })
    };
    let figures: Vec<_> = text.lines().filter_map(figure).collect();
    if status.success() && figures.len() == SHAPES.len() * THREADS.len() {
        return Ok(figures);
    }
    Err(io::Error::other(format!("{key} ended with {status} and said {text:?}")))
}

/// The process of one library: prints a figure a line.
///
/// # Panics
/// If there is no such library.
pub fn run_child(key: &str) {
    let setup = Setup { sink: Sink::Encode, queue_spans: Some(QUEUE_SPANS) };
    let peer = peers::by_key(key, &setup).expect("a library of this suite");
    // A process that has run for a while: tracer-core turns to the processor's counter after a second.
    std::thread::sleep(Duration::from_millis(1_100));
    for shape in SHAPES {
        for threads in THREADS {
            let mut figure = CpuFigure { ms_per_million: f64::INFINITY, lost: 0 };
            for _ in 0..ROUNDS {
                round(peer.as_ref(), shape, threads, &mut figure);
            }
            println!("{:.1} {}", figure.ms_per_million, figure.lost);
        }
    }
}

fn round(peer: &dyn Peer, shape: Shape, threads: usize, figure: &mut CpuFigure) {
    peer.drain();
    let (exported_before, cpu_before) = (peer.exported(), process::cpu());
    let made = on_threads(peer, shape, threads);
    settle(peer, exported_before, made);
    let ms = (process::cpu() - cpu_before).as_secs_f64() * 1e3;
    figure.ms_per_million = figure.ms_per_million.min(ms * 1e6 / made as f64);
    figure.lost += made.saturating_sub(peer.exported() - exported_before);
}

/// Does a round on so many threads; says how many spans that made.
fn on_threads(peer: &dyn Peer, shape: Shape, threads: usize) -> u64 {
    let each = ROUND_SPANS / threads;
    let portion = each.min(peer.drain_every_spans());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                (0..each / portion).for_each(|_| {
                    peer.run(shape, portion);
                    peer.drain();
                });
            });
        }
    });
    shape.spans_of(portion) * (each / portion * threads) as u64
}
