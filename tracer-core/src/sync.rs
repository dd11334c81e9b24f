//! The atomics of the chunk log and its budget: the standard ones, or loom's in a model.

#[cfg(tracer_loom)]
pub(crate) use loom::sync::Arc;
#[cfg(tracer_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
#[cfg(not(tracer_loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(tracer_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
