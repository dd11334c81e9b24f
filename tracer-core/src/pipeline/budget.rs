//! The memory limit that all threads of a pipeline share, in bytes of chunks.

use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering};

/// What a live thread holds at least, and the step in which a log grows.
#[cfg(not(tracer_loom))]
pub(crate) const CHUNK_BYTES: usize = 8 * 1024;
/// Two rows of the models.
#[cfg(tracer_loom)]
pub(crate) const CHUNK_BYTES: usize = 2;

/// A budget as the logs of all threads hold it.
pub(crate) type SharedBudget = Arc<Budget>;

#[derive(Debug)]
pub(crate) struct Budget {
    used_bytes: AtomicUsize,
    max_bytes: usize,
    /// Whether the worker was woken for pressure and has not looked yet.
    pressed: AtomicBool,
}

impl Budget {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { used_bytes: AtomicUsize::new(0), max_bytes, pressed: AtomicBool::new(false) }
    }

    /// Takes so many bytes, and says whether half of the budget is used and it is for the caller to wake the
    /// worker. `None` if they do not fit.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<bool> {
        // A full budget is seen by a load, so that threads that drop spans do not fight for the line.
        let used = self.used_bytes.load(Ordering::Relaxed);
        if used.saturating_add(bytes) > self.max_bytes {
            return None;
        }
        let used = self.used_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if used > self.max_bytes {
            self.release(bytes);
            return None;
        }
        Some(used > self.max_bytes / 2 && !self.pressed.swap(true, Ordering::AcqRel))
    }

    /// How many chunks can be under way.
    pub(crate) const fn chunks_max(&self) -> usize {
        self.max_bytes / CHUNK_BYTES + 1
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The worker looks now: the next pressure wakes it again.
    pub(crate) fn clear_pressure(&self) {
        self.pressed.store(false, Ordering::Release);
    }

    #[cfg(test)]
    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }
}
