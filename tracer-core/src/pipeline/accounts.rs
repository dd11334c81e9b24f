//! What became of every span.
//!
//! ```text
//! started  = finished + open
//! finished = exported + failed + dropped(reason) + pending
//! ```
//!
//! Each thread counts its own spans in counters that only it writes; the worker counts exports. Sums are exact
//! whenever no span is being finished or exported at that very moment.

use std::fmt;
use std::sync::Arc;

use crate::sync::{AtomicBool, AtomicU64, Mutex, Ordering, lock};

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
    /// Panics in the pipeline's own code, each of which the pipeline survived.
    pub worker_restarts: u64,
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
    /// A panic in the pipeline's own code took them along.
    pub panic: u64,
    /// They were open when the process was forked, and are the parent's.
    pub forked: u64,
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
    pub(crate) const NONE: Self = Self { memory: 0, shutdown: 0, sampling: 0, panic: 0, forked: 0 };

    /// Spans dropped for want of memory, for an exporter's own tests.
    #[must_use]
    pub const fn of_memory(memory: u64) -> Self {
        Self { memory, ..Self::NONE }
    }

    /// All dropped spans.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.memory + self.shutdown + self.sampling + self.panic + self.forked
    }

    /// Those that nobody asked for, with their reasons.
    pub(crate) const fn losses(&self) -> [(&'static str, u64); 4] {
        [("memory", self.memory), ("shutdown", self.shutdown), ("panic", self.panic), ("forked", self.forked)]
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

/// A counter with one writer: plain loads and stores, no read-modify-write.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds, from the one thread that may.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Release);
    }

    pub(crate) fn sub(&self, count: u64) {
        self.add(count.wrapping_neg());
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// What one thread counts. Cumulative: a span may start on one thread and end on another, so a single
/// thread's figures need not balance, and may even wrap below zero.
#[derive(Debug, Default)]
#[repr(align(128))] // No other thread's counters on these cache lines.
pub(crate) struct ThreadCounters {
    pub(crate) started: Counter,
    pub(crate) finished: Counter,
    pub(crate) unsampled: Counter,
    pub(crate) dropped_memory: Counter,
    pub(crate) dropped_shutdown: Counter,
    pub(crate) dropped_sampling: Counter,
    pub(crate) values_cut: Counter,
    pub(crate) entries_dropped: Counter,
}

/// The counters behind [`Stats`].
#[derive(Debug)]
pub(crate) struct Accounts {
    threads: Mutex<Threads>,
    /// Written by the worker only.
    pub(crate) exported: Counter,
    pub(crate) failed: Counter,
    pub(crate) dropped_panic: Counter,
    worker_restarts: Counter,
    pub(crate) exporters: Vec<ExporterAccount>,
    /// Spans of the process that this one was forked from. Written by any thread, since that is rare.
    forked: AtomicU64,
    /// Nothing will be exported any more.
    ended: AtomicBool,
}

#[derive(Debug, Default)]
struct Threads {
    live: Vec<Arc<ThreadCounters>>,
    /// The sums of threads that have ended.
    gone: Sums,
}

#[derive(Debug)]
pub(crate) struct ExporterAccount {
    pub(crate) name: &'static str,
    pub(crate) exported: Counter,
    pub(crate) failed: Counter,
}

/// Figures of several threads together.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    started: u64,
    finished: u64,
    unsampled: u64,
    dropped: Dropped,
    values_cut: u64,
    entries_dropped: u64,
}

impl Accounts {
    pub(crate) fn new(exporters: impl Iterator<Item = &'static str>) -> Self {
        let account =
            |name| ExporterAccount { name, exported: Counter::default(), failed: Counter::default() };
        Self {
            threads: Mutex::default(),
            exported: Counter::default(),
            failed: Counter::default(),
            dropped_panic: Counter::default(),
            worker_restarts: Counter::default(),
            exporters: exporters.map(account).collect(),
            forked: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Counters for a thread that has its first span.
    pub(crate) fn enter_thread(&self) -> Arc<ThreadCounters> {
        let counters = Arc::<ThreadCounters>::default();
        lock(&self.threads).live.push(Arc::clone(&counters));
        counters
    }

    /// Keeps the sums of a thread that has ended. Its last store happened before.
    pub(crate) fn leave_thread(&self, counters: &Arc<ThreadCounters>) {
        let mut threads = lock(&self.threads);
        threads.live.retain(|live| !Arc::ptr_eq(live, counters));
        threads.gone.add(counters);
    }

    /// Lets the counters of all threads go, when nobody looks at the sums any more.
    pub(crate) fn forget_threads(&self) {
        lock(&self.threads).live = Vec::new();
    }

    /// Counts a panic of the worker, and says whether it is the first.
    pub(crate) fn count_restart(&self) -> bool {
        self.worker_restarts.add(1);
        self.worker_restarts.get() == 1
    }

    /// Counts spans that ended in a child of the process that began them.
    pub(crate) fn add_forked(&self, count: u64) {
        self.forked.fetch_add(count, Ordering::Release);
    }

    /// From now on, what is not exported never will be.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub(crate) fn stats(&self) -> Stats {
        let ended = self.ended.load(Ordering::Acquire);
        // Exports are read before finishes, so that no difference can be negative.
        let (exported, failed) = (self.exported.get(), self.failed.get());
        let (panic, forked) = (self.dropped_panic.get(), self.forked.load(Ordering::Acquire));
        let exporters = self.exporters.iter().map(ExporterAccount::stats).collect();
        let mut sums = self.sums();
        (sums.dropped.panic, sums.dropped.forked) = (panic, forked);
        // They count as begun here, too, so that what began is never less than what ended.
        (sums.started, sums.finished) =
            (sums.started.wrapping_add(forked), sums.finished.wrapping_add(forked));
        let mut pending = sums.finished.saturating_sub(exported + failed + sums.dropped.total());
        if ended {
            // Rows that were on their way when the worker took its last look.
            sums.dropped.shutdown += std::mem::take(&mut pending);
        }
        Stats {
            started: sums.started,
            finished: sums.finished,
            unsampled: sums.unsampled,
            exported,
            failed,
            dropped: sums.dropped,
            pending,
            open: sums.started.saturating_sub(sums.finished),
            values_cut: sums.values_cut,
            entries_dropped: sums.entries_dropped,
            worker_restarts: self.worker_restarts.get(),
            exporters,
        }
    }

    fn sums(&self) -> Sums {
        let threads = lock(&self.threads);
        let mut sums = threads.gone;
        // All ends before all beginnings: a span that moves between threads is then never ended first.
        threads.live.iter().for_each(|thread| sums.add_ends(thread));
        threads.live.iter().for_each(|thread| sums.add_beginnings(thread));
        sums
    }
}

impl Sums {
    fn add(&mut self, thread: &ThreadCounters) {
        self.add_ends(thread);
        self.add_beginnings(thread);
    }

    fn add_ends(&mut self, thread: &ThreadCounters) {
        let add = |sum: &mut u64, counter: &Counter| *sum = sum.wrapping_add(counter.get());
        add(&mut self.dropped.memory, &thread.dropped_memory);
        add(&mut self.dropped.shutdown, &thread.dropped_shutdown);
        add(&mut self.dropped.sampling, &thread.dropped_sampling);
        add(&mut self.finished, &thread.finished);
        add(&mut self.values_cut, &thread.values_cut);
        add(&mut self.entries_dropped, &thread.entries_dropped);
    }

    fn add_beginnings(&mut self, thread: &ThreadCounters) {
        self.started = self.started.wrapping_add(thread.started.get());
        self.unsampled = self.unsampled.wrapping_add(thread.unsampled.get());
    }
}

impl ExporterAccount {
    fn stats(&self) -> ExporterStats {
        ExporterStats { name: self.name, exported: self.exported.get(), failed: self.failed.get() }
    }
}
