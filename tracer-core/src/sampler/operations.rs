//! What a sampler keeps per operation: found without a lock, never removed, and bounded in number.
//!
//! A table of places that are filled once. An operation is in the first free place after that of its hash, so
//! a reader that meets a free place knows that it is not there.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many operations a sampler keeps apart; further ones share what there is for others.
pub const OPERATIONS_MAX: usize = 2_000;

/// Names longer than this are not kept.
const NAME_BYTES_MAX: usize = 1024;
/// Twice as many as there are operations, so that a free one is near.
const PLACES: usize = 4_096;

#[derive(Debug)]
pub(super) struct Operations<T> {
    places: Box<[OnceLock<Box<Operation<T>>>]>,
    /// At least as many as are filled.
    claimed: AtomicUsize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Operation<T> {
    name: Box<str>,
    value: T,
}

impl<T> Operations<T> {
    pub(super) fn new() -> Self {
        Self {
            places: std::iter::repeat_with(OnceLock::new).take(PLACES).collect(),
            claimed: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    /// What is kept for an operation, made now if it is new. `None` if there are too many.
    pub(super) fn get_or_insert(&self, name: &str, make: impl FnOnce() -> T) -> Option<&T> {
        for place in self.places_of(name) {
            match place.get() {
                Some(operation) if *operation.name == *name => return Some(&operation.value),
                Some(_) => {}
                None => return self.insert(name, make()),
            }
        }
        None
    }

    /// All that is kept, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let operations = self.places.iter().filter_map(OnceLock::get);
        operations.map(|operation| (&*operation.name, &operation.value))
    }

    #[cold]
    fn insert(&self, name: &str, value: T) -> Option<&T> {
        if name.len() > NAME_BYTES_MAX || !self.claim() {
            return None;
        }
        let mut new = Box::new(Operation { name: name.into(), value });
        for place in self.places_of(name) {
            match place.set(new) {
                Ok(()) => return place.get().map(|operation| &operation.value),
                Err(refused) => new = refused,
            }
            // Another thread was first, with this operation or another.
            let there = place.get().filter(|operation| *operation.name == *name);
            if let Some(operation) = there {
                self.claimed.fetch_sub(1, Ordering::Relaxed);
                return Some(&operation.value);
            }
        }
        None
    }

    fn claim(&self) -> bool {
        let one_more = |claimed| (claimed < OPERATIONS_MAX).then_some(claimed + 1);
        self.claimed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// The places where an operation may be, in their order.
    fn places_of(&self, name: &str) -> impl Iterator<Item = &OnceLock<Box<Operation<T>>>> {
        let hash = usize::try_from(self.hasher.hash_one(name) % PLACES as u64).unwrap_or(0);
        let (before, after) = self.places.split_at_checked(hash).unwrap_or_default();
        after.iter().chain(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_own_and_the_number_is_bounded() {
        let operations = Operations::new();
        for n in 0..OPERATIONS_MAX {
            assert_eq!(operations.get_or_insert(&n.to_string(), || n), Some(&n));
        }
        assert_eq!(operations.get_or_insert("one more", || 0), None);
        for n in 0..OPERATIONS_MAX {
            assert_eq!(operations.get_or_insert(&n.to_string(), || usize::MAX), Some(&n));
        }
        assert_eq!(operations.iter().count(), OPERATIONS_MAX);
    }

    #[test]
    fn a_name_without_end_is_not_kept() {
        let operations = Operations::new();
        assert_eq!(operations.get_or_insert(&"x".repeat(NAME_BYTES_MAX + 1), || ()), None);
        assert_eq!(operations.get_or_insert("", || ()), Some(&()));
    }

    #[test]
    fn threads_that_bring_the_same_names_share_what_is_kept() {
        let operations = Operations::new();
        let count_all = || {
            for n in 0..500 {
                let counter = operations.get_or_insert(&n.to_string(), || AtomicUsize::new(0));
                counter.unwrap().fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(count_all))));
        let counts = operations.iter().map(|(_, count)| count.load(Ordering::Relaxed));
        assert_eq!(counts.collect::<Vec<_>>(), vec![4; 500]);
        assert_eq!(operations.claimed.load(Ordering::Relaxed), 500);
    }
}
