//! Stage 1: from a builder to a running span.
//!
//! ```text
//! references | active span ──> parent ──> ids ──> sampling.priority | sampler ──> flags ──> Span
//! ```

use std::mem::ManuallyDrop;
use std::time::SystemTime;

use super::tag::set_attribute;
use super::{Span, SpanKind};
use crate::active;
use crate::clock::{Timeline, to_unix_ns};
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::id_generator::{new_span_id, new_trace_id, next_span_id};
use crate::inline_list::InlineList;
use crate::pipeline::local::{Current, Local};
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
    kind: SpanKind,
    start_time: Option<SystemTime>,
    references: InlineList<Option<Reference<'a>>, 2>,
    links: Vec<(&'a SpanContext, &'a [Field<'a>])>,
    tags: InlineList<Field<'a>, 4>,
}

#[derive(Clone, Copy, Debug)]
struct Reference<'a> {
    context: &'a SpanContext,
    is_child_of: bool,
}

impl<'a> SpanBuilder<'a> {
    #[inline(always)]
    pub(crate) fn new(tracer: &'a Tracer, static_name: &'static str, dynamic_name: Option<&'a str>) -> Self {
        Self {
            tracer,
            static_name,
            dynamic_name,
            ignore_active: false,
            kind: SpanKind::Internal,
            start_time: None,
            references: InlineList::new(None),
            links: Vec::new(),
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
        self.kind = kind;
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

    /// Whether a debug id that came without a trace may force the recording of this span: see
    /// [`DebugThrottler`](crate::sampler::DebugThrottler), which counts the answer. For those who read headers.
    #[must_use]
    pub fn allows_debug(&self) -> bool {
        let throttler = self.tracer.core().and_then(|core| core.debug_throttler.as_ref());
        throttler.is_none_or(|throttler| throttler.allows(self.dynamic_name.unwrap_or(self.static_name)))
    }

    /// A context that came from elsewhere, with the baggage that the tracer lets in: see
    /// [`BaggageRestrictions`](crate::BaggageRestrictions). For those who read headers.
    #[must_use]
    pub fn restrict_baggage(&self, context: SpanContext) -> SpanContext {
        match self.tracer.core().and_then(|core| core.baggage_restrictions.as_ref()) {
            Some(restrictions) => restrictions.restrict_context(context),
            None => context,
        }
    }

    /// Starts the span.
    #[inline(always)]
    pub fn start(self) -> Span {
        let core = self.tracer.core();
        let (name, kind, ignore_active) = (self.static_name, self.kind, self.ignore_active);
        let parent = match self.references.as_slice() {
            _ if !self.is_plain() => return self.start_with_details(core),
            [] => None,
            [Some(Reference { context, is_child_of: true })] => Some(*context),
            _ => return self.start_with_details(core),
        };
        // A plain builder owns nothing. Without its end, all of it dissolves where it is used, and one call is
        // left.
        let _empty = ManuallyDrop::new(self);
        match (core, parent) {
            (Some(core), Some(parent)) => start_below(core, name, kind, parent),
            (Some(core), None) if ignore_active => start_root(core, name, kind),
            (Some(core), None) => start_below_active(core, name, kind),
            (None, parent) => pass_on(parent, ignore_active),
        }
    }

    /// Starts the span and makes it the active one of this thread.
    #[inline]
    pub fn start_active(self) -> active::Scope {
        self.start().activate()
    }

    #[inline(always)]
    fn reference(mut self, context: Option<&'a SpanContext>, is_child_of: bool) -> Self {
        if let Some(context) = context {
            self.references.push(Some(Reference { context, is_child_of }));
        }
        self
    }

    /// Whether there is nothing but a static name, a kind and references.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.dynamic_name.is_none()
            && self.start_time.is_none()
            && self.links.is_empty()
            && self.tags.as_slice().is_empty()
    }

    #[inline(never)]
    fn start_with_details(self, core: Option<&'static Core>) -> Span {
        let parent = self.parent();
        let Some(core) = core else { return Span::passing_on(parent.unwrap_or_default()) };
        let is_off = match self.dynamic_name {
            Some(name) => core.switch.is_dynamic_operation_off(name),
            None => core.switch.is_operation_off(self.static_name),
        };
        if is_off {
            return switched_off(core, parent.as_ref());
        }
        let details = Details {
            static_name: self.static_name,
            dynamic_name: self.dynamic_name,
            kind: self.kind,
            start_time: self.start_time,
            references: self.references.as_slice(),
            links: &self.links,
            tags: self.tags.as_slice(),
        };
        details.start(core, parent.as_ref())
    }

    /// The first `child_of`, else the first other reference, else the active span.
    fn parent(&self) -> Option<SpanContext> {
        let references = || self.references.as_slice().iter().flatten();
        let child_of = references().find(|reference| reference.is_child_of);
        match child_of.or_else(|| references().next()) {
            Some(reference) => Some(reference.context.clone()),
            None if self.ignore_active => None,
            None => active::context(),
        }
    }
}

/// The span of a tracer that records nothing.
#[cfg_attr(not(feature = "recording-off"), inline(never))]
#[cfg_attr(feature = "recording-off", inline(always))]
fn pass_on(parent: Option<&SpanContext>, ignore_active: bool) -> Span {
    let active = || if ignore_active { None } else { active::context() };
    Span::passing_on(parent.cloned().or_else(active).unwrap_or_default())
}

/// The span of an operation that is off.
#[inline(never)]
fn switched_off(core: &'static Core, parent: Option<&SpanContext>) -> Span {
    let mut span = Span::passing_on(parent.cloned().unwrap_or_default());
    span.core = Some(core);
    span.switched_off = true;
    span
}

/// Starts a span that begins a trace, and has nothing set yet.
#[inline(never)]
fn start_root(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.switch.is_operation_off(name) {
        return switched_off(core, None);
    }
    if core.open_spans.is_some() {
        return Details::plain(name, kind).start(core, None);
    }
    let trace_id = new_trace_id();
    let params = SamplingParams { kind, ..SamplingParams::root(trace_id, name) };
    let Decision { sampled, by, .. } = core.sampler.sample(&params);
    let begun = Begun::here(core, sampled).unwrap_or_else(|| Begun::anywhere(core, sampled));
    let context = SpanContext::new(trace_id, begun.span_id, flags(TraceFlags::RANDOM, sampled, false));
    begun.span(context, name, kind, by)
}

/// Starts a span below the active one, if there is one.
#[inline(never)]
fn start_below_active(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    match active::context() {
        Some(parent) => start_below(core, name, kind, &parent),
        None => start_root(core, name, kind),
    }
}

/// Starts a span below a parent that has decided, nearly always, and has nothing set yet.
#[inline(never)]
fn start_below(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    if core.switch.is_operation_off(name) {
        return switched_off(core, Some(parent));
    }
    if !core.follows_decided(parent) {
        return Details::plain(name, kind).start(core, Some(parent));
    }
    let sampled = parent.is_sampled();
    let begun = Begun::here(core, sampled).unwrap_or_else(|| Begun::anywhere(core, sampled));
    let context = parent.child(begun.span_id, parent.flags());
    let mut span = begun.span(context, name, kind, None);
    span.parent_is_remote = parent.is_remote();
    span
}

/// What a span has from the moment at which it begins.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// The tracer's, in this process.
    pub(super) core: &'static Core,
    span_id: SpanId,
    recording: bool,
    pub(super) timeline: Timeline,
    pub(super) start_unix_ns: u64,
}

