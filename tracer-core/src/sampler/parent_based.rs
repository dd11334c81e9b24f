//! Whole traces: follow the parent, ask at the root.

use super::{Decision, Sampler, SamplingParams};

/// Follows the parent's decision; asks another sampler for roots.
#[derive(Clone, Copy, Debug)]
pub struct ParentBased<S> {
    root: S,
}

impl<S: Sampler> ParentBased<S> {
    /// Follows parents, and asks `root` where there is none.
    pub const fn new(root: S) -> Self {
        Self { root }
    }
}

impl<S: Sampler> Sampler for ParentBased<S> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        match params.parent {
            Some(parent) => Decision::new(parent.is_sampled()),
            None => self.root.sample(params),
        }
    }

    fn close(&self) {
        self.root.close();
    }
}
