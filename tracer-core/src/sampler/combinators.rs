//! Two samplers as one.

use super::{Decision, Sampler, SamplingParams};

/// Records what both record; made by [`Sampler::and`].
///
/// A root is tagged by the sampler that denied it, or else by the second. One that is undecided leaves it to
/// the other.
///
/// ```
/// use tracer_core::sampler::{ProbabilisticSampler, RateLimitingSampler, Sampler};
///
/// // A tenth, and never more than 100 traces a second.
/// let sampler = ProbabilisticSampler::new(0.1)?.and(RateLimitingSampler::new(100.0)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct And<A, B>(A, B);

/// Records what either records; made by [`Sampler::or`].
///
/// A root is tagged by the sampler that wanted it, or else by the second.
///
/// ```
/// use tracer_core::sampler::{ProbabilisticSampler, RateLimitingSampler, Sampler};
///
/// // A hundredth, but at least a trace a second.
/// let sampler = ProbabilisticSampler::new(0.01)?.or(RateLimitingSampler::new(1.0)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Or<A, B>(A, B);

/// Asks the second where the first is undecided; made by [`Sampler::or_else`].
#[derive(Clone, Copy, Debug)]
pub struct OrElse<A, B>(A, B);

impl<A, B> And<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<A, B> Or<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<A, B> OrElse<A, B> {
    pub(super) const fn new(first: A, second: B) -> Self {
        Self(first, second)
    }
}

impl<A: Sampler, B: Sampler> Sampler for And<A, B> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let first = self.0.sample(params);
        if first.sampled == Some(false) {
            return first;
        }
        let second = self.1.sample(params);
        match second.sampled {
            Some(_) => Decision { by: second.by.or(first.by), ..second },
            None => first,
        }
    }

    fn close(&self) {
        self.0.close();
        self.1.close();
    }
}

impl<A: Sampler, B: Sampler> Sampler for Or<A, B> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let first = self.0.sample(params);
        if first.is_sampled() {
            return first;
        }
        let second = self.1.sample(params);
        if second.sampled.is_some() { second } else { first }
    }

    fn close(&self) {
        self.0.close();
        self.1.close();
    }
}

impl<A: Sampler, B: Sampler> Sampler for OrElse<A, B> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        let first = self.0.sample(params);
        if first.sampled.is_some() { first } else { self.1.sample(params) }
    }

    fn close(&self) {
        self.0.close();
        self.1.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::TraceId;

    /// Answers the same always.
    #[derive(Clone, Copy, Debug)]
    struct Says(Option<bool>);

    impl Sampler for Says {
        fn sample(&self, _: &SamplingParams<'_>) -> Decision<'_> {
            self.0.map_or(Decision::UNDECIDED, Decision::new)
        }
    }

    fn said(sampler: impl Sampler) -> Option<bool> {
        sampler.sample(&SamplingParams::root(TraceId::from_bytes([1; 16]), "op")).sampled
    }

    #[test]
    fn the_tables_of_truth() {
        let (yes, no, none) = (Some(true), Some(false), None);
        for (first, second, and, or, or_else) in [
            (yes, yes, yes, yes, yes),
            (yes, no, no, yes, yes),
            (no, yes, no, yes, no),
            (no, no, no, no, no),
            (none, yes, yes, yes, yes),
            (none, no, no, no, no),
            (yes, none, yes, yes, yes),
            (no, none, no, no, no),
            (none, none, none, none, none),
        ] {
            let (a, b) = (Says(first), Says(second));
            let all = (said(a.and(b)), said(a.or(b)), said(a.or_else(b)));
            assert_eq!(all, (and, or, or_else), "{first:?} {second:?}");
        }
    }
}
