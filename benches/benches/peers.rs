//! `cargo bench --bench peers`: the cost of a span on the application's thread, ours beside the peers'.

use std::time::Duration;

use benches::measure::{Counting, Figure, measure, two_clock_readings_ns};
use benches::peers;
use benches::workload::WORKLOADS;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    // `cargo test` asks with `--test`: one round is enough to see that everything works.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { 300 } else { 1 };
    let mut peers = peers::all();
    // A process that has run for a while: tracer-core turns to the processor's counter after a second.
    std::thread::sleep(Duration::from_millis(1_100));
    peers.iter_mut().for_each(|peer| peer.drain());
    let names: Vec<_> = peers.iter().map(|peer| peer.name()).collect();

    println!("| ns (allocations) per operation | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    let mut lost = 0;
    for workload in &WORKLOADS {
        let figures = measure(workload, &mut peers, rounds);
        lost += figures[0].lost;
        println!("| {} | {} |", workload.name, figures.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    println!("\nTwo readings of the standard clock: {:.0} ns.", two_clock_readings_ns());
    assert_eq!(lost, 0, "tracer-core lost spans");
}

fn cell(figure: &Figure) -> String {
    let lost = if figure.lost > 0 { format!(", {} lost", figure.lost) } else { String::new() };
    format!("{:.0} ({:.1}{lost})", figure.min_ns, figure.allocations)
}
