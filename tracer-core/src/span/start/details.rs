//! The start of a span of which anything was said, below any parent, on any thread and any clock.

use std::time::SystemTime;

use super::{Begun, kept_tags};
use crate::clock::to_unix_ns;
use crate::context::{SpanContext, TraceFlags, TraceId};
use crate::id_generator::new_trace_id;
use crate::sampler::{Decision, SamplingParams};
use crate::span::state::State;
use crate::span::tag::set_attribute;
use crate::span::{Span, SpanKind};
use crate::tags;
use crate::tracer::Core;
use crate::value::{Field, TagRef};

/// The tag on a link that tells a reference's type, as OpenTelemetry's OpenTracing shim writes it.
const REF_TYPE: &str = "opentracing.ref_type";

/// Another span that a builder names.
#[derive(Clone, Copy, Debug)]
pub(in crate::span) struct Reference<'a> {
    pub(in crate::span) context: &'a SpanContext,
    pub(in crate::span) is_child_of: bool,
}

/// What a builder holds, whatever it is.
pub(in crate::span) struct Details<'r, 'a> {
    pub(in crate::span) static_name: &'static str,
    pub(in crate::span) dynamic_name: Option<&'a str>,
    pub(in crate::span) kind: SpanKind,
    pub(in crate::span) start_time: Option<SystemTime>,
    pub(in crate::span) references: &'r [Option<Reference<'a>>],
    pub(in crate::span) links: &'r [(&'a SpanContext, &'a [Field<'a>])],
    pub(in crate::span) tags: &'r [Field<'a>],
}

impl Details<'_, '_> {
    #[inline(always)]
    pub(super) const fn plain(static_name: &'static str, kind: SpanKind) -> Self {
        Self {
            static_name,
            dynamic_name: None,
            kind,
            start_time: None,
            references: &[],
            links: &[],
            tags: &[],
        }
    }

    #[inline]
    pub(in crate::span) fn start(&self, core: &'static Core, parent: Option<&SpanContext>) -> Span {
        let valid_parent = parent.filter(|parent| parent.is_valid());
        let trace_id = valid_parent.map_or_else(new_trace_id, SpanContext::trace_id);
        let (decision, debug) = self.decide(core, trace_id, valid_parent);
        let sampled = decision.is_sampled();
        let (core, begun) = Begun::anywhere(core, sampled);
        let context = match (valid_parent, parent) {
            (Some(parent), _) => parent.child(begun.span_id(), flags(parent.flags(), sampled, debug)),
            (None, from) => {
                let flags = flags(TraceFlags::RANDOM, sampled, debug);
                from.map_or_else(
                    || SpanContext::new(trace_id, begun.span_id(), flags),
                    |from| from.new_root(trace_id, begun.span_id(), flags),
                )
            }
        };
        let state = State::PARENT_IS_REMOTE.when(valid_parent.is_some_and(SpanContext::is_remote));
        let kept = kept_tags(core, decision.by.filter(|_| sampled && valid_parent.is_none()));
        let mut span = begun.span(core, (self.static_name, self.kind), (context, state), kept);
        if sampled {
            self.record(&mut span, core);
        }
        span
    }

    /// Whether to record, and whether that is a person's wish. `sampling.priority` and a parent's
    /// debug flag go before any sampler.
    fn decide(
        &self,
        core: &'static Core,
        trace_id: TraceId,
        parent: Option<&SpanContext>,
    ) -> (Decision<'static>, bool) {
        if let Some(priority) = self.tags.iter().rev().find_map(sampling_priority) {
            return (Decision::new(priority > 0), priority > 0);
        }
        if parent.is_some_and(|parent| parent.flags().contains(TraceFlags::DEBUG.with(TraceFlags::SAMPLED))) {
            return (Decision::new(true), false);
        }
        // Who defers the decision leaves it to this tracer, as if the trace began here.
        let parent = parent.filter(|parent| !parent.flags().contains(TraceFlags::DEFERRED));
        if let Some(parent) = parent.filter(|_| core.sampling.follows_parents) {
            return (Decision::new(parent.is_sampled()), false);
        }
        let operation_name = self.dynamic_name.unwrap_or(self.static_name);
        let params = SamplingParams { trace_id, parent, operation_name, kind: self.kind, tags: self.tags };
        (core.sampling.sampler.sample(&params), false)
    }

    /// Puts what the builder holds into a span that records.
    fn record(&self, span: &mut Span, core: &Core) {
        if let Some(time) = self.start_time {
            span.start = to_unix_ns(time);
            span.state = span.state.with(State::START_IS_UNIX);
        }
        if let Some(name) = self.dynamic_name {
            span.set_operation_name(name);
        }
        if let Some(open_spans) = &core.open_spans {
            open_spans.insert(span.context.span_id(), span.operation_name());
        }
        for (key, value) in self.tags {
            match sampling_priority(&(key, *value)).and_then(|_| span.recorder()) {
                // `decide` has done what it asks for.
                Some((body, core)) => set_attribute(body, core, key, *value),
                None => span.set_tag_ref(key, *value),
            }
        }
        let parent_id = span.context.parent_id();
        for reference in self.references.iter().flatten().filter(|reference| reference.context.is_valid()) {
            let is_parent = reference.context.span_id() == parent_id;
            match (reference.is_child_of, is_parent) {
                (true, true) => {}
                (true, false) => span.add_link(reference.context, &[(REF_TYPE, "child_of".into())]),
                (false, _) => span.add_link(reference.context, &[(REF_TYPE, "follows_from".into())]),
            }
        }
        for (context, tags) in self.links {
            span.add_link(context, tags);
        }
    }
}

/// The value of `sampling.priority`, if the tag is that.
pub(in crate::span) fn sampling_priority((key, value): &Field<'_>) -> Option<i64> {
    match value {
        _ if *key != tags::SAMPLING_PRIORITY.key() => None,
        TagRef::I64(priority) => Some(*priority),
        TagRef::U64(priority) => Some(i64::from(*priority > 0)),
        _ => None,
    }
}

pub(in crate::span) fn flags(from: TraceFlags, sampled: bool, debug: bool) -> TraceFlags {
    let undecided = from.without(TraceFlags::SAMPLED.with(TraceFlags::DEFERRED));
    let flags = if sampled { undecided.with(TraceFlags::SAMPLED) } else { undecided };
    if debug { flags.with(TraceFlags::DEBUG) } else { flags }
}
