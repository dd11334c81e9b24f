//! The libraries, ours first.

mod fastrace;
mod opentelemetry;
mod ours;
mod rustracing;
mod sdk_exporter;
mod tracing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::ours::{Ours, OursSetup};
use crate::workload::Peer;

/// What an exporter does with the spans that it is given.
#[derive(Clone, Debug)]
pub enum Sink {
    /// Counts them and throws them away.
    Discard,
    /// Encodes them as an OTLP request, and throws that away.
    Encode,
    /// Sends them to this URL by OTLP over HTTP.
    Http(String),
}

/// How a library is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where spans go.
    pub sink: Sink,
    /// Spans that its queue holds, where it has one and they are not to be its default.
    pub queue_spans: Option<usize>,
}

impl Setup {
    /// The library's defaults, and an exporter that counts and discards.
    pub const DISCARD: Self = Self { sink: Sink::Discard, queue_spans: None };
}

/// The names by which one library is asked for.
pub const KEYS: [&str; 5] =
    ["tracer-core", "opentelemetry", "fastrace", "tracing-opentelemetry", "rustracing"];

/// The library of that name; fastrace and tracing are global, so that there should be one of each.
#[must_use]
pub fn by_key(key: &str, setup: &Setup) -> Option<Box<dyn Peer>> {
    Some(match key {
        "tracer-core" => Box::new(Ours::new(&ours(setup))),
        "opentelemetry" => Box::new(opentelemetry::OpenTelemetry::new(setup)),
        "fastrace" => Box::new(fastrace::Fastrace::new(setup)),
        "tracing-opentelemetry" => Box::new(tracing::Tracing::new(setup)),
        "rustracing" => Box::new(rustracing::Rustracing::new()),
        _ => return None,
    })
}

/// A span of the suite takes 300 bytes at most.
fn ours(setup: &Setup) -> OursSetup {
    let memory_bytes_max = setup.queue_spans.map_or(OursSetup::DEFAULT.memory_bytes_max, |spans| spans * 300);
    OursSetup { sink: setup.sink.clone(), memory_bytes_max, ..OursSetup::DEFAULT }
}

/// What all exporters here do: count.
#[derive(Clone, Debug, Default)]
struct Exported(Arc<AtomicU64>);

impl Exported {
    fn add(&self, spans: usize) {
        self.0.fetch_add(spans as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
