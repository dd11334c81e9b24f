//! The memory limit that all threads of a pipeline share, in bytes of chunks.

use crate::sync::{Arc, AtomicBool, AtomicUsize, Ordering};

/// What a live thread holds at least, and the step in which a log grows.
#[cfg(not(tracer_loom))]
pub(crate) const CHUNK_BYTES: usize = 8 * 1024;
/// Two rows of the models.
#[cfg(tracer_loom)]
pub(crate) const CHUNK_BYTES: usize = 2;

/// The worker is woken when so much waits, or half of the budget: what is taken out while it is in a core's cache
/// costs half as much, and its chunks are the next ones to be written.
const PRESSING_BYTES: usize = 512 * 1024;

/// A budget as the logs of all threads hold it.
pub(crate) type SharedBudget = Arc<Budget>;

/// How long a span is kept when memory runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// It may not have the reserve.
    Ordinary,
    /// Errors and local roots: they go last.
    Last,
}

/// Bytes that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The worker has enough to do: [`Budget::press`] is to be asked, once it can see what they are for.
    pub(crate) are_pressing: bool,
    /// They are of the reserve.
    pub(crate) from_reserve: bool,
}

#[derive(Debug)]
pub(crate) struct Budget {
    used_bytes: AtomicUsize,
    max_bytes: usize,
    /// What is left of it without the reserve.
    ordinary_max_bytes: usize,
    /// Whether the worker was woken for pressure and has not looked yet.
    pressed: AtomicBool,
}

impl Budget {
    /// A budget whose last `reserve_bytes` are for [`Priority::Last`] alone.
    pub(crate) fn new(max_bytes: usize, reserve_bytes: usize) -> Self {
        Self {
            used_bytes: AtomicUsize::new(0),
            max_bytes,
            ordinary_max_bytes: max_bytes.saturating_sub(reserve_bytes),
            pressed: AtomicBool::new(false),
        }
    }

    /// Takes so many bytes. `None` if they do not fit.
    pub(crate) fn reserve(&self, bytes: usize, priority: Priority) -> Option<Taken> {
        // A full budget is seen by a load, so that threads that drop spans do not fight for the line.
        if self.is_spent(bytes, priority) {
            return None;
        }
        let max_bytes = self.max_bytes_of(priority);
        let used = self.used_bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if used > max_bytes {
            self.release(bytes);
            return None;
        }
        let are_pressing = used > (self.max_bytes / 2).min(PRESSING_BYTES);
        Some(Taken { are_pressing, from_reserve: used > self.ordinary_max_bytes })
    }

    /// Whether so many bytes would not fit.
    #[inline]
    pub(crate) fn is_spent(&self, bytes: usize, priority: Priority) -> bool {
        self.used_bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.max_bytes_of(priority)
    }

    #[inline]
    const fn max_bytes_of(&self, priority: Priority) -> usize {
        match priority {
            Priority::Ordinary => self.ordinary_max_bytes,
            Priority::Last => self.max_bytes,
        }
    }

    /// Whether it is for the caller to wake the worker; if not, the drain that is to come sees whatever the caller
    /// published before.
    pub(crate) fn press(&self) -> bool {
        !self.pressed.swap(true, Ordering::AcqRel)
    }

    /// Whether spans of every priority may have more.
    pub(crate) fn is_outside_reserve(&self) -> bool {
        self.used_bytes.load(Ordering::Relaxed) < self.ordinary_max_bytes
    }

    /// How many chunks can be under way.
    pub(crate) const fn chunks_max(&self) -> usize {
        self.max_bytes / CHUNK_BYTES + 1
    }

    /// Takes so many bytes, beyond the limit if need be: rows that left the logs still use memory.
    pub(crate) fn hold(&self, bytes: usize) {
        self.used_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The worker looks now: the next pressure wakes it again.
    pub(crate) fn clear_pressure(&self) {
        // Not a store: it acquires what those published who found the flag set.
        self.pressed.swap(false, Ordering::AcqRel);
    }

    #[cfg(test)]
    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(tracer_loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_for_those_who_go_last() {
        let budget = Budget::new(100, 40);
        let taken = |are_pressing, from_reserve| Some(Taken { are_pressing, from_reserve });
        assert_eq!(budget.reserve(60, Priority::Ordinary), taken(true, false));
        assert_eq!(budget.reserve(1, Priority::Ordinary), None);
        assert_eq!(budget.reserve(40, Priority::Last), taken(true, true));
        assert_eq!(budget.reserve(1, Priority::Last), None);
        assert_eq!(budget.used_bytes(), 100, "what is refused is given back");
        budget.release(50);
        assert!(budget.is_outside_reserve());
        assert_eq!(budget.reserve(10, Priority::Ordinary), taken(true, false));
    }

    #[test]
    fn without_a_reserve_all_are_equal() {
        let budget = Budget::new(10, 0);
        assert_eq!(budget.reserve(10, Priority::Ordinary).map(|taken| taken.from_reserve), Some(false));
        assert_eq!(budget.reserve(1, Priority::Last), None);
    }

    #[test]
    fn a_reserve_larger_than_the_budget_leaves_ordinary_spans_nothing() {
        let budget = Budget::new(10, 11);
        assert_eq!(budget.reserve(1, Priority::Ordinary), None);
        assert!(budget.reserve(10, Priority::Last).is_some());
    }
}
