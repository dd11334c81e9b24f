//! Instructions per operation, counted by valgrind's callgrind.
//!
//! A shape is run N1 and N2 times in a process under callgrind, and only inside [`tracer_bench_section`] is
//! anything counted: not the drain, and no other thread. The figure is (count 2 - count 1) / (N2 - N1).

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::peers::{self, Ours, OursSetup, Setup};
use crate::workload::{Peer, Shape};

/// How often a shape is run. The spans of either must fit into OpenTelemetry's queue.
const COUNTS: [usize; 2] = [200, 1_000];
/// What callgrind looks for; it takes no pattern here, so the function keeps its bare name.
const SECTION: &str = "tracer_bench_section";
/// Ours with its memory spent: each span is dropped and counted.
const DROPPING: &str = "tracer-core, memory spent";

/// Instructions of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// The shape; `dropped_span` is ours alone.
    pub name: String,
    /// Per operation.
    pub instructions: f64,
}

/// What is counted of whom.
fn plan(key: &str) -> &'static [Shape] {
    match key {
        "tracer-core" => &Shape::ALL,
        DROPPING => &[Shape::ChildPlain],
        _ => &[Shape::ChildPlain, Shape::ChildFull, Shape::UnsampledChild, Shape::SwitchedOff],
    }
}

/// The process that is counted: prints what each dump of callgrind is about.
///
/// # Panics
/// If there is no such library.
pub fn run_child(key: &str) {
    let peer = child_peer(key).expect("a library of this suite");
    // A process that has run for a while: tracer-core turns to the processor's counter after a second.
    std::thread::sleep(Duration::from_millis(1_100));
    if key == DROPPING {
        // It is never drained itself, and it is a drain that turns the process's clock.
        Ours::new(&OursSetup { has_thread: false, ..OursSetup::DEFAULT }).drain();
    }
    peer.drain();
    for &shape in plan(key).iter().filter(|shape| peer.supports(**shape)) {
        // Fills caches, pools and, where spans shall be dropped, the memory.
        peer.run(shape, COUNTS[1] * shape.divisor().min(2));
        for count in COUNTS {
            peer.drain();
            tracer_bench_section(peer.as_ref(), shape, count / shape.divisor());
            let name = if key == DROPPING { "dropped_span" } else { shape.name() };
            println!("{name} {}", count / shape.divisor() * shape.divisor());
        }
    }
}

fn child_peer(key: &str) -> Option<Box<dyn Peer>> {
    let setup = OursSetup { has_thread: false, ..OursSetup::DEFAULT };
    match key {
        "tracer-core" => Some(Box::new(Ours::new(&setup))),
        DROPPING => Some(Box::new(Ours::new(&OursSetup { memory_bytes_max: 0, is_drained: false, ..setup }))),
        _ => peers::by_key(key, &Setup::DISCARD),
    }
}

/// The only code that is counted, with all that it calls.
// SAFETY: no other symbol has this name.
#[unsafe(no_mangle)]
#[inline(never)]
fn tracer_bench_section(peer: &dyn Peer, shape: Shape, count: usize) {
    black_box(peer).run(black_box(shape), black_box(count));
    // No tail call: callgrind must see this function return.
    black_box(());
}

/// Counts one library's shapes in a child process of this program, which is to call [`run_child`].
///
/// # Errors
/// If valgrind is not there, the child fails, or callgrind's files are not as expected.
pub fn count(key: &str, scratch: &Path) -> io::Result<Vec<Count>> {
    let out = scratch.join("callgrind.out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args([format!("--toggle-collect={SECTION}"), format!("--dump-after={SECTION}")])
        .arg(std::env::current_exe()?)
        .args(["--child", key])
        .stderr(Stdio::piped())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let runs =
        parse_runs(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| malformed("child's output"))?;
    let mut totals = Vec::new();
    for number in 1..=runs.len() {
        let text = std::fs::read_to_string(scratch.join(format!("callgrind.out.{number}")))?;
        totals.push(parse_total(&text).ok_or_else(|| malformed("callgrind's file"))?);
    }
    Ok(differences(&runs, &totals))
}

/// All libraries' keys, ours and its overload first.
#[must_use]
pub fn keys() -> Vec<&'static str> {
    let mut keys = peers::KEYS.to_vec();
    keys.insert(1, DROPPING);
    keys
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} cannot be read"))
}

fn parse_runs(text: &str) -> Option<Vec<(String, u64)>> {
    let run = |line: &str| {
        let (name, count) = line.split_once(' ')?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    text.lines().map(run).collect()
}

fn parse_total(text: &str) -> Option<u64> {
    let total =
        |line: &str| line.strip_prefix("totals: ").or(line.strip_prefix("summary: "))?.trim().parse().ok();
    text.lines().find_map(total)
}

fn differences(runs: &[(String, u64)], totals: &[u64]) -> Vec<Count> {
    let pairs = runs.chunks_exact(2).zip(totals.chunks_exact(2));
    let difference = |(runs, totals): (&[(String, u64)], &[u64])| Count {
        name: runs[0].0.clone(),
        instructions: (totals[1] as f64 - totals[0] as f64) / (runs[1].1 as f64 - runs[0].1 as f64),
    };
    pairs.map(difference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_difference_of_two_runs() {
        let runs = parse_runs("child_plain 200\nchild_plain 1000\n").unwrap();
        let totals =
            [parse_total("events: Ir\ntotals: 50200\n").unwrap(), parse_total("summary: 250200").unwrap()];
        let expected = Count { name: "child_plain".to_owned(), instructions: 250.0 };
        assert_eq!(differences(&runs, &totals), [expected]);
    }

    #[test]
    fn a_strange_line_is_refused() {
        assert_eq!(parse_runs("child_plain many"), None);
        assert_eq!(parse_total("events: Ir\n"), None);
    }
}
