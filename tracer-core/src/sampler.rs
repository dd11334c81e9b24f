//! Which traces are recorded.
//!
//! A tracer asks its sampler once per trace, at the root: spans below follow their parent, in this
//! process and in the next, so that a trace is recorded whole or not at all. See
//! [`TracerBuilder::sampler`](crate::TracerBuilder::sampler).

mod constant;
mod parent_based;
mod probabilistic;

use crate::context::{SpanContext, TraceId};
use crate::row::body::EncodedAttributes;
use crate::span::SpanKind;
use crate::tags;
use crate::value::{Field, TagRef};

pub use self::constant::ConstSampler;
pub use self::parent_based::ParentBased;
pub use self::probabilistic::{InvalidProbability, ProbabilisticSampler};

/// What a sampler knows of a span that is about to start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SamplingParams<'a> {
    /// The trace; new if the span is a root.
    pub trace_id: TraceId,
    /// The parent; `None` for a root.
    pub parent: Option<&'a SpanContext>,
    /// The operation name.
    pub operation_name: &'a str,
    /// The kind.
    pub kind: SpanKind,
    /// The tags set before the start.
    pub tags: &'a [Field<'a>],
}

impl<'a> SamplingParams<'a> {
    /// A root span without kind or tags: to try a sampler out.
    #[must_use]
    pub const fn root(trace_id: TraceId, operation_name: &'a str) -> Self {
        Self { trace_id, parent: None, operation_name, kind: SpanKind::Internal, tags: &[] }
    }
}

/// A sampler's answer.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Decision<'s> {
    /// Whether to record.
    pub sampled: bool,
    /// Who decided and how.
    pub by: Option<&'s SamplerTags>,
}

/// The tags `sampler.type` and `sampler.param` that a sampler leaves on roots, encoded once.
#[derive(Clone, Debug)]
pub struct SamplerTags(EncodedAttributes);

impl SamplerTags {
    /// The tags of a sampler.
    #[must_use]
    pub fn new<'v>(sampler_type: &str, param: impl Into<TagRef<'v>>) -> Self {
        let tags = [(tags::SAMPLER_TYPE.key(), sampler_type.into()), (tags::SAMPLER_PARAM, param.into())];
        Self(EncodedAttributes::new(tags))
    }

    pub(crate) const fn encoded(&self) -> &EncodedAttributes {
        &self.0
    }
}

impl<'s> Decision<'s> {
    /// An answer that leaves no tags.
    #[must_use]
    pub const fn new(sampled: bool) -> Self {
        Self { sampled, by: None }
    }

    /// An answer with the sampler's tags.
    #[must_use]
    pub const fn by(sampled: bool, tags: &'s SamplerTags) -> Self {
        Self { sampled, by: Some(tags) }
    }
}

/// Decides whether a trace is recorded. Called on the application's threads: be quick.
pub trait Sampler: Send + Sync + std::fmt::Debug {
    /// Decides.
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_>;
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        (**self).sample(params)
    }
}
