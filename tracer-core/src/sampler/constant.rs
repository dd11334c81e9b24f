//! All traces, or none.

use super::{Decision, Sampler, SamplingParams};
use crate::value::TagRef;

/// Records every trace, or none. Roots are tagged `sampler.type=const`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstSampler {
    sampled: bool,
}

impl ConstSampler {
    /// Records every trace.
    pub const ON: Self = Self { sampled: true };
    /// Records none.
    pub const OFF: Self = Self { sampled: false };
}

impl Sampler for ConstSampler {
    fn sample(&self, _: &SamplingParams<'_>) -> Decision {
        Decision::by(self.sampled, "const", TagRef::Bool(self.sampled))
    }
}
