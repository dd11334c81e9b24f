//! What headers say, and how a span starts from it.

use tracer_core::{Baggage, Span, SpanBuilder, SpanContext, TraceFlags, tags};

use super::ExtractError;

/// The tag that Jaeger's clients put on a trace that was asked for by a debug id.
const DEBUG_ID_TAG: &str = "jaeger-debug-id";

/// What was found in headers. Any part may be there without the others.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::testing::TestTracer;
/// use tracer_propagation::{Codec, Composite, Extracted};
///
/// let headers = HashMap::from([
///     ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
///     ("baggage".to_owned(), "session=7".to_owned()),
/// ]);
/// let extracted = Composite::w3c().extract(&headers).unwrap_or_else(Extracted::from);
///
/// let test = TestTracer::new("shop");
/// let span = extracted.start(test.tracer().span("GET /cart"));
/// assert_eq!(span.context().trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(span.baggage_item("session"), Some("7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extracted {
    /// The caller's span, marked as remote; its baggage is apart, below.
    pub context: Option<SpanContext>,
    /// What is decided about sampling; `None` leaves that to this process. Beside a context it
    /// repeats the context's flags.
    pub decision: Option<SamplingDecision>,
    /// A text by which a person wants to find the trace; it is then to be recorded.
    pub debug_id: Option<Box<str>>,
    /// The baggage.
    pub baggage: Baggage,
    /// The first thing that could not be used, beside what could. [`Codec::extract_reporting`] tells all.
    ///
    /// [`Codec::extract_reporting`]: crate::Codec::extract_reporting
    pub error: Option<ExtractError>,
}

/// What a caller decided about sampling (B3's "sampling state", without its "defer").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamplingDecision {
    /// The trace is recorded.
    Accept,
    /// The trace is not recorded.
    Deny,
    /// The trace is recorded, and nothing on the way may drop it.
    Debug,
}

impl Extracted {
    /// A remote context and its decision.
    #[must_use]
    #[inline]
    pub fn from_context(context: SpanContext) -> Self {
        let decision = SamplingDecision::of(context.flags());
        Self { context: Some(context.into_remote()), decision, ..Self::default() }
    }

    /// Baggage alone.
    #[must_use]
    pub fn from_baggage(baggage: Baggage) -> Self {
        Self { baggage, ..Self::default() }
    }

    /// Whether the headers said nothing; an error is not looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.context.is_none()
            && self.decision.is_none()
            && self.debug_id.is_none()
            && self.baggage.is_empty()
    }

    /// What a span starts from: the context with the baggage in it. Without a context but with
    /// baggage, a context that has no ids: a span started from it begins a trace of its own.
    #[must_use]
    pub fn parent(&self) -> Option<SpanContext> {
        match &self.context {
            Some(context) if self.baggage.is_empty() => Some(context.clone()),
            Some(context) => Some(context.clone().with_baggage(self.baggage.clone())),
            None if self.baggage.is_empty() => None,
            None => Some(SpanContext::from_baggage(self.baggage.clone())),
        }
    }

    /// Starts a span below what was extracted. A decision or a debug id that came without a
    /// context becomes the tag `sampling.priority`, which goes before the tracer's sampler; what
    /// came with one is in the parent's flags.
    ///
    /// The tracer's [`DebugThrottler`](tracer_core::sampler::DebugThrottler) may refuse a debug id, which is
    /// then a tag and no more, and its [`BaggageRestrictions`](tracer_core::BaggageRestrictions) hold.
    pub fn start(&self, builder: SpanBuilder<'_>) -> Span {
        let parent = self.parent().map(|parent| builder.restrict_baggage(parent));
        let mut builder = builder.child_of(parent.as_ref());
        if self.context.is_some() {
            return builder.start();
        }
        if let Some(debug_id) = &self.debug_id {
            builder = builder.tag(DEBUG_ID_TAG, &**debug_id);
        }
        let is_wanted = self.debug_id.is_some() && builder.allows_debug();
        if let Some(priority) = self.sampling_priority(is_wanted) {
            builder = builder.tag(tags::SAMPLING_PRIORITY, priority);
        }
        builder.start()
    }

    fn sampling_priority(&self, is_wanted: bool) -> Option<i64> {
        match self.decision {
            _ if is_wanted => Some(1),
            Some(SamplingDecision::Accept | SamplingDecision::Debug) => Some(1),
            Some(SamplingDecision::Deny) => Some(0),
            None => None,
        }
    }
}

impl From<ExtractError> for Extracted {
    /// Nothing but the error: for those who go on in any case and count errors.
    fn from(error: ExtractError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}

impl SamplingDecision {
    /// `None` if the decision is deferred.
    pub(super) const fn of(flags: TraceFlags) -> Option<Self> {
        match (flags.is_sampled(), flags.contains(TraceFlags::DEBUG)) {
            _ if flags.contains(TraceFlags::DEFERRED) => None,
            (true, true) => Some(Self::Debug),
            (true, false) => Some(Self::Accept),
            (false, _) => Some(Self::Deny),
        }
    }

