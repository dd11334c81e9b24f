//! Rich pairs (root and child, 4 tags and an event each) to a collector, paced or as a burst.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::collector::{Collector, Received};
use super::process;
use crate::measure::settle;
use crate::peers::{self, Ours, OursSetup, Setup, Sink};
use crate::workload::{Peer, Shape};

/// How far apart the paced producer's portions are: short ones cost the producer's own wake-ups.
const TICK: Duration = Duration::from_millis(5);

/// How fast pairs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Pairs per second.
    Steady(u32),
    /// As fast as the thread can.
    Burst,
}

/// What one library did.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Processor time of the producer's process, from the first pair to the end of the drain.
    pub cpu: Duration,
    pub wall: Duration,
    pub peak_memory_kib: u64,
    pub received: Received,
}

/// Who produces: the libraries that speak OTLP, ours also with memory for the whole burst, and nobody.
pub const KEYS: [&str; 6] =
    ["tracer-core", OURS_LARGE, "opentelemetry", "fastrace", "tracing-opentelemetry", NOBODY];
/// Ours with a budget that holds a whole burst.
pub const OURS_LARGE: &str = "tracer-core, 1 GiB";
/// Only the pace: what the producer itself costs.
pub const NOBODY: &str = "(the pace alone)";

/// Runs one library in a process of its own, against a collector in another.
///
/// # Errors
/// If a process cannot be started or says something strange.
pub fn run(key: &str, pace: Pace, pairs: usize) -> io::Result<Outcome> {
    let collector = Collector::start()?;
    let rate = match pace {
        Pace::Steady(rate) => rate,
        Pace::Burst => 0,
    };
    let arguments = ["--produce", key, collector.url(), &rate.to_string(), &pairs.to_string()];
    let (mut child, mut stdout) = super::start_self(&arguments)?;
    let mut text = String::new();
    stdout.read_to_string(&mut text)?;
    let status = child.wait()?;
    let received = collector.finish()?;
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [cpu_us, wall_us, peak_memory_kib] if status.success() => Ok(Outcome {
            cpu: Duration::from_micros(cpu_us),
            wall: Duration::from_micros(wall_us),
            peak_memory_kib,
            received,
        }),
        _ => Err(io::Error::other(format!("{key} ended with {status} and said {text:?}"))),
    }
}

/// The producer's process: prints microseconds of processor and wall time, and KiB of peak memory.
///
/// # Panics
/// If there is no such library.
pub fn produce(key: &str, url: &str, pace: Pace, pairs: usize) {
    let peer = (key != NOBODY).then(|| library(key, url).expect("a library of this suite"));
    let work = |count| {
        if let Some(peer) = &peer {
            peer.run(Shape::RootChildRich, count);
        }
    };
    // A process that has run for a while, with its connection open.
    work(1);
    std::thread::sleep(Duration::from_millis(1_100));
    peer.iter().for_each(|peer| peer.drain());
    let exported_before = peer.as_ref().map_or(0, |peer| peer.exported());
    let (cpu_before, began) = (process::cpu(), Instant::now());
    match pace {
        Pace::Steady(rate) => paced(rate, pairs, work),
        Pace::Burst => work(pairs),
    }
    peer.iter().for_each(|peer| settle(peer.as_ref(), exported_before, 2 * pairs as u64));
    let (cpu, wall) = (process::cpu() - cpu_before, began.elapsed());
    println!("{} {} {}", cpu.as_micros(), wall.as_micros(), process::peak_memory_kib());
}

fn library(key: &str, url: &str) -> Option<Box<dyn Peer>> {
    let sink = Sink::Http(url.to_owned());
    if key == OURS_LARGE {
        return Some(Box::new(Ours::new(&OursSetup {
            sink,
            memory_bytes_max: 1 << 30,
            ..OursSetup::DEFAULT
        })));
    }
    peers::by_key(key, &Setup { sink, queue_spans: None })
}

/// Makes what is due, a portion a tick; after a late one, no more than a portion either.
fn paced(rate: u32, pairs: usize, work: impl Fn(usize)) {
    let portion = (f64::from(rate) * TICK.as_secs_f64()) as usize;
    let mut left = pairs;
    let mut due = Instant::now();
    while left > 0 {
        let count = left.min(portion.max(1));
        work(count);
        left -= count;
        due = (due + TICK).max(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
