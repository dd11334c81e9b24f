//! An optional tracer for the whole process.
//!
//! Libraries that are not given a tracer use this one; until the application sets it, it records
//! nothing and costs a nanosecond.

use std::sync::OnceLock;

use crate::tracer::Tracer;

static GLOBAL: OnceLock<Tracer> = OnceLock::new();
static NOOP: Tracer = Tracer::noop();

/// The global tracer was set before; this gives the refused one back.
#[derive(Debug, thiserror::Error)]
#[error("the global tracer is set already")]
pub struct AlreadySet(pub Tracer);

/// The global tracer, or one that records nothing.
///
/// ```
/// let mut span = tracer_core::global::tracer().span("work").start();
/// span.set_tag("items", 3);
/// ```
#[must_use]
pub fn tracer() -> &'static Tracer {
    GLOBAL.get().unwrap_or(&NOOP)
}

/// Sets the global tracer, once.
///
/// # Errors
/// If it is set already.
pub fn set_tracer(tracer: Tracer) -> Result<(), AlreadySet> {
    GLOBAL.set(tracer).map_err(AlreadySet)
}
