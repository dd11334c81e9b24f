//! A share of each operation, and of each at least so many per second.

use super::adjustable::{InvalidStrategy, OperationStrategies};
use super::operations::Operations;
use super::probabilistic::Share;
use super::rate::{Bucket, Rate};
use super::{Decision, Sampler, SamplingParams};
use crate::clock::Clock;

/// Records a share of each operation's traces, and of each operation so many per second at least, so that rare
/// operations are seen too. An upper bound per operation is possible.
///
/// Roots are tagged `sampler.type=probabilistic`, or `lowerbound` where chance alone would not have recorded
/// them, and `sampler.param` is the probability in both cases: as Jaeger's clients do, whose adaptive sampling
/// counts the former.
///
/// At most [`OPERATIONS_MAX`](super::OPERATIONS_MAX) operations are kept apart; further ones share the default
/// probability and one pair of bounds.
///
/// ```
/// use tracer_core::sampler::{GuaranteedThroughputSampler, Sampler, SamplingParams};
/// use tracer_core::TraceId;
///
/// // A thousandth, and each operation once in ten seconds at least.
/// let sampler = GuaranteedThroughputSampler::new(0.001, 0.1)?;
/// let params = |operation| SamplingParams::root(TraceId::from_bytes([255; 16]), operation);
/// assert!(sampler.sample(&params("rare")).sampled && !sampler.sample(&params("rare")).sampled);
/// assert!(sampler.sample(&params("another")).sampled);
/// # Ok::<(), tracer_core::sampler::InvalidStrategy>(())
/// ```
#[derive(Debug)]
pub struct GuaranteedThroughputSampler {
    default: Share,
    lower: Rate,
    upper: Rate,
    operations: Operations<Operation>,
    /// What does not fit among the operations.
    others: Operation,
    clock: Clock,
}

#[derive(Debug)]
struct Operation {
    /// Unset, the default holds.
    own: Share,
    lower: Bucket,
    upper: Bucket,
}

impl Operation {
    const fn new() -> Self {
        Self { own: Share::unset(), lower: Bucket::new(), upper: Bucket::new() }
    }
}

impl GuaranteedThroughputSampler {
    /// Records that share of each operation, and so many traces per second of each at least.
    ///
    /// # Errors
    /// If the probability is not between 0 and 1, or the rate is negative or not finite.
    pub fn new(probability: f64, lower_bound_per_second: f64) -> Result<Self, InvalidStrategy> {
        let strategies = OperationStrategies::new(probability, lower_bound_per_second);
        Self::with_clock(&strategies, Clock::system())
    }

    /// With probabilities of single operations, by any clock.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(strategies: &OperationStrategies, clock: Clock) -> Result<Self, InvalidStrategy> {
        strategies.check()?;
        let sampler = Self::waiting(clock);
        sampler.take_over(strategies);
        Ok(sampler)
    }

    /// Other settings from now on; operations that are not named have the default. What was let through for
    /// the bounds stays counted. Answers how many of the named operations are not kept apart, for their number
    /// or the length of their name.
    ///
    /// # Errors
    /// As [`new`](Self::new); nothing is then changed.
    pub fn apply(&self, strategies: &OperationStrategies) -> Result<usize, InvalidStrategy> {
        strategies.check()?;
        Ok(self.take_over(strategies))
    }

    /// One that records nothing yet.
    pub(super) fn waiting(clock: Clock) -> Self {
        let default = Share::unset();
        default.set(Some(0.0));
        Self {
            default,
            lower: Rate::unlimited(),
            upper: Rate::unlimited(),
            operations: Operations::new(),
            others: Operation::new(),
            clock,
        }
    }

    /// Applies what was checked.
    pub(super) fn take_over(&self, strategies: &OperationStrategies) -> usize {
        self.default.set(Some(strategies.default_probability));
        self.lower.set(Some(strategies.lower_bound_per_second));
        self.upper.set(strategies.upper_bound_per_second);
        let mut left_out = 0;
        for (name, probability) in &strategies.operations {
            match self.operations.get_or_insert_patiently(name, Operation::new) {
                Ok(operation) => operation.own.set(Some(*probability)),
                Err(_) => left_out += 1,
            }
        }
        for (name, operation) in self.operations.iter() {
            if !strategies.operations.contains_key(name) {
                operation.own.set(None);
            }
        }
        left_out
    }
}

impl Sampler for GuaranteedThroughputSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let operation = self.operations.get_or_insert(params.operation_name, Operation::new);
        let operation = operation.unwrap_or(&self.others);
        let (share, wanted) = match operation.own.keeps(params.trace_id) {
            Some(wanted) => (&operation.own, wanted),
            None => (&self.default, self.default.keeps(params.trace_id) == Some(true)),
        };
        let by_chance = wanted && self.upper.take(&operation.upper, &self.clock);
        // What is recorded by chance counts for the lower bound too.
        let guaranteed = self.lower.take(&operation.lower, &self.clock);
        let tags = if guaranteed && !by_chance { &share.by_lower_bound } else { &share.by_chance };
        Decision::by(by_chance || guaranteed, tags)
    }
}
