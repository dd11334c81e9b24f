//! What a sampler keeps per operation: found without a lock, never removed, and bounded in number.
//!
//! A table of places that are filled once. An operation is in the first free place after that of its hash, so
//! a reader that meets a free place knows that it is not there. Who wants to fill a place claims it first, and
//! who meets one that is claimed and not filled does without: so nobody ever waits, also not in a process that
//! was forked in the midst of it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How many operations a sampler keeps apart; further ones share what there is for others.
pub const OPERATIONS_MAX: usize = 2_000;

/// Names longer than this are not kept.
const NAME_BYTES_MAX: usize = 1024;
/// Twice as many as there are operations, so that a free one is near.
const PLACES: usize = 4_096;

#[derive(Debug)]
pub(super) struct Operations<T> {
    places: Box<[Place<T>]>,
    /// At least as many as are filled.
    claimed: AtomicUsize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Place<T> {
    is_claimed: AtomicBool,
    /// Filled by whoever claimed it.
    operation: OnceLock<Box<Operation<T>>>,
}

#[derive(Debug)]
struct Operation<T> {
    name: Box<str>,
    value: T,
}

/// Why an operation has nothing of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotKept {
    /// There are too many, or its name is too long.
    Full,
    /// Another thread is about to fill its place.
    Busy,
}

impl<T> Operations<T> {
    pub(super) fn new() -> Self {
        Self {
            places: std::iter::repeat_with(Place::free).take(PLACES).collect(),
            claimed: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    /// What is kept for an operation, made now if it is new.
    pub(super) fn get_or_insert(&self, name: &str, make: impl FnOnce() -> T) -> Result<&T, NotKept> {
        for place in self.places_of(name) {
            match place.operation.get() {
                Some(operation) if *operation.name == *name => return Ok(&operation.value),
                Some(_) => {}
                None => return self.insert(place, name, make),
            }
        }
        Err(NotKept::Full)
    }

    /// The same for those who may wait a little.
    pub(super) fn get_or_insert_patiently(&self, name: &str, make: impl Fn() -> T) -> Result<&T, NotKept> {
        const ATTEMPTS: usize = 10_000;
        for _ in 0..ATTEMPTS {
            match self.get_or_insert(name, &make) {
                Err(NotKept::Busy) => std::thread::yield_now(),
                found => return found,
            }
        }
        Err(NotKept::Busy)
    }

    /// All that is kept, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let operations = self.places.iter().filter_map(|place| place.operation.get());
        operations.map(|operation| (&*operation.name, &operation.value))
    }

    #[cold]
    fn insert<'t>(
        &self,
        place: &'t Place<T>,
        name: &str,
        make: impl FnOnce() -> T,
    ) -> Result<&'t T, NotKept> {
        if name.len() > NAME_BYTES_MAX || !self.claim() {
            return Err(NotKept::Full);
        }
        if place.is_claimed.swap(true, Ordering::Relaxed) {
            self.claimed.fetch_sub(1, Ordering::Relaxed);
            return Err(NotKept::Busy);
        }
        let operation =
            place.operation.get_or_init(|| Box::new(Operation { name: name.into(), value: make() }));
        Ok(&operation.value)
    }

    fn claim(&self) -> bool {
        let one_more = |claimed| (claimed < OPERATIONS_MAX).then_some(claimed + 1);
        self.claimed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// The places where an operation may be, in their order.
    fn places_of(&self, name: &str) -> impl Iterator<Item = &Place<T>> {
        let hash = usize::try_from(self.hasher.hash_one(name) % PLACES as u64).unwrap_or(0);
        let (before, after) = self.places.split_at_checked(hash).unwrap_or_default();
        after.iter().chain(before)
    }
}

impl<T> Place<T> {
    const fn free() -> Self {
        Self { is_claimed: AtomicBool::new(false), operation: OnceLock::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_own_and_the_number_is_bounded() {
        let operations = Operations::new();
        for n in 0..OPERATIONS_MAX {
            assert_eq!(operations.get_or_insert(&n.to_string(), || n), Ok(&n));
        }
        assert_eq!(operations.get_or_insert("one more", || 0), Err(NotKept::Full));
        for n in 0..OPERATIONS_MAX {
            assert_eq!(operations.get_or_insert(&n.to_string(), || usize::MAX), Ok(&n));
        }
        assert_eq!(operations.iter().count(), OPERATIONS_MAX);
    }

    #[test]
    fn a_name_without_end_is_not_kept() {
        let operations = Operations::new();
        assert_eq!(operations.get_or_insert(&"x".repeat(NAME_BYTES_MAX + 1), || ()), Err(NotKept::Full));
        assert_eq!(operations.get_or_insert("", || ()), Ok(&()));
    }

    #[test]
    fn a_place_that_somebody_never_fills_costs_those_who_need_it_theirs_and_nobody_waits() {
        let operations: Operations<()> = Operations::new();
        operations.places.iter().for_each(|place| place.is_claimed.store(true, Ordering::Relaxed));
        assert_eq!(operations.get_or_insert("op", || ()), Err(NotKept::Busy));
        assert_eq!(operations.get_or_insert_patiently("op", || ()), Err(NotKept::Busy));
        assert_eq!(operations.claimed.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn threads_that_bring_the_same_names_share_what_is_kept() {
        let operations = Operations::new();
        let count_all = || {
            for n in 0..500 {
                let counter = operations.get_or_insert_patiently(&n.to_string(), || AtomicUsize::new(0));
                counter.unwrap().fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(count_all))));
        let counts = operations.iter().map(|(_, count)| count.load(Ordering::Relaxed));
        assert_eq!(counts.collect::<Vec<_>>(), vec![4; 500]);
        assert_eq!(operations.claimed.load(Ordering::Relaxed), 500);
    }
}
