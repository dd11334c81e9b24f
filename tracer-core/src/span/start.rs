//! Stage 1: from a builder to a running span.
//!
//! ```text
//! references | active span ──> parent ──> switch ──> sampling.priority | sampler ──> ids, clock ──> Span
//! ```
//!
//! Here are the ways of the usual spans, of which nothing is said but a name, a kind and a parent; all
//! others go by `details`.

mod details;

pub(super) use self::details::{Details, Reference, flags, sampling_priority};
use super::state::State;
use super::{Span, SpanKind};
use crate::active;
use crate::context::{SpanContext, SpanId, TraceFlags};
use crate::id_generator::{new_span_id, new_trace_id};
use crate::pipeline::local::{Current, Local};
use crate::sampler::{Decision, SamplingParams};
use crate::tracer::Core;

/// Starts a span below a parent that has decided, nearly always.
#[inline(always)]
pub(super) fn below(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    let begun = Begun::below(core, parent);
    if begun.is_here() {
        return begun.child(core, name, kind, parent);
    }
    below_slowly(core, name, kind, parent)
}

#[cold]
#[inline(never)]
fn below_slowly(core: &'static Core, name: &'static str, kind: SpanKind, parent: &SpanContext) -> Span {
    if core.switch.is_operation_off(name) {
        return switched_off(core, Some(parent));
    }
    if core.has_slow_start || !parent.is_decided() {
        return Details::plain(name, kind).start(core, Some(parent));
    }
    let (core, begun) = Begun::of(core, parent.is_sampled());
    begun.child(core, name, kind, parent)
}

/// Starts a span that begins a trace.
#[inline(never)]
pub(super) fn root(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    if core.switch.is_operation_off(name) {
        return switched_off(core, None);
    }
    if core.open_spans.is_some() {
        return Details::plain(name, kind).start(core, None);
    }
    let trace_id = new_trace_id();
    let params = SamplingParams { kind, ..SamplingParams::root(trace_id, name) };
    let Decision { sampled, by, .. } = core.sampler.sample(&params);
    let (core, begun) = Begun::of(core, sampled);
    let context = SpanContext::new(trace_id, begun.span_id(), flags(TraceFlags::RANDOM, sampled, false));
    let mut span = begun.span(core, name, kind, context);
    span.keep_sampler_tags(core, by.filter(|_| sampled));
    span
}

/// Starts a span below the active one, if there is one.
#[inline(never)]
pub(super) fn below_active(core: &'static Core, name: &'static str, kind: SpanKind) -> Span {
    match active::context() {
        Some(parent) => below(core, name, kind, &parent),
        None => root(core, name, kind),
    }
}

/// The span of a tracer that records nothing.
#[cfg_attr(not(feature = "recording-off"), inline(never))]
#[cfg_attr(feature = "recording-off", inline(always))]
pub(super) fn passing_on(parent: Option<&SpanContext>, ignore_active: bool) -> Span {
    let active = || if ignore_active { None } else { active::context() };
    Span::passing_on(parent.cloned().or_else(active).unwrap_or_default())
}

/// The span of an operation that is off.
#[inline(never)]
pub(super) fn switched_off(core: &'static Core, parent: Option<&SpanContext>) -> Span {
    let mut span = Span::passing_on(parent.cloned().unwrap_or_default());
    span.core = Some(core);
    span.state = State::SWITCHED_OFF;
    span
}

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
        if core.has_slow_start || !core.switch.is_every_operation_on() || !parent.is_decided() {
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
        let mut span = self.span(core, name, kind, parent.child(self.span_id(), parent.flags()));
        span.state = span.state.with(State::PARENT_IS_REMOTE.when(parent.is_remote()));
        span
    }

    #[inline(always)]
    fn span(self, core: &'static Core, name: &'static str, kind: SpanKind, context: SpanContext) -> Span {
        Span {
            core: Some(core),
            name,
            start: self.start_ticks,
            body: None,
            sampled_by: None,
            kind,
            state: State::RECORDING.when(context.is_sampled()),
            context,
        }
    }
}
