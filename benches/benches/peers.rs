//! `cargo bench --bench peers`: the cost of a span on the application's thread, ours beside the peers'.

use std::time::{Duration, UNIX_EPOCH};

use benches::measure::{
    Counting, Figure, Reading, ThreadFigure, interleaved, sustained, threads, two_readings_ns,
};
use benches::peers::{self, Setup};
use benches::workload::{Peer, Shape};
use tracer_core::Clock;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How long it runs.
struct Effort {
    rounds: usize,
    thread_rounds: usize,
    sustained_spans: usize,
}

fn main() {
    let effort = effort();
    let mut all: Vec<_> = peers::KEYS.iter().filter_map(|key| peers::by_key(key, &Setup::DISCARD)).collect();
    // A process that has run for a while: tracer-core turns to the processor's counter after a second.
    std::thread::sleep(Duration::from_millis(1_100));
    all.iter_mut().for_each(|peer| peer.drain());

    let names: Vec<_> = all.iter().map(|peer| peer.name()).collect();
    println!("ns (allocations) per operation, best of {} interleaved rounds\n", effort.rounds);
    println!("| workload | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    clocks(names.len());
    let mut ours_lost = 0;
    for shape in Shape::ALL {
        let figures = interleaved(shape, &all, effort.rounds);
        ours_lost += figures[0].map_or(0, |figure| figure.lost);
        row(shape.name(), figures.iter().map(|figure| figure.as_ref().map_or("-".to_owned(), cell)));
    }
    for count in [2, 8] {
        let figures: Vec<_> =
            all.iter().map(|peer| threads(peer.as_ref(), count, effort.thread_rounds)).collect();
        ours_lost += figures[0].lost;
        row(&format!("threads_{count}"), figures.iter().map(wall_cell));
        row(&format!("threads_{count}_cpu"), figures.iter().map(cpu_cell));
    }
    let figures = all.iter().map(|peer| best_sustained(peer.as_ref(), effort.sustained_spans));
    let figures: Vec<_> = figures.collect();
    row("sustained_root", figures.iter().map(cell));
    println!(
        "\nsustained_root: {} spans without a pause, best of 3; lost: the fewest of 3.",
        effort.sustained_spans
    );
    println!("{}", when());
    assert_eq!(ours_lost, 0, "tracer-core lost spans in rounds that fit its memory");
}

/// `--bench` comes from `cargo bench`; `cargo test` only wants to see that everything works.
fn effort() -> Effort {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    match (has("--bench"), has("--short")) {
        (false, _) => Effort { rounds: 1, thread_rounds: 1, sustained_spans: 10_000 },
        (true, true) => Effort { rounds: 60, thread_rounds: 30, sustained_spans: 200_000 },
        (true, false) => Effort { rounds: 500, thread_rounds: 200, sustained_spans: 1_000_000 },
    }
}

/// The floor: what no span can be faster than, if it has a start and an end.
fn clocks(columns: usize) {
    let readings = [("2 x clock (counter)", Reading::Counter), ("2 x clock (standard)", Reading::Standard)];
    for (name, reading) in readings {
        let cell = two_readings_ns(reading).map_or("-".to_owned(), |ns| format!("{ns:.1}"));
        row(name, std::iter::repeat_n(cell, columns));
    }
}

fn row(name: &str, cells: impl Iterator<Item = String>) {
    println!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

fn cell(figure: &Figure) -> String {
    format!("{:.1} ({:.1}{})", figure.min_ns, figure.allocations, lost(figure.lost))
}

fn wall_cell(figure: &ThreadFigure) -> String {
    format!("{:.1}", figure.wall_ns)
}

fn cpu_cell(figure: &ThreadFigure) -> String {
    format!("{:.1}{}", figure.cpu_ns, lost(figure.lost))
}

fn lost(spans: u64) -> String {
    if spans > 0 { format!(", {spans} lost") } else { String::new() }
}

/// The best time and the fewest losses of three.
fn best_sustained(peer: &dyn Peer, spans: usize) -> Figure {
    let figures = (0..3).map(|_| sustained(peer, spans));
    let better = |a: Figure, b: Figure| Figure {
        min_ns: a.min_ns.min(b.min_ns),
        allocations: a.allocations.min(b.allocations),
        lost: a.lost.min(b.lost),
    };
    figures.reduce(better).expect("three of them")
}

/// For whoever reads the table later.
fn when() -> String {
    let seconds = Clock::system().now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("Taken at unix time {seconds}, {cores} cores, {}, profile: release.", std::env::consts::ARCH)
}
