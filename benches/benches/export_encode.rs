//! `cargo bench --bench export_encode`: encoding alone, ours beside the peers'. `-- --short` for a check.

use benches::export::encode::{encoders, measure};

fn main() {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    if !has("--bench") {
        return; // `cargo test`: the encoders have tests of their own
    }
    let mut encoders = encoders();
    let figures = measure(&mut encoders, if has("--short") { 20 } else { 1_000 });
    println!("A finished span with 4 tags and an event, to bytes; the best of all rounds of 1,000 spans\n");
    println!("| library, format | ns per span | bytes per span |\n|---|---|---|");
    for (encoder, figure) in encoders.iter().zip(figures) {
        println!("| {} | {:.1} | {} |", encoder.name, figure.ns, figure.bytes);
    }
}
