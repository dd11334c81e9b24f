//! A share of all traces, the same ones in every process.

use super::{Decision, Sampler, SamplerTags, SamplingParams};

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
        if !(0.0..=1.0).contains(&probability) {
            return Err(InvalidProbability(probability));
        }
        Ok(Self { bound: bound(probability), tags: SamplerTags::new("probabilistic", probability) })
    }
}

impl Sampler for ProbabilisticSampler {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let sampled = params.trace_id.low_u64() >> 1 < self.bound;
        Decision::by(sampled, &self.tags)
    }
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
    use crate::context::TraceId;

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
