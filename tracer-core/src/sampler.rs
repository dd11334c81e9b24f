//! Which traces are recorded.
//!
//! A tracer asks its sampler once per trace, at the root: spans below follow their parent, in this
//! process and in the next, so that a trace is recorded whole or not at all. See
//! [`TracerBuilder::sampler`](crate::TracerBuilder::sampler).
//!
//! | sampler | records |
//! |---|---|
//! | [`ConstSampler`] | all, or none |
//! | [`ProbabilisticSampler`] | a share, the same traces in every process |
//! | [`RateLimitingSampler`] | so many per second at most |
//! | [`GuaranteedThroughputSampler`] | a share of each operation, and so many per second of each at least |
//! | [`RulesSampler`] | what the first matching rule's sampler says: by operation, kind, tags |
//! | [`And`], [`Or`], [`OrElse`] | what two samplers say together: [`Sampler::and`], [`Sampler::or`], [`Sampler::or_else`] |
//! | [`ParentBased`] | what the parent says, for tracers that ask for every span |
//! | [`AdjustableSampler`] | what somebody else says while running; Jaeger's remote sampling is made of it |
//!
//! ```
//! use tracer_core::sampler::{ConstSampler, ProbabilisticSampler, RateLimitingSampler, Rule, RulesSampler, Sampler};
//! use tracer_core::{SpanKind, TraceId, sampler::SamplingParams};
//!
//! // No health checks, all orders up to 10 a second, and a hundredth of the rest.
//! let sampler = RulesSampler::new()
//!     .rule(Rule::operation("GET /health*"), ConstSampler::OFF)
//!     .rule(Rule::operation("POST /orders").kind(SpanKind::Server), RateLimitingSampler::new(10.0)?)
//!     .or_else(ProbabilisticSampler::new(0.01)?);
//! let params = SamplingParams::root(TraceId::from_bytes([1; 16]), "GET /healthz");
//! assert_eq!(sampler.sample(&params).sampled, Some(false));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adjustable;
mod combinators;
mod constant;
mod guaranteed_throughput;
mod operations;
mod parent_based;
mod probabilistic;
mod rate;
mod rate_limiting;
mod rules;
mod throttler;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::{SpanContext, TraceId};
use crate::row::body::{Body, EncodedAttributes};
use crate::span::SpanKind;
use crate::tags;
use crate::value::{Field, TagRef};

pub use self::adjustable::{AdjustableSampler, InvalidStrategy, OperationStrategies, Strategy};
pub use self::combinators::{And, Or, OrElse};
pub use self::constant::ConstSampler;
pub use self::guaranteed_throughput::GuaranteedThroughputSampler;
pub use self::operations::OPERATIONS_MAX;
pub use self::parent_based::ParentBased;
pub use self::probabilistic::{InvalidProbability, ProbabilisticSampler};
pub use self::rate::InvalidRate;
pub use self::rate_limiting::RateLimitingSampler;
pub use self::rules::{Rule, RulesSampler};
pub use self::throttler::DebugThrottler;

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
    /// Whether to record; `None` leaves that to another, see [`Sampler::or_else`]. Where there is no other, nothing
    /// is recorded.
    pub sampled: Option<bool>,
    /// Who decided and how.
    pub by: Option<&'s SamplerTags>,
}

impl<'s> Decision<'s> {
    /// Leaves it to another sampler.
    pub const UNDECIDED: Self = Self { sampled: None, by: None };

    /// An answer that leaves no tags.
    #[must_use]
    pub const fn new(sampled: bool) -> Self {
        Self { sampled: Some(sampled), by: None }
    }

    /// An answer with the sampler's tags.
    #[must_use]
    pub const fn by(sampled: bool, tags: &'s SamplerTags) -> Self {
        Self { sampled: Some(sampled), by: Some(tags) }
    }

    /// Whether to record.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        matches!(self.sampled, Some(true))
    }
}

/// The tags `sampler.type` and `sampler.param` that a sampler leaves on roots, as Jaeger's clients write them.
#[derive(Debug)]
pub struct SamplerTags(Content);

#[derive(Debug)]
enum Content {
    /// Encoded once.
    Fixed(EncodedAttributes),
    /// The bits of a float that may be another for the next span.
    Adjustable { sampler_type: &'static str, param_bits: AtomicU64 },
}

impl SamplerTags {
    /// The tags of a sampler.
    #[must_use]
    pub fn new<'v>(sampler_type: &str, param: impl Into<TagRef<'v>>) -> Self {
        let tags = [(tags::SAMPLER_TYPE.key(), sampler_type.into()), (tags::SAMPLER_PARAM, param.into())];
        Self(Content::Fixed(EncodedAttributes::new(tags)))
    }

    /// The tags of a sampler that is adjusted while it runs. They cost a little more than fixed ones, on the
    /// roots that are recorded.
    #[must_use]
    pub const fn adjustable(sampler_type: &'static str, param: f64) -> Self {
        Self(Content::Adjustable { sampler_type, param_bits: AtomicU64::new(param.to_bits()) })
    }

