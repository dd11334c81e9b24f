//! Where the application's threads and the worker meet.
//!
//! Each thread keeps, for each pipeline that it uses, the writer of a log and its counters. A thread's first
//! span registers them here, under a lock that is held for a few instructions; every other span finds them
//! in the thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::accounts::{Accounts, ThreadCounters};
use super::budget::{Budget, SharedBudget};
use super::chunk_log::{Appended, Reader, Writer, chunk_log};
use crate::resource::{Resource, Scope};

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
    static LOCALS: RefCell<Vec<Local>> = const { RefCell::new(Vec::new()) };
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

    /// Appends a row that is given in parts to this thread's log, or drops and counts it. Says whether the
    /// worker should be woken.
    #[inline]
    pub(crate) fn append(&self, local: &mut Local, parts: &[&[u8]]) -> bool {
        if self.closed.load(Ordering::Acquire) {
            local.counters.dropped_shutdown.add(1);
            return false;
        }
        match local.writer.append(parts) {
            Ok(appended) => appended == Appended::UnderPressure,
            Err(_) => {
                local.counters.dropped_memory.add(1);
                false
            }
        }
    }

    /// Uses this thread's end of the pipeline. `work` must not run foreign code.
    #[inline]
    pub(crate) fn with_local<R>(&self, work: impl Fn(&mut Local) -> R) -> R {
        let done = LOCALS.try_with(|locals| {
            let mut locals = locals.try_borrow_mut().ok()?;
            match locals.first_mut() {
                Some(first) if first.hub_id == self.id => Some(work(first)),
                _ => self.find_or_enter(&mut locals).map(&work),
            }
        });
        // A thread that is being torn down, or an allocator that traces, has an end that is used once.
        done.ok().flatten().unwrap_or_else(|| work(&mut self.enter()))
    }

    /// Brings this pipeline's entry to the front of the thread's list.
    #[cold]
    fn find_or_enter<'a>(&self, locals: &'a mut Vec<Local>) -> Option<&'a mut Local> {
        match locals.iter().position(|local| local.hub_id == self.id) {
            Some(index) => locals.swap(0, index),
            None => {
                // Pipelines that have ended hold no counters any more.
                locals.retain(|local| Arc::strong_count(&local.counters) > 1);
                locals.insert(0, self.enter());
            }
        }
        locals.first_mut()
    }

    fn enter(&self) -> Local {
        let (writer, reader) = chunk_log(&self.budget);
        let counters = self.accounts.enter_thread();
        self.new_logs.lock().push(ThreadLog { reader, counters: Arc::clone(&counters) });
        Local { hub_id: self.id, writer, counters }
    }
}
