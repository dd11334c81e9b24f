//! Stage 1: from a builder to a running span.
//!
//! ```text
//! references | active span ──> parent ──> ids ──> sampling.priority | sampler ──> flags ──> Span
//! ```

use std::time::SystemTime;

use super::{Span, SpanKind};
use crate::active;
use crate::clock::to_unix_ns;
use crate::context::{SpanContext, TraceFlags};
use crate::id_generator::{new_span_id, new_trace_id};
use crate::inline_list::InlineList;
use crate::sampler::{Decision, SamplerTags, SamplingParams};
use crate::tags::{self, Key};
use crate::tracer::{Core, Tracer};
use crate::value::{Field, TagRef};

/// The tag on a link that tells a reference's type, as OpenTelemetry's OpenTracing shim writes it.
const REF_TYPE: &str = "opentracing.ref_type";

/// A span that is about to start. Borrows all that it is given.
///
/// ```
/// use tracer_core::{SpanKind, testing::TestTracer, tags};
///
/// let test = TestTracer::new("shop");
/// let cause = test.tracer().span("message").start();
/// let span = test.tracer()
///     .span("consume")
///     .follows_from(cause.context())
///     .kind(SpanKind::Consumer)
///     .tag(tags::MESSAGE_BUS_DESTINATION, "orders")
///     .start();
/// assert_eq!(span.context().parent_id(), cause.context().span_id());
/// ```
#[derive(Debug)]
#[must_use = "a span begins with `start` or `start_active`"]
pub struct SpanBuilder<'a> {
    tracer: &'a Tracer,
    static_name: &'static str,
    dynamic_name: Option<&'a str>,
    ignore_active: bool,
    references: InlineList<Option<Reference<'a>>, 2>,
    links: Vec<(&'a SpanContext, &'a [Field<'a>])>,
    kind: Option<SpanKind>,
    start_time: Option<SystemTime>,
    tags: InlineList<Field<'a>, 4>,
}

#[derive(Clone, Copy, Debug)]
struct Reference<'a> {
    context: &'a SpanContext,
    is_child_of: bool,
}

impl<'a> SpanBuilder<'a> {
    #[inline]
    pub(crate) fn new(tracer: &'a Tracer, static_name: &'static str, dynamic_name: Option<&'a str>) -> Self {
        Self {
            tracer,
            static_name,
            dynamic_name,
            ignore_active: false,
            references: InlineList::new(None),
            links: Vec::new(),
            kind: None,
            start_time: None,
            tags: InlineList::new(("", TagRef::Bool(false))),
        }
    }

    /// The span that waits for this one. The first is the parent, and further ones become links.
    /// `None` is no reference.
    #[inline]
    pub fn child_of(self, context: impl Into<Option<&'a SpanContext>>) -> Self {
        self.reference(context.into(), true)
    }

    /// A span that caused this one and does not wait for it. Without any `child_of` the first is
    /// the parent; in any case a link says that it is followed. `None` is no reference.
    #[inline]
    pub fn follows_from(self, context: impl Into<Option<&'a SpanContext>>) -> Self {
        self.reference(context.into(), false)
    }

    /// Another span that has to do with this one, and what.
    #[inline]
    pub fn link(mut self, context: &'a SpanContext, tags: &'a [Field<'a>]) -> Self {
        self.links.push((context, tags));
        self
    }

    /// Begins a new trace if no reference is given, whatever span is active.
    #[inline]
    pub fn ignore_active_span(mut self) -> Self {
        self.ignore_active = true;
        self
    }

    /// The span's kind; internal if it is not set.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// When it began, if that is not now.
    #[inline]
    pub fn start_time(mut self, time: SystemTime) -> Self {
        self.start_time = Some(time);
        self
    }

    /// A tag that is set from the start, so that samplers see it.
    #[inline]
    pub fn tag<V: Into<TagRef<'a>>>(mut self, key: impl Key<'a, V>, value: V) -> Self {
        self.tags.push((key.into_str(), value.into()));
        self
    }

    /// Starts the span.
    #[inline]
    pub fn start(self) -> Span {
        let parent = self.parent();
        match self.tracer.core() {
            Some(core) => self.start_with(core, parent.as_ref()),
            None => Span::passing_on(parent.unwrap_or_default()),
        }
    }

    /// Starts the span and makes it the active one of this thread.
    #[inline]
    pub fn start_active(self) -> active::Scope {
        self.start().activate()
    }

    #[inline]
    fn reference(mut self, context: Option<&'a SpanContext>, is_child_of: bool) -> Self {
        if let Some(context) = context {
            self.references.push(Some(Reference { context, is_child_of }));
        }
        self
    }