impl Begun {
    /// Counts a span, draws its id, and reads the clock if it records. `None`, and nothing is counted, if this
    /// thread has to be prepared for it, or the clock is not the processor's counter.
    #[inline(always)]
    fn here(core: &'static Core, recording: bool) -> Option<Self> {
        let mut current = Current::take(core.hub_id)?;
        let begun = Self::with(current.local()?, core, recording);
        current.put_back();
        begun
    }

    #[inline(always)]
    fn with(local: &Local, core: &'static Core, recording: bool) -> Option<Self> {
        let span_id = next_span_id()?;
        if !recording {
            local.counters.unsampled.add(1);
            return Some(Self { core, span_id, recording, timeline: Timeline::START, start_unix_ns: 0 });
        }
        let timeline = core.clock.timeline();
        let start_unix_ns = timeline.tsc_unix_ns()?;
        local.counters.started.add(1);
        Some(Self { core, span_id, recording, timeline, start_unix_ns })
    }

    /// The same on any thread and any clock.
    #[cold]
    #[inline(never)]
    pub(super) fn anywhere(core: &'static Core, recording: bool) -> Self {
        let count = |local: &mut Local| {
            let counter = if recording { &local.counters.started } else { &local.counters.unsampled };
            counter.add(1);
        };
        let core = core.of_this_process();
        core.hub.with_local(count);
        let timeline = if recording { core.clock.timeline() } else { Timeline::START };
        let start_unix_ns = if recording { core.clock.unix_ns(timeline) } else { 0 };
        Self { core, span_id: new_span_id(), recording, timeline, start_unix_ns }
    }

