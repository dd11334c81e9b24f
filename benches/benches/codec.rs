//! `cargo bench --bench codec`: nanoseconds and allocations of reading and writing headers, beside
//! the peers in one run. `-- --short` for a few rounds, `-- NAME` for shapes with that in their name.

use std::time::Instant;

use benches::codec::{BEFORE_PEERS, Case, LIBRARIES, Shape};
use benches::measure::{Counting, allocations_of_this_thread};

/// Operations in a round.
const OPERATIONS: usize = 1_000;

/// What was measured of a shape with a library.
#[derive(Clone, Copy)]
struct Figure {
    /// Of the best round.
    min_ns: f64,
    allocations: f64,
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let rounds = if arguments.iter().any(|argument| argument == "--short") { 20 } else { 1_000 };
    let name = arguments.iter().find(|argument| !argument.starts_with('-')).map_or("", String::as_str);
    println!("| shape | {} | best peer's share |", LIBRARIES.map(|library| library.name).join(" | "));
    println!("|---|{}---|", "---|".repeat(LIBRARIES.len()));
    for shape in Shape::ALL.into_iter().filter(|shape| shape.name().contains(name)) {
        print(shape, &interleaved(shape, rounds));
    }
}

/// All libraries in turn, `rounds` times; `None` where one cannot.
fn interleaved(shape: Shape, rounds: usize) -> Vec<Option<Figure>> {
    let mut cases: Vec<Option<Case>> = LIBRARIES.iter().map(|library| (library.case)(shape)).collect();
    let none = Figure { min_ns: f64::INFINITY, allocations: f64::INFINITY };
    let mut figures: Vec<_> = cases.iter().map(|case| case.as_ref().map(|_| none)).collect();
    for _ in 0..rounds {
        for (case, figure) in cases.iter_mut().zip(&mut figures) {
            if let (Some(case), Some(figure)) = (case, figure) {
                round(case, figure);
            }
        }
    }
    figures
}

fn round(case: &mut Case, figure: &mut Figure) {
    let allocations_before = allocations_of_this_thread();
    let began = Instant::now();
    case(OPERATIONS);
    let elapsed = began.elapsed();
    let allocations = allocations_of_this_thread() - allocations_before;
    figure.min_ns = figure.min_ns.min(elapsed.as_nanos() as f64 / OPERATIONS as f64);
    figure.allocations = figure.allocations.min(allocations as f64 / OPERATIONS as f64);
}

fn print(shape: Shape, figures: &[Option<Figure>]) {
    let cell = |figure: &Option<Figure>| {
        figure
            .map_or("-".to_owned(), |figure| format!("{:.1} ns, {:.0} al", figure.min_ns, figure.allocations))
    };
    let cells: Vec<_> = figures.iter().map(cell).collect();
    let best_peer =
        figures.iter().skip(BEFORE_PEERS).flatten().map(|figure| figure.min_ns).fold(f64::INFINITY, f64::min);
    let ours = figures.first().copied().flatten().map_or(f64::NAN, |figure| figure.min_ns);
    println!("| {} | {} | {:.2} |", shape.name(), cells.join(" | "), ours / best_peer);
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
