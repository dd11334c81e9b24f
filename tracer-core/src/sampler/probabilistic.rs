//! A share of all traces, the same ones in every process.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Decision, Sampler, SamplerTags, SamplingParams};
use crate::context::TraceId;

/// Records a share of all traces.
///
/// The decision depends on the trace id alone (its low 63 bits against a bound, as OpenTelemetry's
/// and Jaeger's samplers do), so all processes with the same share record the same traces.
///
/// ```
/// use tracer_core::{ConstSampler, ProbabilisticSampler};
///
/// let sampler = ProbabilisticSampler::new(0.01)?;
/// assert!(ProbabilisticSampler::new(1.5).is_err());
/// # Ok::<(), tracer_core::InvalidProbability>(())
/// ```
#[derive(Clone, Debug)]
pub struct ProbabilisticSampler {
    /// Trace ids whose low 63 bits are below this are recorded.
    bound: u64,
    tags: SamplerTags,
}

/// A probability that is not between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("sampling probability {0} is not between 0 and 1")]
pub struct InvalidProbability(pub f64);

impl ProbabilisticSampler {
    /// Records that share of all traces.
    ///
    /// # Errors
    /// If `probability` is not between 0 and 1.
    pub fn new(probability: f64) -> Result<Self, InvalidProbability> {
        let probability = check_probability(probability)?;
        Ok(Self { bound: bound(probability), tags: SamplerTags::new("probabilistic", probability) })
    }
}

impl Sampler for ProbabilisticSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        Decision::by(is_below(self.bound, params.trace_id), &self.tags)
    }
}

/// A share that may be another one for the next trace, or that is not set.
#[derive(Debug)]
pub(super) struct Share {
    bound: AtomicU64,
    /// Of what is kept by chance, and of what is not kept.
    pub(super) by_chance: SamplerTags,
    /// Of what is kept for a lower bound all the same.
    pub(super) by_lower_bound: SamplerTags,
}

/// Greater than the bound of any share.
const UNSET: u64 = u64::MAX;

impl Share {
    pub(super) const fn unset() -> Self {
        Self {
            bound: AtomicU64::new(UNSET),
            by_chance: SamplerTags::adjustable("probabilistic", 0.0),
            by_lower_bound: SamplerTags::adjustable("lowerbound", 0.0),
        }
    }

    /// Takes over a probability that was checked; `None` unsets the share.
    pub(super) fn set(&self, probability: Option<f64>) {
        if let Some(probability) = probability {
            self.by_chance.set_param(probability);
            self.by_lower_bound.set_param(probability);
        }
        self.bound.store(probability.map_or(UNSET, bound), Ordering::Relaxed);
    }

    /// Whether a trace is in the share, if that is set.
    pub(super) fn keeps(&self, trace_id: TraceId) -> Option<bool> {
        match self.bound.load(Ordering::Relaxed) {
            UNSET => None,
            bound => Some(is_below(bound, trace_id)),
        }
    }
}

pub(super) fn check_probability(probability: f64) -> Result<f64, InvalidProbability> {
    if (0.0..=1.0).contains(&probability) { Ok(probability) } else { Err(InvalidProbability(probability)) }
}

fn is_below(bound: u64, trace_id: TraceId) -> bool {
    trace_id.low_u64() >> 1 < bound
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a probability from 0 to 1 scaled to 63 bits"
)]
fn bound(probability: f64) -> u64 {
    (probability * (1_u64 << 63) as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(probability: f64, low: u64) -> bool {
        let mut bytes = [7; 16];
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        let params = SamplingParams::root(TraceId::from_bytes(bytes), "op");
        ProbabilisticSampler::new(probability).unwrap().sample(&params).sampled
    }

    #[test]
    fn the_edges_keep_none_and_all() {
        for low in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!sampled(0.0, low), "{low}");
            assert!(sampled(1.0, low), "{low}");
        }
        assert!(sampled(0.5, 0) && !sampled(0.5, u64::MAX));
    }

    #[test]
    fn no_number_outside_0_to_1_is_a_probability() {
        for probability in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(ProbabilisticSampler::new(probability).is_err(), "{probability}");
        }
    }
}
