//! What somebody else says while running.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use super::guaranteed_throughput::GuaranteedThroughputSampler;
use super::probabilistic::{InvalidProbability, Share, check_probability};
use super::rate::{InvalidRate, check_rate};
use super::rate_limiting::RateLimitingSampler;
use super::{Decision, Sampler, SamplingParams};
use crate::clock::Clock;

/// How traces are chosen, in the forms that Jaeger's back end knows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Strategy {
    /// A share of all traces, from 0 to 1.
    Probabilistic(f64),
    /// So many traces per second at most.
    RateLimiting(f64),
    /// A share of each operation, within bounds.
    PerOperation(OperationStrategies),
}

/// Settings of a [`GuaranteedThroughputSampler`].
///
/// ```
/// use tracer_core::sampler::OperationStrategies;
///
/// let strategies = OperationStrategies::new(0.001, 0.1).operation("checkout", 0.5);
/// assert_eq!(strategies.operations["checkout"], 0.5);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperationStrategies {
    /// The share of operations that are not named.
    pub default_probability: f64,
    /// How many traces per second each operation has at least.
    pub lower_bound_per_second: f64,
    /// How many traces per second are recorded by chance at most, of each operation.
    pub upper_bound_per_second: Option<f64>,
    /// The shares of single operations.
    pub operations: BTreeMap<String, f64>,
}

/// What is wrong with a strategy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStrategy {
    /// A share is none.
    #[error(transparent)]
    Probability(#[from] InvalidProbability),
    /// The share of an operation is none.
    #[error("operation {operation:?}: {cause}")]
    Operation {
        /// The operation's name, cut.
        operation: String,
        /// What is wrong.
        cause: InvalidProbability,
    },
    /// A rate is none.
    #[error(transparent)]
    Rate(#[from] InvalidRate),
}

impl OperationStrategies {
    /// The same for all operations, without an upper bound.
    #[must_use]
    pub const fn new(default_probability: f64, lower_bound_per_second: f64) -> Self {
        Self {
            default_probability,
            lower_bound_per_second,
            upper_bound_per_second: None,
            operations: BTreeMap::new(),
        }
    }

    /// With another share of one operation.
    #[must_use]
    pub fn operation(mut self, name: impl Into<String>, probability: f64) -> Self {
        self.operations.insert(name.into(), probability);
        self
    }

    /// With an upper bound.
    #[must_use]
    pub const fn upper_bound(mut self, traces_per_second: f64) -> Self {
        self.upper_bound_per_second = Some(traces_per_second);
        self
    }

    pub(super) fn check(&self) -> Result<(), InvalidStrategy> {
        const NAME_CHARS_MAX: usize = 80;
        check_probability(self.default_probability)?;
        check_rate(self.lower_bound_per_second)?;
        self.upper_bound_per_second.map(check_rate).transpose()?;
        for (name, probability) in &self.operations {
            check_probability(*probability).map_err(|cause| {
                let operation = name.chars().take(NAME_CHARS_MAX).collect();
                InvalidStrategy::Operation { operation, cause }
            })?;
        }
        Ok(())
    }
}

/// A sampler that is told what to do while it runs, by whoever holds it: [`apply`](Self::apply). It reads what
/// it was told without a lock. Until then another sampler decides.
///
/// The exporter crate's `RemoteSampler` is one of these with a thread that asks a Jaeger.
///
/// ```
/// use std::sync::Arc;
/// use tracer_core::Tracer;
/// use tracer_core::sampler::{AdjustableSampler, ConstSampler, Strategy};
///
/// let sampler = Arc::new(AdjustableSampler::new(ConstSampler::OFF));
/// let tracer = Tracer::builder("shop").sampler(Arc::clone(&sampler)).build();
/// assert!(!tracer.span("order").start().context().is_sampled());
/// sampler.apply(&Strategy::Probabilistic(1.0))?;
/// assert!(tracer.span("order").start().context().is_sampled());
/// # Ok::<(), tracer_core::sampler::InvalidStrategy>(())
/// ```
#[derive(Debug)]
pub struct AdjustableSampler {
    initial: Box<dyn Sampler>,
    /// Which of the following decides.
    current: AtomicU8,
    share: Share,
    rate: RateLimitingSampler,
    /// Made when it is needed: it is a large table.
    operations: OnceLock<GuaranteedThroughputSampler>,
    clock: Clock,
}

const INITIAL: u8 = 0;
const PROBABILISTIC: u8 = 1;
const RATE_LIMITING: u8 = 2;
const PER_OPERATION: u8 = 3;

impl AdjustableSampler {
    /// Asks `initial` until it is told otherwise.
    #[must_use]
    pub fn new(initial: impl Sampler + 'static) -> Self {
        Self::with_clock(initial, Clock::system())
    }

    /// The same, with rates by another clock.
    #[must_use]
    pub fn with_clock(initial: impl Sampler + 'static, clock: Clock) -> Self {
        Self {
            initial: Box::new(initial),
            current: AtomicU8::new(INITIAL),
            share: Share::unset(),
            rate: RateLimitingSampler::none(clock.clone()),
            operations: OnceLock::new(),
            clock,
        }
    }

    /// Follows a strategy from now on. Balances that rates have left are kept. Answers how many of the named
    /// operations are not kept apart, see [`GuaranteedThroughputSampler::apply`].
    ///
    /// # Errors
    /// If a share is not between 0 and 1, or a rate is negative or not finite; nothing is then changed.
    pub fn apply(&self, strategy: &Strategy) -> Result<usize, InvalidStrategy> {
        let (current, left_out) = match strategy {
            Strategy::Probabilistic(probability) => {
                self.share.set(Some(check_probability(*probability)?));
                (PROBABILISTIC, 0)
            }
            Strategy::RateLimiting(traces_per_second) => {
                self.rate.set_rate(*traces_per_second)?;
                (RATE_LIMITING, 0)
            }
            Strategy::PerOperation(strategies) => {
                strategies.check()?;
                let waiting = || GuaranteedThroughputSampler::waiting(self.clock.clone());
                (PER_OPERATION, self.operations.get_or_init(waiting).take_over(strategies))
            }
        };
        // Who sees the kind sees its settings.
        self.current.store(current, Ordering::Release);
        Ok(left_out)
    }
}

impl Sampler for AdjustableSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        match (self.current.load(Ordering::Acquire), self.operations.get()) {
            (PROBABILISTIC, _) => {
                let sampled = self.share.keeps(params.trace_id) == Some(true);
                Decision::by(sampled, &self.share.by_chance)
            }
            (RATE_LIMITING, _) => self.rate.sample(params),
            (PER_OPERATION, Some(operations)) => operations.sample(params),
            _ => self.initial.sample(params),
        }
    }

    fn close(&self) {
        self.initial.close();
    }
}