    fn references(&self) -> impl Iterator<Item = &Reference<'a>> {
        self.references.as_slice().iter().flatten()
    }

    /// The first `child_of`, else the first other reference, else the active span.
    #[inline]
    fn parent(&self) -> Option<SpanContext> {
        let child_of = self.references().find(|reference| reference.is_child_of);
        match child_of.or_else(|| self.references().next()) {
            Some(reference) => Some(reference.context.clone()),
            None if self.ignore_active => None,
            None => active::context(),
        }
    }

    fn start_with(self, core: &'static Core, parent: Option<&SpanContext>) -> Span {
        let span_id = new_span_id();
        let valid_parent = parent.filter(|parent| parent.is_valid());
        let trace_id = valid_parent.map_or_else(new_trace_id, SpanContext::trace_id);
        let (decision, debug) = self.decide(core, trace_id, valid_parent);
        let context = match (valid_parent, parent) {
            (Some(parent), _) => parent.child(span_id, flags(parent.flags(), decision.sampled, debug)),
            (None, from) => {
                let flags = flags(TraceFlags::RANDOM, decision.sampled, debug);
                from.map_or_else(
                    || SpanContext::new(trace_id, span_id, flags),
                    |from| from.new_root(trace_id, span_id, flags),
                )
            }
        };
        let mut span = Span::passing_on(context);
        span.core = Some(core);
        span.name = self.static_name;
        span.kind = self.kind.unwrap_or_default();
        span.parent_is_remote = valid_parent.is_some_and(SpanContext::is_remote);
        if decision.sampled {
            span.begin_recording(core, self.start_time);
            let sampled_by = if valid_parent.is_none() { decision.by } else { None };
            self.record(&mut span, core, sampled_by);
        } else {
            core.hub.with_local(|local| local.counters.unsampled.add(1));
        }
        span
    }

    /// Whether to record, and whether that is a person's wish. `sampling.priority` and a parent's
    /// debug flag go before any sampler.
    fn decide<'c>(
        &self,
        core: &'c Core,
        trace_id: crate::TraceId,
        parent: Option<&SpanContext>,
    ) -> (Decision<'c>, bool) {
        if let Some(priority) = self.tags.as_slice().iter().rev().find_map(sampling_priority) {
            return (Decision::new(priority > 0), priority > 0);
        }
        if parent.is_some_and(|parent| parent.flags().contains(TraceFlags::DEBUG.with(TraceFlags::SAMPLED))) {
            return (Decision::new(true), false);
        }
        let operation_name = self.dynamic_name.unwrap_or(self.static_name);
        let kind = self.kind.unwrap_or_default();
        // Who defers the decision leaves it to this tracer, as if the trace began here.
        let parent = parent.filter(|parent| !parent.flags().contains(TraceFlags::DEFERRED));
        let params = SamplingParams { trace_id, parent, operation_name, kind, tags: self.tags.as_slice() };
        (core.sampler.sample(&params), false)
    }

    /// Puts what the builder holds into a span that records.
    fn record(&self, span: &mut Span, core: &Core, sampled_by: Option<&SamplerTags>) {
        if let Some(name) = self.dynamic_name {
            span.set_operation_name(name);
        }
        if let Some(open_spans) = &core.open_spans {
            open_spans.insert(span.context.span_id(), span.operation_name());
        }
        if let (Some(tags), Some((body, _))) = (sampled_by, span.recorder()) {
            body.put_encoded(tags.encoded());
        }
        for (key, value) in self.tags.as_slice() {
            match sampling_priority(&(key, *value)).and_then(|_| span.recorder()) {
                // `decide` has done what it asks for.
                Some((body, core)) => body.set_attribute(key, *value, &core.limits),
                None => span.set_tag_ref(key, *value),
            }
        }
        let parent_id = span.context.parent_id();
        for reference in self.references().filter(|reference| reference.context.is_valid()) {
            let is_parent = reference.context.span_id() == parent_id;
            match (reference.is_child_of, is_parent) {
                (true, true) => {}
                (true, false) => span.add_link(reference.context, &[(REF_TYPE, "child_of".into())]),
                (false, _) => span.add_link(reference.context, &[(REF_TYPE, "follows_from".into())]),
            }
        }
        for (context, tags) in &self.links {
            span.add_link(context, tags);
        }
    }
}

impl Span {
    /// From now on, what is set is kept.
    pub(super) fn begin_recording(&mut self, core: &'static Core, start: Option<SystemTime>) {
        self.recording = true;
        self.timeline = core.clock.timeline();
        core.hub.with_local(|local| local.counters.started.add(1));
        self.start_unix_ns = start.map_or_else(|| core.clock.unix_ns(self.timeline), to_unix_ns);
    }
}

/// The value of `sampling.priority`, if the tag is that.
pub(super) fn sampling_priority((key, value): &Field<'_>) -> Option<i64> {
    match value {
        _ if *key != tags::SAMPLING_PRIORITY.key() => None,
        TagRef::I64(priority) => Some(*priority),
        TagRef::U64(priority) => Some(i64::from(*priority > 0)),
        _ => None,
    }
}

pub(super) fn flags(from: TraceFlags, sampled: bool, debug: bool) -> TraceFlags {
    let undecided = from.without(TraceFlags::SAMPLED.with(TraceFlags::DEFERRED));
    let flags = if sampled { undecided.with(TraceFlags::SAMPLED) } else { undecided };
    if debug { flags.with(TraceFlags::DEBUG) } else { flags }
}
