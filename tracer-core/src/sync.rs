//! What the pipeline's threads are synchronized by where loom models it: the standard atomics and locks, or loom's
//! in a model.

#[cfg(tracer_loom)]
pub(crate) use self::modelled::*;
#[cfg(not(tracer_loom))]
pub(crate) use self::real::*;

#[cfg(not(tracer_loom))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
    pub(crate) use std::sync::{Arc, Condvar};

    pub(crate) use parking_lot::Mutex;

    /// For those who wait on a [`Condvar`].
    #[expect(
        clippy::disallowed_types,
        reason = "parking_lot's waiters share a table, which a fork would freeze"
    )]
    pub(crate) type WaitMutex<T> = std::sync::Mutex<T>;
    pub(crate) type WaitGuard<'a, T> = std::sync::MutexGuard<'a, T>;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> parking_lot::MutexGuard<'_, T> {
        mutex.lock()
    }

    /// The lock, if nobody has it.
    pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<parking_lot::MutexGuard<'_, T>> {
        mutex.try_lock()
    }
}

#[cfg(tracer_loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
    pub(crate) use loom::sync::{Arc, Condvar, Mutex};

    pub(crate) type WaitMutex<T> = Mutex<T>;
    pub(crate) type WaitGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> loom::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }

    pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<loom::sync::MutexGuard<'_, T>> {
        mutex.try_lock().ok()
    }
}
