//! All traces, or none.

use std::sync::LazyLock;

use super::{Decision, Sampler, SamplerTags, SamplingParams};

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
    fn sample(&self, _: &SamplingParams<'_>) -> Decision<'_> {
        self.decision()
    }

    fn always(&self) -> Option<Decision<'_>> {
        Some(self.decision())
    }
}

impl ConstSampler {
    fn decision(self) -> Decision<'static> {
        static TAGS: [LazyLock<SamplerTags>; 2] = [
            LazyLock::new(|| SamplerTags::new("const", false)),
            LazyLock::new(|| SamplerTags::new("const", true)),
        ];
        let [off, on] = &TAGS;
        Decision::by(self.sampled, if self.sampled { on } else { off })
    }
}
