//! What the chunk log and its budget are synchronized by: the standard atomics, or loom's in a model.

#[cfg(tracer_loom)]
pub(crate) use self::modelled::*;
#[cfg(not(tracer_loom))]
pub(crate) use self::real::*;

#[cfg(not(tracer_loom))]
mod real {
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

    pub(crate) use parking_lot::Mutex;

    /// The lock, if nobody has it.
    pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<parking_lot::MutexGuard<'_, T>> {
        mutex.try_lock()
    }
}

#[cfg(tracer_loom)]
mod modelled {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
    pub(crate) use loom::sync::{Arc, Mutex};

    pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<loom::sync::MutexGuard<'_, T>> {
        mutex.try_lock().ok()
    }
}
