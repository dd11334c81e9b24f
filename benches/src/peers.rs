//! The libraries, ours first.

mod fastrace;
mod opentelemetry;
mod ours;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::workload::Peer;

/// All peers, ready to run.
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(ours::Ours::new()),
        Box::new(opentelemetry::OpenTelemetry::new()),
        Box::new(fastrace::Fastrace::new()),
    ]
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