    /// The flags that say so; those of a deferred decision for `None`.
    pub(super) const fn flags(decision: Option<Self>) -> TraceFlags {
        match decision {
            Some(Self::Debug) => TraceFlags::SAMPLED.with(TraceFlags::DEBUG),
            Some(Self::Accept) => TraceFlags::SAMPLED,
            Some(Self::Deny) => TraceFlags::NONE,
            None => TraceFlags::DEFERRED,
        }
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::sampler::{ConstSampler, DebugThrottler, ParentBased};
    use tracer_core::testing::TestTracer;
    use tracer_core::{BaggageRestrictions, Clock, SpanId, TraceId};

    use super::*;

    fn remote(flags: TraceFlags) -> Extracted {
        Extracted::from_context(SpanContext::new(
            TraceId::from_bytes([1; 16]),
            SpanId::from_bytes([2; 8]),
            flags,
        ))
    }

    const fn constant(sampled: bool) -> ConstSampler {
        if sampled { ConstSampler::ON } else { ConstSampler::OFF }
    }

    #[test]
    fn a_span_starts_below_the_remote_one_and_follows_its_decision() {
        for (flags, sampled) in [(TraceFlags::SAMPLED, true), (TraceFlags::NONE, false)] {
            let test = TestTracer::with_sampler("shop", constant(!sampled));
            let extracted = Extracted { baggage: Baggage::new().with_item("k", "v"), ..remote(flags) };
            let span = extracted.start(test.tracer().span("serve"));
            assert_eq!(span.context().parent_id(), SpanId::from_bytes([2; 8]));
            assert_eq!(span.context().is_sampled(), sampled);
            assert_eq!(span.baggage_item("k"), Some("v"));
        }
    }

    #[test]
    fn baggage_alone_begins_a_trace_that_keeps_it() {
        let extracted = Extracted::from_baggage(Baggage::new().with_item("k", "v"));
        let test = TestTracer::new("shop");
        let span = extracted.start(test.tracer().span("serve"));
        assert!(span.context().is_valid() && !span.context().parent_id().is_valid());
        assert_eq!(span.baggage_item("k"), Some("v"));
    }

    #[test]
    fn a_decision_without_a_context_goes_before_the_sampler() {
        let decided = |decision, debug_id: Option<&str>, sampler: bool| {
            let test = TestTracer::with_sampler("shop", constant(sampler));
            let debug_id = debug_id.map(Into::into);
            let extracted = Extracted { decision, debug_id, ..Extracted::default() };
            extracted.start(test.tracer().span("serve")).context().is_sampled()
        };
        assert!(!decided(Some(SamplingDecision::Deny), None, true));
        assert!(decided(Some(SamplingDecision::Accept), None, false));
        assert!(decided(Some(SamplingDecision::Debug), None, false));
        assert!(decided(None, Some("find-me"), false));
        assert!(!decided(None, None, false));
        assert!(decided(None, None, true));
    }

    #[test]
    fn a_debug_id_that_is_refused_is_left_to_the_sampler() {
        for sampled in [false, true] {
            let throttler = DebugThrottler::per_process(1e-9).unwrap();
            let test = TestTracer::build("shop", Clock::system(), |builder| {
                builder.sampler(constant(sampled)).debug_throttler(&throttler)
            });
            let start = || {
                let extracted = Extracted { debug_id: Some("find-me".into()), ..Extracted::default() };
                extracted.start(test.tracer().span("serve")).context().flags()
            };
            assert_eq!(start(), TraceFlags::SAMPLED.with(TraceFlags::DEBUG).with(TraceFlags::RANDOM));
            let refused = start();
            assert_eq!((refused.is_sampled(), refused.contains(TraceFlags::DEBUG)), (sampled, false));
            assert_eq!((throttler.allowed(), throttler.refused()), (1, 1));
            let spans = test.spans();
            assert_eq!(spans.len(), 1 + usize::from(sampled));
            assert!(spans.iter().all(|span| span.attribute(DEBUG_ID_TAG).is_some()));
        }
    }

    #[test]
    fn the_throttler_is_not_asked_about_what_belongs_to_a_trace() {
        let throttler = DebugThrottler::per_process(0.0).unwrap();
        let test = TestTracer::build("shop", Clock::system(), |builder| builder.debug_throttler(&throttler));
        let extracted = Extracted { debug_id: Some("find-me".into()), ..remote(TraceFlags::SAMPLED) };
        assert!(extracted.start(test.tracer().span("serve")).context().is_sampled());
        assert!(Extracted::default().start(test.tracer().span("serve")).context().is_sampled());
        assert_eq!(throttler.refused(), 0);
    }

    #[test]
    fn baggage_from_callers_is_restricted() {
        let restrictions = BaggageRestrictions::new().allow("k", 2);
        let test =
            TestTracer::build("shop", Clock::system(), |builder| builder.baggage_restrictions(&restrictions));
        let baggage = Baggage::new().with_item("k", "long").with_item("other", "v");
        for context in [None, remote(TraceFlags::NONE).context] {
            let extracted = Extracted { context, baggage: baggage.clone(), ..Extracted::default() };
            let span = extracted.start(test.tracer().span("serve"));
            assert_eq!((span.baggage_item("k"), span.baggage_item("other")), (Some("lo"), None));
        }
        assert_eq!((restrictions.cut(), restrictions.refused()), (2, 2));
    }

    #[test]
    fn a_deferred_decision_is_made_here() {
        let extracted = remote(TraceFlags::DEFERRED);
        assert_eq!(extracted.decision, None);
        for sampled in [true, false] {
            let sampler = ParentBased::new(constant(sampled));
            let test = TestTracer::with_sampler("shop", sampler);
            let span = extracted.start(test.tracer().span("serve"));
            assert_eq!(span.context().parent_id(), SpanId::from_bytes([2; 8]));
            let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::NONE };
            assert_eq!(span.context().flags(), flags);
        }
    }

    #[test]
    fn an_error_is_kept_beside_nothing() {
        let error = crate::TraceparentError::Repeated.into();
        let extracted = Extracted::from(error);
        assert!(extracted.is_empty());
        assert_eq!((extracted.parent(), extracted.error), (None, Some(error)));
    }
}
