//! Where the application's threads and the worker meet.
//!
//! Each thread keeps, for each pipeline that it uses, the writer of a log and its counters. A thread's first
//! span registers them here, under a lock that is held for a few instructions; every other span finds them
//! in the thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::accounts::{Accounts, ThreadCounters};
use super::budget::{Budget, SharedBudget};
use super::chunk_log::{Appended, Reader, Writer, chunk_log};
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
    id: u64,
    pub(crate) budget: SharedBudget,
    pub(crate) accounts: Accounts,
    /// Logs that the worker has not taken over yet.
    new_logs: Mutex<Vec<ThreadLog>>,
    sources: Mutex<Vec<Arc<Source>>>,
    closed: AtomicBool,
}

/// The worker's end of a thread.
#[derive(Debug)]
pub(crate) struct ThreadLog {
    pub(crate) reader: Reader,
    pub(crate) counters: Arc<ThreadCounters>,
}

/// A thread's end of a pipeline.
#[derive(Debug)]
pub(crate) struct Local {
    hub_id: u64,
    writer: Writer,
    pub(crate) counters: Arc<ThreadCounters>,
}

thread_local! {
    /// The end that was used last. It is out of its cell while it is in use.
    static CURRENT: Cell<Option<Box<Local>>> = const { Cell::new(None) };
    /// The ends of other pipelines.
    static OTHERS: RefCell<Vec<Box<Local>>> = const { RefCell::new(Vec::new()) };
}

impl Hub {
    pub(crate) fn new(memory_bytes_max: usize, exporters: impl Iterator<Item = &'static str>) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            budget: SharedBudget::new(Budget::new(memory_bytes_max)),
            accounts: Accounts::new(exporters),
            new_logs: Mutex::default(),
            sources: Mutex::default(),
            closed: AtomicBool::new(false),
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

    /// Appends a row to this thread's log, or drops and counts it. Says whether the worker should be woken.
    #[inline]
    pub(crate) fn append(&self, local: &mut Local, row: &Row<'_>) -> bool {
        if self.closed.load(Ordering::Acquire) {
            local.counters.dropped_shutdown.add(1);
            return false;
        }
        let len = row.len();
        let appended = local.writer.append(len.total, |room| {
            let written = row.write(len, room);
            debug_assert!(written.is_some(), "the room has the row's size");
        });
        match appended {
            Ok(appended) => appended == Appended::UnderPressure,
            Err(_) => {
                local.counters.dropped_memory.add(1);
                false
            }
        }
    }

    /// Uses this thread's end of the pipeline.
    #[inline(always)]
    pub(crate) fn with_local<R>(&self, work: impl FnOnce(&mut Local) -> R) -> R {
        // While it is in use its cell is empty: whoever comes back here from within `work` has another one.
        let mut local = match CURRENT.try_with(Cell::take) {
            Ok(Some(local)) if local.hub_id == self.id => local,
            found => self.other_local(found.ok().flatten()),
        };
        let done = work(&mut local);
        // A thread that is being torn down has ends that are used once.
        let _ = CURRENT.try_with(|current| current.set(Some(local)));
        done
    }

    /// This thread's end, where another pipeline's was used last, or none.
    #[cold]
    #[inline(never)]
    fn other_local(&self, last: Option<Box<Local>>) -> Box<Local> {
        Self::exchange(last, self.id).unwrap_or_else(|| Box::new(self.enter()))
    }

    /// Puts one end to the others of the thread, and takes that of a pipeline out, if it is there.
    fn exchange(last: Option<Box<Local>>, hub_id: u64) -> Option<Box<Local>> {
        let exchanged = OTHERS.try_with(|others| {
            let mut others = others.try_borrow_mut().ok()?;
            // Pipelines that have ended hold no counters any more.
            others.retain(|local| Arc::strong_count(&local.counters) > 1);
            others.extend(last);
            let index = others.iter().position(|local| local.hub_id == hub_id)?;
            Some(others.swap_remove(index))
        });
        exchanged.ok().flatten()
    }

    fn enter(&self) -> Local {
        let (writer, reader) = chunk_log(&self.budget);
        let counters = self.accounts.enter_thread();
        self.new_logs.lock().push(ThreadLog { reader, counters: Arc::clone(&counters) });
        Local { hub_id: self.id, writer, counters }
    }
}
