//! Stage 1: from a builder to a running span.
//!
//! ```text
//! references | active span ──> parent ──> switch ──> sampling.priority | sampler ──> ids, clock ──> Span
//! ```
//!
//! Here are the ways of the usual spans, of which nothing is said but a name, a kind and a parent; all
//! others go by `details`.

mod details;

use std::mem::ManuallyDrop;

pub(super) use self::details::{Details, Reference, flags, sampling_priority};
use super::state::State;
use super::{Span, SpanKind, new_body};
use crate::active;
use crate::context::{SpanContext, SpanId, TraceFlags, TraceId};
use crate::id_generator::{new_span_id, new_trace_id};
use crate::pipeline::local::{Current, Local};
use crate::row::body::Body;
use crate::sampler::{SamplerTags, SamplingParams};
use crate::tracer::Core;

/// Starts a span below a parent that has decided, nearly always.
#[inline(always)]
pub(super) fn below(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    if core.switch.is_start_usual() {
        let begun = Begun::below(core, parent);
        if begun.is_here() {
            return begun.child(core, name, kind, parent);
        }
    }
    below_unless_off(core, name, kind, parent)
}

#[inline(never)]
fn below_unless_off(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    match core.switch.remembers_operation_off(name) {
        Some(true) => Span::switched_off(core, parent.clone()),
        Some(false) => below_slowly(core, name, kind, parent),
        None => below_unknown(core, name, kind, parent),
    }
}

#[cold]
#[inline(never)]
fn below_unknown(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    if core.switch.find_out_operation_off(name) {
        return Span::switched_off(core, parent.clone());
    }
    below_slowly(core, name, kind, parent)
}

#[inline(never)]
fn below_slowly(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    if !core.sampling.follows_parents || core.open_spans.is_some() || !parent.is_decided() {
        return Details::plain(name, kind).start(core, Some(parent));
    }
    let (core, begun) = Begun::of(core, parent.is_sampled());
    begun.child(core, name, kind, parent)
}

/// Starts a span that begins a trace.
#[inline(always)]
pub(super) fn root(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.switch.is_start_usual() {
        root_of_all(core, name, kind)
    } else {
        root_unless_off(core, name, kind)
    }
}

/// The same by a sampler that gives every trace the same answer, nearly always.
#[inline(never)]
fn root_of_all(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    // First of all, as in `Begun::here`.
    let Some(mut current) = Current::take() else { return root_slowly(core, name, kind) };
    let begun = match (&core.sampling.always, current.local(core.hub_id)) {
        (Some(always), Some(local)) => Begun::root(local, core, always.is_sampled),
        _ => (TraceId::INVALID, Begun::NOT_HERE),
    };
    current.put_back();
    let (trace_id, begun) = begun;
    match &core.sampling.always {
        Some(always) if begun.is_here() => {
            let flags = flags(TraceFlags::RANDOM, always.is_sampled, false);
            let context = SpanContext::root(trace_id, begun.span_id(), flags);
            begun.span(core, (name, kind), (context, State::OFF), (None, always.by))
        }
        _ => root_slowly(core, name, kind),
    }
}

#[inline(never)]
fn root_unless_off(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    match core.switch.remembers_operation_off(name) {
        Some(true) => Span::switched_off(core, SpanContext::default()),
        Some(false) => root_slowly(core, name, kind),
        None => root_unknown(core, name, kind),
    }
}

#[cold]
#[inline(never)]
fn root_unknown(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.switch.find_out_operation_off(name) {
        return Span::switched_off(core, SpanContext::default());
    }
    root_slowly(core, name, kind)
}

/// Starts a span that begins a trace, on any thread and any clock, and by any sampler.
#[inline(never)]
fn root_slowly(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.open_spans.is_some() {
        return Details::plain(name, kind).start(core, None);
    }
    let trace_id = new_trace_id();
    let params = SamplingParams { kind, ..SamplingParams::root(trace_id, name) };
    let decision = core.sampling.sampler.sample(&params);
    let sampled = decision.is_sampled();
    let (core, begun) = Begun::of(core, sampled);
    let context = SpanContext::root(trace_id, begun.span_id(), flags(TraceFlags::RANDOM, sampled, false));
    let kept = kept_tags(core, decision.by.filter(|_| sampled));
    begun.span(core, (name, kind), (context, State::OFF), kept)
}

/// What a span that records keeps of its sampler's tags; those that may be others later are written now.
#[inline(always)]
fn kept_tags(core: &'static Core, by: Option<&'static SamplerTags>) -> Kept {
    match by {
        Some(tags) if tags.is_adjustable() => (Some(new_body(core, Some(tags))), None),
        by => (None, by),
    }
}

/// Starts a span below the active one, if there is one.
#[inline(never)]
pub(super) fn below_active(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.switch.remembers_operation_off(name) == Some(true) {
        return Span::switched_off(core, active::context().unwrap_or_default());
    }
    match active::context() {
        Some(parent) => below(core, name, kind, &parent),
        None => root(core, name, kind),
    }
}