    #[inline(always)]
    fn span(
        self,
        context: SpanContext,
        name: &'static str,
        kind: SpanKind,
        sampled_by: Option<&'static SamplerTags>,
    ) -> Span {
        let mut span = Span {
            context,
            core: Some(self.core),
            name,
            start_unix_ns: self.start_unix_ns,
            timeline: self.timeline,
            body: None,
            sampled_by: sampled_by.filter(|_| self.recording),
            kind,
            recording: self.recording,
            parent_is_remote: false,
            was_taken_out: false,
            switched_off: false,
        };
        if span.sampled_by.is_some_and(SamplerTags::is_adjustable) {
            span.write_sampler_tags(self.core);
        }
        span
    }
}

/// What a builder holds, whatever it is.
struct Details<'r, 'a> {
    static_name: &'static str,
    dynamic_name: Option<&'a str>,
    kind: SpanKind,
    start_time: Option<SystemTime>,
    references: &'r [Option<Reference<'a>>],
    links: &'r [(&'a SpanContext, &'a [Field<'a>])],
    tags: &'r [Field<'a>],
}

impl Details<'_, '_> {
    #[inline(always)]
    const fn plain(static_name: &'static str, kind: SpanKind) -> Self {
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
    fn start(&self, core: &'static Core, parent: Option<&SpanContext>) -> Span {
        let valid_parent = parent.filter(|parent| parent.is_valid());
        let trace_id = valid_parent.map_or_else(new_trace_id, SpanContext::trace_id);
        let (decision, debug) = self.decide(core, trace_id, valid_parent);
        let mut begun = Begun::anywhere(core, decision.sampled);
        begun.start_unix_ns = self.start_time.map_or(begun.start_unix_ns, to_unix_ns);
        let context = match (valid_parent, parent) {
            (Some(parent), _) => parent.child(begun.span_id, flags(parent.flags(), decision.sampled, debug)),
            (None, from) => {
                let flags = flags(TraceFlags::RANDOM, decision.sampled, debug);
                from.map_or_else(
                    || SpanContext::new(trace_id, begun.span_id, flags),
                    |from| from.new_root(trace_id, begun.span_id, flags),
                )
            }
        };
        let sampled_by = if valid_parent.is_none() { decision.by } else { None };
        let mut span = begun.span(context, self.static_name, self.kind, sampled_by);
        span.parent_is_remote = valid_parent.is_some_and(SpanContext::is_remote);
        if decision.sampled {
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
        if let Some(parent) = parent.filter(|_| core.follows_parents) {
            return (Decision::new(parent.is_sampled()), false);
        }
        let operation_name = self.dynamic_name.unwrap_or(self.static_name);
        let params = SamplingParams { trace_id, parent, operation_name, kind: self.kind, tags: self.tags };
        (core.sampler.sample(&params), false)
    }

    /// Puts what the builder holds into a span that records.
    fn record(&self, span: &mut Span, core: &Core) {
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