    /// Another parameter, for spans that start from now on. Says whether these tags are adjustable.
    pub fn set_param(&self, param: f64) -> bool {
        match &self.0 {
            Content::Fixed(_) => false,
            Content::Adjustable { param_bits, .. } => {
                param_bits.store(param.to_bits(), Ordering::Relaxed);
                true
            }
        }
    }

    /// Whether they must be written at the start of a span, since they may be others at its end.
    #[inline]
    pub(crate) const fn is_adjustable(&self) -> bool {
        matches!(self.0, Content::Adjustable { .. })
    }

    /// As a row holds them; nothing, if they are adjustable and so written at the start.
    pub(crate) fn encoded(&self) -> &[u8] {
        match &self.0 {
            Content::Fixed(encoded) => encoded.as_bytes(),
            Content::Adjustable { .. } => &[],
        }
    }

    /// Puts them into a body that has nothing yet.
    pub(crate) fn put_into(&self, body: &mut Body) {
        match &self.0 {
            Content::Fixed(encoded) => body.put_encoded(encoded),
            Content::Adjustable { sampler_type, param_bits } => {
                let param = f64::from_bits(param_bits.load(Ordering::Relaxed));
                let tags =
                    [(tags::SAMPLER_TYPE.key(), (*sampler_type).into()), (tags::SAMPLER_PARAM, param.into())];
                if !tags.iter().all(|(key, value)| body.set_short_attribute(key, *value, u32::MAX)) {
                    body.clear();
                    body.put_encoded(&EncodedAttributes::new(tags));
                }
            }
        }
    }
}

impl Clone for SamplerTags {
    fn clone(&self) -> Self {
        match &self.0 {
            Content::Fixed(encoded) => Self(Content::Fixed(encoded.clone())),
            Content::Adjustable { sampler_type, param_bits } => {
                Self::adjustable(sampler_type, f64::from_bits(param_bits.load(Ordering::Relaxed)))
            }
        }
    }
}

/// How a tracer decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    pub(crate) sampler: &'static dyn Sampler,
    /// Spans whose parent's decision is known take it over; the sampler is asked for the others.
    pub(crate) follows_parents: bool,
    /// The answer for roots, if it is always the same: asked once.
    pub(crate) always: Option<Always>,
}

/// A sampler's answer for all traces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Always {
    pub(crate) is_sampled: bool,
    /// Of those that are recorded.
    pub(crate) by: Option<&'static SamplerTags>,
}

impl Sampling {
    /// The sampler stays for ever, since spans borrow its tags.
    pub(crate) fn new(sampler: Box<dyn Sampler>, follows_parents: bool) -> Self {
        let sampler: &'static dyn Sampler = Box::leak(sampler);
        // Adjustable tags are written at each start.
        let always = sampler.always().filter(|it| !it.by.is_some_and(SamplerTags::is_adjustable));
        let always =
            always.map(|it| Always { is_sampled: it.is_sampled(), by: it.by.filter(|_| it.is_sampled()) });
        Self { sampler, follows_parents, always }
    }
}

/// Decides whether a trace is recorded. Called on the application's threads: be quick.
pub trait Sampler: Send + Sync + std::fmt::Debug {
    /// Decides.
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_>;

    /// The answer, if it is the same for every span whatever happens: a tracer then asks once. `None` is always
    /// right.
    fn always(&self) -> Option<Decision<'_>> {
        None
    }

    /// The last handle of the tracer that asks has gone: what runs for this sampler may end. A tracer's sampler itself
    /// stays for the rest of the process, for spans that are open still. Samplers that are made of others pass it on;
    /// one in an `Arc` is not told, since others may ask it. Must not panic.
    fn close(&self) {}

    /// Records what both record. The other is asked about what this one wants, or leaves to it: a rate limit
    /// belongs on the right.
    fn and<S: Sampler>(self, other: S) -> And<Self, S>
    where
        Self: Sized,
    {
        And::new(self, other)
    }

    /// Records what either records. The other is asked about what this one does not want.
    fn or<S: Sampler>(self, other: S) -> Or<Self, S>
    where
        Self: Sized,
    {
        Or::new(self, other)
    }

    /// Asks the other where this one is [undecided](Decision::UNDECIDED): the first that decides counts.
    fn or_else<S: Sampler>(self, other: S) -> OrElse<Self, S>
    where
        Self: Sized,
    {
        OrElse::new(self, other)
    }
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        (**self).sample(params)
    }

    fn always(&self) -> Option<Decision<'_>> {
        (**self).always()
    }

    fn close(&self) {
        (**self).close();
    }
}

impl<S: Sampler + ?Sized> Sampler for std::sync::Arc<S> {
    fn sample(&self, params: &SamplingParams<'_>) -> Decision<'_> {
        (**self).sample(params)
    }

    fn always(&self) -> Option<Decision<'_>> {
        (**self).always()
    }
}
