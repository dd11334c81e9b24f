//! Where the application's threads and the worker meet.
//!
//! Each thread keeps, for each pipeline that it uses, the writer of a log and its counters. A thread's first
//! span registers them here, under a lock that is held for a few instructions; every other span finds them
//! in the thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::accounts::{Accounts, ThreadCounters};
use super::budget::Budget;
use super::chunk_log::Appended;
use super::heir::Line;
use super::local::{self, Current, Local};
use super::registry::Registry;
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
    pub(super) registry: Registry,
    pub(crate) accounts: Accounts,
    sources: Mutex<Vec<Arc<Source>>>,
    /// Who has use for what is in here: the pipeline's handles, and its drain.
    users: AtomicU32,
    /// Which process it belongs to.
    pub(super) generation: u32,
    line: Arc<Line>,
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
            registry: Registry::new(budget),
            accounts: Accounts::new(exporters),
            sources: Mutex::default(),
            users: AtomicU32::new(2),
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
        self.registry.close()
    }

    /// One of the users has gone. With the last one goes all that is large: the hub itself stays as long as any
    /// tracer's core, which is for ever.
    pub(super) fn leave(&self) {
        if self.users.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        self.registry.forget();
        self.accounts.forget_threads();
        *self.sources.lock() = Vec::new();
        self.line.forget();
    }

    /// Whether nobody takes rows or looks at the accounts any more.
    fn is_over(&self) -> bool {
        self.users.load(Ordering::Acquire) == 0
    }

    /// Whether no more rows are taken.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.registry.is_closed()
    }

    /// Appends a row to this thread's log, or drops and counts it. Says whether the worker should be woken.
    pub(crate) fn append(&self, local: &mut Local, row: &Row<'_>) -> bool {
        if self.is_closed() {
            local.counters.dropped_shutdown.add(1);
            return false;
        }
        let Ok(appended) = local.writer.prepare(Local::room_bytes(row), row.priority()) else {
            local.counters.dropped_memory.add(1);
            return false;
        };
        // The room is prepared.
        if local.append_marked(row).is_none() {
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
        if self.is_inherited() || self.is_over() {
            return self.with_foreign(work);
        }
        local::with_local(self.id, || self.enter(), work)
    }

    /// Uses an end that nobody reads: for spans that outlive their pipeline, and in a forked process for what
    /// belongs to the parent; such spans are counted when they end.
    #[cold]
    #[inline(never)]
    fn with_foreign<R>(&self, work: impl FnOnce(&mut Local) -> R) -> R {
        let writer = self.registry.unread_log();
        let counters = Arc::<ThreadCounters>::default();
        let done = work(&mut Local::new(self.id, writer, Arc::clone(&counters)));
        if self.is_inherited() {
            self.line.heir().hub.accounts.add_forked(counters.finished.get());
        }
        done
    }

    /// The pipeline in this process.
    pub(super) const fn line(&self) -> &Arc<Line> {
        &self.line
    }

    fn enter(&self) -> Local {
        let (writer, counters) = self.registry.enter(&self.accounts);
        Local::new(self.id, writer, counters)
    }
}
