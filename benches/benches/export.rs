//! `cargo bench --bench export`: the whole way to a collector, ours beside the peers'.
//!
//! `-- --short` for a check, `-- --pairs 1000000` for other numbers, `-- --rate 40000` for another pace.

use std::io;

use benches::export::producer::{KEYS, NOBODY, OURS_LARGE, Outcome, Pace};
use benches::export::{collector, cpu, producer};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().collect();
    let text = |index: usize| arguments.get(index).map_or("", String::as_str);
    match text(1) {
        "--collector" => return collector::serve(),
        "--cpu" => cpu::run_child(text(2)),
        "--produce" => {
            let pace = match number(text(4))? {
                0 => Pace::Burst,
                rate => Pace::Steady(rate),
            };
            producer::produce(text(2), text(3), pace, number(text(5))? as usize);
        }
        _ => return all(&arguments),
    }
    Ok(())
}

fn all(arguments: &[String]) -> io::Result<()> {
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if !has("--bench") {
        return Ok(()); // `cargo test`: the parts have tests of their own
    }
    let pairs = option(arguments, "--pairs")?.unwrap_or(if has("--short") { 60_000 } else { 1_000_000 });
    let rate = option(arguments, "--rate")?.unwrap_or(20_000);
    let mut ours_lost = 0;

    println!("Paced: {pairs} rich pairs at {rate} pairs a second, to a collector in another process\n");
    heading();
    for key in KEYS.into_iter().filter(|key| *key != OURS_LARGE) {
        let outcome = producer::run(key, Pace::Steady(rate), pairs as usize)?;
        let lost = print(key, &outcome, pairs);
        ours_lost += if key.starts_with("tracer-core") { lost } else { 0 };
    }
    println!("\nBurst: {pairs} rich spans, half of them roots, as fast as one thread can\n");
    heading();
    for key in KEYS.into_iter().filter(|key| *key != NOBODY) {
        let lost = print(key, &producer::run(key, Pace::Burst, pairs as usize / 2)?, pairs / 2);
        ours_lost += if key == OURS_LARGE { lost } else { 0 };
    }
    cpu_table()?;
    if ours_lost > 0 {
        return Err(io::Error::other(format!("tracer-core lost {ours_lost} spans that fit its memory")));
    }
    Ok(())
}

fn heading() {
    println!(
        "| library | CPU s per million pairs | wall s | spans lost | peak MiB | requests | bytes per span |"
    );
    println!("|---|---|---|---|---|---|---|");
}

/// The spans that were lost.
fn print(key: &str, outcome: &Outcome, pairs: u32) -> u64 {
    let received = outcome.received;
    // One pair more opened the connection.
    let made = if key == NOBODY { 0 } else { 2 * (u64::from(pairs) + 1) };
    let lost = made.saturating_sub(received.spans);
    println!(
        "| {key} | {:.3} | {:.2} | {lost} of {made} | {:.1} | {} | {} |",
        outcome.cpu.as_secs_f64() * 1e6 / f64::from(pairs),
        outcome.wall.as_secs_f64(),
        outcome.peak_memory_kib as f64 / 1024.0,
        received.requests,
        received.bytes / received.spans.max(1),
    );
    lost
}

fn cpu_table() -> io::Result<()> {
    println!("\nCPU ms per million spans, to OTLP bytes that are thrown away\n");
    let columns = cpu::SHAPES.iter().flat_map(|shape| {
        cpu::THREADS.iter().map(move |threads| format!("{}, {threads} threads", shape.name()))
    });
    println!("| library | {} |", columns.collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(cpu::SHAPES.len() * cpu::THREADS.len()));
    for key in cpu::KEYS {
        let cells = cpu::run(key)?.into_iter().map(|figure| match figure.lost {
            0 => format!("{:.0}", figure.ms_per_million),
            lost => format!("{:.0} ({lost} lost)", figure.ms_per_million),
        });
        println!("| {key} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    Ok(())
}

fn option(arguments: &[String], name: &str) -> io::Result<Option<u32>> {
    let at = arguments.iter().position(|argument| argument == name);
    at.map(|at| number(arguments.get(at + 1).map_or("", String::as_str))).transpose()
}

fn number(text: &str) -> io::Result<u32> {
    text.parse().map_err(|_| io::Error::other(format!("not a number: {text:?}")))
}