/// The span of a tracer that records nothing.
#[cfg_attr(not(feature = "recording-off"), inline(never))]
#[cfg_attr(feature = "recording-off", inline(always))]
pub(super) fn passing_on(parent: Option<&SpanContext>, ignore_active: bool) -> Span {
    match parent {
        Some(parent) => Span::passing_on(parent.clone()),
        None if ignore_active => Span::noop(),
        None => Span::passing_on(active::context().unwrap_or_default()),
    }
}

/// The sampler's tags, in a body or to be put there.
type Kept = (Option<Box<Body>>, Option<&'static SamplerTags>);

/// What a span has from the moment at which it begins: two registers.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    span_id: u64,
    /// Of the tracer's clock; 0 if the span does not record.
    pub(super) start_ticks: u64,
}

impl Begun {
    const NOT_HERE: Self = Self { span_id: 0, start_ticks: 0 };

    /// As [`here`](Self::here), for a span that follows its parent. Also without an id where anything is unusual.
    #[inline(never)]
    fn below(core: &'static Core, parent: &SpanContext) -> Self {
        if !parent.is_decided() {
            return Self::NOT_HERE;
        }
        Self::here(core, parent.is_sampled())
    }

    /// Counts a span, draws its id, and reads the clock if it records. Without an id, and nothing is counted, if
    /// this thread has to be prepared for it, or the clock is not the processor's counter.
    #[inline(always)]
    fn here(core: &'static Core, recording: bool) -> Self {
        // First of all: for the compiler this is a call, across which registers are kept.
        let Some(mut current) = Current::take() else { return Self::NOT_HERE };
        let begun = match current.local(core.hub_id) {
            Some(local) => Self::with(local, core, recording),
            None => Self::NOT_HERE,
        };
        current.put_back();
        begun
    }

    #[inline(always)]
    fn with(local: &mut Local, core: &'static Core, recording: bool) -> Self {
        let span_id = local.ids.next_u64();
        if span_id == 0 {
            return Self::NOT_HERE;
        }
        if !recording {
            local.counters.unsampled.add(1);
            return Self { span_id, start_ticks: 0 };
        }
        let Some(counter) = core.counter else { return Self::NOT_HERE };
        local.counters.started.add(1);
        Self { span_id, start_ticks: counter.ticks() }
    }

    /// As [`with`](Self::with), and the id of a new trace before.
    #[inline(always)]
    fn root(local: &mut Local, core: &'static Core, recording: bool) -> (TraceId, Self) {
        // Random: any order of the bytes will do.
        let [high, low] = [local.ids.next_u64(), local.ids.next_u64()];
        let begun = if high == 0 || low == 0 { Self::NOT_HERE } else { Self::with(local, core, recording) };
        (TraceId::from_bytes((u128::from(high) << 64 | u128::from(low)).to_ne_bytes()), begun)
    }

    #[inline(always)]
    const fn is_here(self) -> bool {
        self.span_id != 0
    }

    /// The id in the order of its bytes in memory: it is random, so that any order will do.
    #[inline(always)]
    const fn span_id(self) -> SpanId {
        SpanId::from_bytes(self.span_id.to_ne_bytes())
    }

    /// The same on any thread and any clock; and the tracer's core, as it is in this process.
    #[inline]
    fn of(core: &'static Core, recording: bool) -> (&'static Core, Self) {
        let begun = Self::here(core, recording);
        if begun.is_here() { (core, begun) } else { Self::anywhere(core, recording) }
    }

    /// The same without a try.
    #[cold]
    #[inline(never)]
    pub(super) fn anywhere(core: &'static Core, recording: bool) -> (&'static Core, Self) {
        let count = |local: &mut Local| {
            let counter = if recording { &local.counters.started } else { &local.counters.unsampled };
            counter.add(1);
        };
        let core = core.of_this_process();
        core.hub.with_local(count);
        let start_ticks = if recording { core.clock.ticks() } else { 0 };
        (core, Self { span_id: new_span_id(), start_ticks })
    }

    #[inline(always)]
    fn child(self, core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
        let context = parent.child(self.span_id(), parent.flags());
        let state = State::PARENT_IS_REMOTE.when(parent.is_remote());
        self.span(core, (name, kind), (context, state), (None, None))
    }

    /// The span, put together where it will be: parts that are changed later would be written narrowly and read
    /// widely, which a processor waits for.
    #[inline(always)]
    fn span(
        self,
        core: &'static Core,
        (name, kind): (&'static str, SpanKind),
        (context, state): (SpanContext, State),
        (body, sampled_by): Kept,
    ) -> Span {
        Span {
            core: Some(core),
            name,
            start: self.start_ticks,
            body: ManuallyDrop::new(body),
            sampled_by,
            kind,
            state: state.with(State::RECORDING.when(context.is_sampled())),
            context: ManuallyDrop::new(context),
        }
    }
}
