//! How often a debug id may force a recording.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::operations::Operations;
use super::rate::{Bucket, InvalidRate, Rate};
use crate::clock::Clock;

/// Limits how often a debug id forces that a trace is recorded: so many per second in this process, and so many
/// of each operation. What is refused is counted, and begins as if no debug id had come: the sampler decides.
/// Cloning shares it.
///
/// Jaeger's clients ask the same of a throttler of theirs, which could have its credits from an agent; there is
/// no agent any more, and so the limits are the process's own.
///
/// ```
/// use tracer_core::{ConstSampler, Tracer};
/// use tracer_core::sampler::DebugThrottler;
///
/// let throttler = DebugThrottler::per_process(10.0)?.per_operation(1.0)?;
/// let tracer =
///     Tracer::builder("shop").sampler(ConstSampler::OFF).debug_throttler(&throttler).build();
/// assert!(tracer.span("order").allows_debug() && !tracer.span("order").allows_debug());
/// assert_eq!((throttler.allowed(), throttler.refused()), (1, 1));
/// # Ok::<(), tracer_core::sampler::InvalidRate>(())
/// ```
#[derive(Clone, Debug)]
pub struct DebugThrottler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    process: Rate,
    process_bucket: Bucket,
    operation: Rate,
    operations: Operations<Bucket>,
    /// Of operations that do not fit.
    others: Bucket,
    clock: Clock,
    allowed: AtomicU64,
    refused: AtomicU64,
}

impl DebugThrottler {
    /// So many debug ids per second in all; 0 is none.
    ///
    /// # Errors
    /// If the rate is negative or not finite.
    pub fn per_process(ids_per_second: f64) -> Result<Self, InvalidRate> {
        Self::with_clock(ids_per_second, Clock::system())
    }

    /// The same, by another clock.
    ///
    /// # Errors
    /// As [`per_process`](Self::per_process).
    pub fn with_clock(ids_per_second: f64, clock: Clock) -> Result<Self, InvalidRate> {
        Ok(Self(Arc::new(Shared {
            process: Rate::per_second(ids_per_second)?,
            process_bucket: Bucket::new(),
            operation: Rate::unlimited(),
            operations: Operations::new(),
            others: Bucket::new(),
            clock,
            allowed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })))
    }

    /// And so many of each operation.
    ///
    /// # Errors
    /// As [`per_process`](Self::per_process).
    pub fn per_operation(self, ids_per_second: f64) -> Result<Self, InvalidRate> {
        self.0.operation.set(Some(super::rate::check_rate(ids_per_second)?));
        Ok(self)
    }

    /// Whether one more debug id may force a recording of this operation. Counts the answer.
    #[must_use]
    pub fn allows(&self, operation_name: &str) -> bool {
        let shared = &*self.0;
        let of_operation = || shared.operations.get_or_insert(operation_name, Bucket::new);
        let allowed =
            shared.operation.take_lazily(|| of_operation().unwrap_or(&shared.others), &shared.clock)
                && shared.process.take(&shared.process_bucket, &shared.clock);
        let counter = if allowed { &shared.allowed } else { &shared.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        allowed
    }

    /// How many debug ids forced a recording.
    #[must_use]
    pub fn allowed(&self) -> u64 {
        self.0.allowed.load(Ordering::Relaxed)
    }

    /// How many did not.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn an_operation_has_its_own_limit_within_that_of_the_process() {
        let clock = Clock::manual(UNIX_EPOCH + Duration::from_secs(1));
        let throttler = DebugThrottler::with_clock(3.0, clock.clone()).unwrap().per_operation(2.0).unwrap();
        let allowed = |operation| (0..5).filter(|_| throttler.allows(operation)).count();
        assert_eq!((allowed("a"), allowed("b"), allowed("c")), (2, 1, 0));
        assert_eq!((throttler.allowed(), throttler.refused()), (3, 12));
        clock.advance(Duration::from_secs(1));
        assert_eq!(allowed("c"), 2);
    }
}
