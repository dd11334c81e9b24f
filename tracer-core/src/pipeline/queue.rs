//! Stage 6 of a span's walk: a queue of rows, bounded in bytes.
//!
//! Lock-free for those who push; the memory of a row is given back only when its export ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::accounts::Accounts;
use crate::resource::{Resource, Scope};

/// What a row costs beside its bytes: the queue's slot and the allocation's header.
const ROW_OVERHEAD_BYTES: usize = 64;

/// Who made a row, and whose account it is on: what a batch is grouped by.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) resource: Resource,
    pub(crate) scope: Scope,
    pub(crate) accounts: Arc<Accounts>,
}

/// A finished span on its way.
#[derive(Debug)]
pub(crate) struct QueuedRow {
    source: Arc<Source>,
    row: Vec<u8>,
}

impl QueuedRow {
    /// Takes the row out, for a batch.
    pub(crate) fn take(mut self) -> (Arc<Source>, Vec<u8>) {
        (Arc::clone(&self.source), std::mem::take(&mut self.row))
    }
}

impl Drop for QueuedRow {
    /// A row that nobody took came when the pipeline ended: it is counted wherever it is dropped.
    fn drop(&mut self) {
        if !self.row.is_empty() {
            self.source.accounts.dropped_shutdown.add(1);
        }
    }
}

/// The producers' end.
#[derive(Debug)]
pub(crate) struct Queue {
    rows: Sender<QueuedRow>,
    memory: Arc<Memory>,
    closed: AtomicBool,
}

/// The consumer's end.
#[derive(Debug)]
pub(crate) struct QueueReader {
    pub(crate) rows: Receiver<QueuedRow>,
    pub(crate) memory: Arc<Memory>,
}

/// Bytes between finish and the end of export.
#[derive(Debug)]
pub(crate) struct Memory {
    used_bytes: AtomicUsize,
    max_bytes: usize,
    /// Whether the worker was woken for pressure and has not looked yet.
    pressed: AtomicBool,
}

impl Queue {
    pub(crate) fn new(max_bytes: usize) -> (Self, QueueReader) {
        let (sender, receiver) = unbounded();
        let memory =
            Arc::new(Memory { used_bytes: AtomicUsize::new(0), max_bytes, pressed: AtomicBool::new(false) });
        let reader = QueueReader { rows: receiver, memory: Arc::clone(&memory) };
        (Self { rows: sender, memory, closed: AtomicBool::new(false) }, reader)
    }

    /// Takes a row, or drops and counts it. Says whether the worker should be woken.
    pub(crate) fn push(&self, source: &Arc<Source>, row: Vec<u8>) -> bool {
        let bytes = cost_bytes(&row);
        if self.closed.load(Ordering::Acquire) {
            source.accounts.dropped_shutdown.add(1);
            return false;
        }
        if !self.memory.reserve(bytes) {
            source.accounts.dropped_memory.add(1);
            return false;
        }
        if self.rows.send(QueuedRow { source: Arc::clone(source), row }).is_err() {
            self.memory.release(bytes);
            return false;
        }
        self.memory.presses()
    }

    /// Refuses all further rows; `false` if it did so already.
    pub(crate) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }
}

impl Memory {
    pub(crate) fn release(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The worker looks now: the next pressure wakes it again.
    pub(crate) fn clear_pressure(&self) {
        self.pressed.store(false, Ordering::Release);
    }

    fn reserve(&self, bytes: usize) -> bool {
        let used = self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = used.saturating_add(bytes) <= self.max_bytes;
        if !fits {
            self.release(bytes);
        }
        fits
    }

    /// Whether half of the memory is used and nobody has woken the worker for it.
    fn presses(&self) -> bool {
        self.used_bytes.load(Ordering::Relaxed) > self.max_bytes / 2
            && !self.pressed.swap(true, Ordering::AcqRel)
    }
}

/// The memory that a queued row holds.
pub(crate) fn cost_bytes(row: &Vec<u8>) -> usize {
    row.capacity() + ROW_OVERHEAD_BYTES
}
