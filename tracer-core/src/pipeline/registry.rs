//! How threads come to a pipeline and leave it.
//!
//! ```text
//! thread's first span ──> enter ──> new_logs ──(next sweep)──> Logs, the worker's
//! thread's end ──> its writer closes ──> the sweep that took its last row gives its counters up
//! ```
//!
//! A sweep takes the new logs over **before** it reads any: so whoever appended a row and then asked for a sweep
//! has its row in it.

use std::sync::Arc;

use super::accounts::{Accounts, ThreadCounters};
use super::budget::{Budget, SharedBudget};
use super::chunk_log::{Reader, SharedPool, Writer, chunk_log};
use super::run::{NO_SOURCE, Run};
use crate::sync::{AtomicBool, Mutex, Ordering, lock};

/// What threads find when they come.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) budget: SharedBudget,
    pool: SharedPool,
    /// Logs that the worker has not taken over yet.
    new_logs: Mutex<Vec<ThreadLog>>,
    closed: AtomicBool,
}

/// The worker's end of a thread.
#[derive(Debug)]
struct ThreadLog {
    reader: Reader,
    counters: Arc<ThreadCounters>,
    /// Of the rows that come next.
    source: u32,
}

/// The logs that the worker sweeps.
#[derive(Debug, Default)]
pub(super) struct Logs(Vec<ThreadLog>);

impl Registry {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget: SharedBudget::new(budget),
            pool: SharedPool::default(),
            new_logs: Mutex::new(Vec::new()),
            closed: AtomicBool::new(false),
        }
    }

    /// A log and counters for a thread that has its first span.
    pub(crate) fn enter(&self, accounts: &Accounts) -> (Writer, Arc<ThreadCounters>) {
        let (writer, reader) = chunk_log(&self.budget, &self.pool);
        let counters = accounts.enter_thread();
        let log = ThreadLog { reader, counters: Arc::clone(&counters), source: NO_SOURCE };
        lock(&self.new_logs).push(log);
        (writer, counters)
    }

    /// A log that nobody reads.
    pub(crate) fn unread_log(&self) -> Writer {
        chunk_log(&self.budget, &self.pool).0
    }

    /// Refuses all further rows; `false` if it did so already.
    pub(crate) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    /// Whether no more rows are taken.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Lets logs and chunks go that nobody will ask for.
    pub(crate) fn forget(&self) {
        drop(self.take_new_logs());
        self.pool.forget();
    }

    fn take_new_logs(&self) -> Vec<ThreadLog> {
        std::mem::take(&mut *lock(&self.new_logs))
    }
}

impl Logs {
    /// Gives all rows that are published to `take`, and says of which threads it took the last.
    pub(super) fn sweep(&mut self, registry: &Registry, accounts: &Accounts, mut take: impl FnMut(Run<'_>)) {
        self.0.append(&mut registry.take_new_logs());
        self.0.retain_mut(|log| {
            let ThreadLog { reader, counters, source } = log;
            let more = reader.drain(|bytes| take(Run::new(bytes, source)));
            if !more {
                accounts.leave_thread(counters);
            }
            more
        });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
