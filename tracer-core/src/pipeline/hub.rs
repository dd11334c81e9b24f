//! Where the application's threads and the worker meet.
//!
//! Each thread keeps, for each pipeline that it uses, the writer of a log and its counters. A thread's first
//! span registers them here, under a lock that is held for a few instructions; every other span finds them
//! in the thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::accounts::{Accounts, ThreadCounters};
use super::budget::{Budget, SharedBudget};
use super::chunk_log::{Appended, Reader, SharedPool, chunk_log};
use super::heir::Line;
use super::local::{self, Current, Local};
use crate::fork;
use crate::resource::{Resource, Scope};
use crate::row::writer::Row;

/// Who makes rows: what a batch is grouped by.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) resource: Resource,
    pub(crate) scope: Scope,
}

/// What the threads and the worker of a pipeline share.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Names the pipeline in a thread's list; never used again.
    pub(crate) id: u64,
    pub(crate) budget: SharedBudget,
    pool: SharedPool,
    pub(crate) accounts: Accounts,
    /// Logs that the worker has not taken over yet.
    new_logs: Mutex<Vec<ThreadLog>>,
    sources: Mutex<Vec<Arc<Source>>>,
    closed: AtomicBool,
    /// Which process it belongs to.
    pub(super) generation: u32,
    line: Arc<Line>,
}

/// The worker's end of a thread.
#[derive(Debug)]
pub(crate) struct ThreadLog {
    pub(crate) reader: Reader,
    pub(crate) counters: Arc<ThreadCounters>,
}

impl Hub {
    pub(crate) fn new(
        budget: Budget,
        exporters: impl Iterator<Item = &'static str>,
        line: Arc<Line>,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            budget: SharedBudget::new(budget),
            pool: SharedPool::default(),
            accounts: Accounts::new(exporters),
            new_logs: Mutex::default(),
            sources: Mutex::default(),
            closed: AtomicBool::new(false),
            generation: fork::generation(),
            line,
        }
    }

    /// The number under which rows name their source.
    pub(crate) fn add_source(&self, source: Source) -> u32 {
        let mut sources = self.sources.lock();
        sources.push(Arc::new(source));
        u32::try_from(sources.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn source(&self, index: u32) -> Option<Arc<Source>> {
        self.sources.lock().get(usize::try_from(index).ok()?).cloned()
    }

    /// Refuses all further rows; `false` if it did so already.
    pub(crate) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn take_new_logs(&self) -> Vec<ThreadLog> {
        std::mem::take(&mut *self.new_logs.lock())
    }

    /// Whether no more rows are taken.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Appends a row to this thread's log, or drops and counts it. Says whether the worker should be woken.
    pub(crate) fn append(&self, local: &mut Local, row: &Row<'_>) -> bool {
        if self.is_closed() {
            local.counters.dropped_shutdown.add(1);
            return false;
        }
        let Ok(appended) = local.writer.prepare(row.room_bytes(), row.priority()) else {
            local.counters.dropped_memory.add(1);
            return false;
        };
        // The room is prepared.
        if local.append(row).is_none() {
            local.counters.dropped_memory.add(1);
        }
        local.writer.hold_back();
        appended == Appended::UnderPressure
    }

    /// Uses this thread's end of the pipeline, which is made if there is none.
    #[inline]
    pub(crate) fn with_local<R>(&self, work: impl FnOnce(&mut Local) -> R) -> R {
        if let Some(mut current) = Current::take() {
            if let Some(local) = current.local(self.id) {
                let done = work(local);
                current.put_back();
                return done;
            }
            current.put_back();
        }
        if self.is_inherited() {
            return self.with_foreign(work);
        }
        local::with_local(self.id, || self.enter(), work)
    }

    /// Uses an end that nobody reads: in a forked process, for what belongs to the parent. Spans that end are
    /// counted.
    #[cold]
    #[inline(never)]
    fn with_foreign<R>(&self, work: impl FnOnce(&mut Local) -> R) -> R {
        let (writer, _reader) = chunk_log(&self.budget, &self.pool);
        let counters = Arc::<ThreadCounters>::default();
        let done = work(&mut Local::new(self.id, writer, Arc::clone(&counters)));
        self.line.heir().hub.accounts.add_forked(counters.finished.get());
        done
    }

    /// The pipeline in this process.
    pub(super) const fn line(&self) -> &Arc<Line> {
        &self.line
    }

    fn enter(&self) -> Local {
        let (writer, reader) = chunk_log(&self.budget, &self.pool);
        let counters = self.accounts.enter_thread();
        self.new_logs.lock().push(ThreadLog { reader, counters: Arc::clone(&counters) });
        Local::new(self.id, writer, counters)
    }
}
