//! So many traces per second at most.

use super::rate::{Bucket, InvalidRate, Rate, check_rate};
use super::{Decision, Sampler, SamplerTags, SamplingParams};
use crate::clock::Clock;

/// Records at most so many traces per second, in this process: a leaky bucket, which holds what a second brings
/// but at least one trace. Fractions are rates too: 0.1 is a trace every ten seconds. Roots are tagged
/// `sampler.type=ratelimiting`.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use tracer_core::sampler::{RateLimitingSampler, Sampler, SamplingParams};
/// use tracer_core::{Clock, TraceId};
///
/// let clock = Clock::manual(UNIX_EPOCH);
/// let sampler = RateLimitingSampler::with_clock(2.0, clock.clone())?;
/// let params = SamplingParams::root(TraceId::from_bytes([1; 16]), "op");
/// assert_eq!([(); 3].map(|()| sampler.sample(&params).sampled), [true, true, false]);
/// clock.advance(Duration::from_millis(500));
/// assert!(sampler.sample(&params).sampled);
/// # Ok::<(), tracer_core::sampler::InvalidRate>(())
/// ```
#[derive(Debug)]
pub struct RateLimitingSampler {
    rate: Rate,
    bucket: Bucket,
    clock: Clock,
    tags: SamplerTags,
}

impl RateLimitingSampler {
    /// Records at most so many traces per second.
    ///
    /// # Errors
    /// If `traces_per_second` is negative or not finite.
    pub fn new(traces_per_second: f64) -> Result<Self, InvalidRate> {
        Self::with_clock(traces_per_second, Clock::system())
    }

    /// The same, by another clock.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_clock(traces_per_second: f64, clock: Clock) -> Result<Self, InvalidRate> {
        Ok(Self {
            rate: Rate::per_second(traces_per_second)?,
            bucket: Bucket::new(),
            clock,
            tags: SamplerTags::adjustable("ratelimiting", traces_per_second),
        })
    }

    /// One that records nothing yet.
    pub(super) const fn none(clock: Clock) -> Self {
        let tags = SamplerTags::adjustable("ratelimiting", 0.0);
        Self { rate: Rate::never(), bucket: Bucket::new(), clock, tags }
    }

    /// Another rate, from now on.
    ///
    /// # Errors
    /// As [`new`](Self::new); the rate is then as it was.
    pub fn set_rate(&self, traces_per_second: f64) -> Result<(), InvalidRate> {
        self.rate.set(Some(check_rate(traces_per_second)?));
        self.tags.set_param(traces_per_second);
        Ok(())
    }
}

impl Sampler for RateLimitingSampler {
    fn sample(&self, _: &SamplingParams<'_>) -> Decision<'_> {
        Decision::by(self.rate.take(&self.bucket, &self.clock), &self.tags)
    }
}
