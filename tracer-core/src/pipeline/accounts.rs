//! What became of every span.
//!
//! ```text
//! started = finished + open
//! finished = exported + failed + dropped(reason) + pending
//! ```
//!
//! Exact whenever no span is being finished or exported at that very moment.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The accounts of a pipeline, as they stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Spans that began to record.
    pub started: u64,
    /// Spans that recorded and ended.
    pub finished: u64,
    /// Spans that a sampler rejected; in no other figure.
    pub unsampled: u64,
    /// Spans that at least one exporter took.
    pub exported: u64,
    /// Spans that no exporter took.
    pub failed: u64,
    /// Spans dropped before any exporter saw them.
    pub dropped: Dropped,
    /// Spans finished and still on their way.
    pub pending: u64,
    /// Spans that began to record and have not ended.
    pub open: u64,
    /// Values that were cut to their limit.
    pub values_cut: u64,
    /// Tags, logs and links that were left out for their limits.
    pub entries_dropped: u64,
    /// Each exporter's own account, in the order in which they were added.
    pub exporters: Vec<ExporterStats>,
}

/// Dropped spans by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The pipeline's memory was used up.
    pub memory: u64,
    /// The pipeline was shut down.
    pub shutdown: u64,
    /// The tag `sampling.priority` = 0 took the span out while it ran.
    pub sampling: u64,
}

/// One exporter's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExporterStats {
    /// The exporter's name.
    pub name: &'static str,
    /// Spans that it took.
    pub exported: u64,
    /// Spans that it, or the receiver behind it, did not take.
    pub failed: u64,
}

impl Dropped {
    /// All dropped spans.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.memory + self.shutdown + self.sampling
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} spans finished: {} exported, {} failed, {} dropped, {} pending",
            self.finished,
            self.exported,
            self.failed,
            self.dropped.total(),
            self.pending
        )
    }
}

/// A counter that any thread may add to.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn sub(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    pub(crate) started: Counter,
    pub(crate) finished: Counter,
    pub(crate) unsampled: Counter,
    pub(crate) exported: Counter,
    pub(crate) failed: Counter,
    pub(crate) dropped_memory: Counter,
    pub(crate) dropped_shutdown: Counter,
    pub(crate) dropped_sampling: Counter,
    pub(crate) values_cut: Counter,
    pub(crate) entries_dropped: Counter,
    pub(crate) exporters: Vec<ExporterAccount>,
}

#[derive(Debug)]
pub(crate) struct ExporterAccount {
    pub(crate) name: &'static str,
    pub(crate) exported: Counter,
    pub(crate) failed: Counter,
}

impl Accounts {
    pub(crate) fn new(exporters: impl Iterator<Item = &'static str>) -> Self {
        let account =
            |name| ExporterAccount { name, exported: Counter::default(), failed: Counter::default() };
        Self { exporters: exporters.map(account).collect(), ..Self::default() }
    }

    pub(crate) fn stats(&self) -> Stats {
        // Ends are read before beginnings, so that no difference can be negative.
        let (exported, failed) = (self.exported.get(), self.failed.get());
        let dropped = Dropped {
            memory: self.dropped_memory.get(),
            shutdown: self.dropped_shutdown.get(),
            sampling: self.dropped_sampling.get(),
        };
        let finished = self.finished.get();
        let started = self.started.get();
        Stats {
            started,
            finished,
            unsampled: self.unsampled.get(),
            exported,
            failed,
            dropped,
            pending: finished.saturating_sub(exported + failed + dropped.total()),
            open: started.saturating_sub(finished),
            values_cut: self.values_cut.get(),
            entries_dropped: self.entries_dropped.get(),
            exporters: self.exporters.iter().map(ExporterAccount::stats).collect(),
        }
    }
}

impl ExporterAccount {
    fn stats(&self) -> ExporterStats {
        ExporterStats { name: self.name, exported: self.exported.get(), failed: self.failed.get() }
    }
}
