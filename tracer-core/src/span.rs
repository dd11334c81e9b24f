//! A span: one operation, from its start to its finish.
//!
//! Stages 1 to 4 of its walk are the files of this folder: `start`, `tag`, `log`, `finish`.

mod builder;
mod finish;
mod kind;
mod log;
mod shared;
mod start;
mod state;
mod tag;

use std::mem::ManuallyDrop;

use crate::context::SpanContext;
use crate::pipeline::local::Current;
use crate::row::body::{Body, Rest};
use crate::sampler::SamplerTags;
use crate::tracer::{Core, Tracer};

pub use self::builder::SpanBuilder;
pub use self::kind::{SpanKind, StatusCode};
pub use self::shared::SharedSpan;
use self::state::State;

/// A running operation. Owned by whoever works on it and changed only through `&mut`; to change one
/// span from several threads see [`SharedSpan`].
///
/// [`finish`](Self::finish) or dropping it ends it. A span that is not recorded takes all calls,
/// does nothing, and still passes its context on.
///
/// ```
/// use tracer_core::testing::TestTracer;
///
/// let test = TestTracer::new("shop");
/// let mut order = test.tracer().span("order").start();
/// order.set_tag("items", 3);
/// order.log("paid", &[("cents", 999.into())]);
/// test.tracer().span("ship").child_of(order.context()).start().finish();
/// order.finish();
/// assert_eq!(test.tree(), "\
/// order items=3
///   · paid cents=999
/// └─ ship
/// ");
/// ```
#[must_use = "a span that is dropped is finished"]
pub struct Span {
    /// This and the body are given up by whoever ends the span, so that the end of one that owns nothing is a
    /// test.
    context: ManuallyDrop<SpanContext>,
    core: Option<&'static Core>,
    /// A name that is part of the program; empty if the body holds another.
    name: &'static str,
    /// When it began: ticks of its clock, or unix nanoseconds if the state says so.
    start: u64,
    /// Everything else that was set; nothing was, while there is none.
    body: ManuallyDrop<Option<Box<Body>>>,
    /// What the sampler leaves on a root; goes in front of a body.
    sampled_by: Option<&'static SamplerTags>,
    kind: SpanKind,
    state: State,
}

impl Span {
    /// A span that records nothing and belongs to no trace.
    pub fn noop() -> Self {
        Self::passing_on(SpanContext::default())
    }

    /// What to pass on, and what children refer to.
    #[must_use]
    pub fn context(&self) -> &SpanContext {
        &self.context
    }

    /// Whether anything that is set is kept. See also [`set_tag_with`](Self::set_tag_with).
    #[must_use]
    pub const fn is_recording(&self) -> bool {
        self.state.has(State::RECORDING) && !cfg!(feature = "recording-off")
    }

    /// The tracer that started it.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        self.core.map_or(Tracer::noop(), Core::tracer)
    }

    /// Renames the operation, for instance when the route is known. The sampler is not asked again.
    pub fn set_operation_name(&mut self, name: &str) {
        if let Some((body, core)) = self.recorder() {
            body.set_name(name, &core.limits.span);
        }
    }

    /// Sets a baggage item for this span's context and all spans below it that start later, within the
    /// tracer's [restrictions](crate::BaggageRestrictions).
    pub fn set_baggage_item(&mut self, key: &str, value: &str) {
        let restrictions = self.core.and_then(|core| core.baggage_restrictions.as_ref());
        let value = restrictions.map_or(Some(value), |restrictions| restrictions.check(key, value));
        if let Some(value) = value {
            *self.context = std::mem::take(&mut *self.context).with_baggage_item(key, value);
        }
    }

    /// The value of a baggage item: set here, or by any span above, in any process.
    #[must_use]
    pub fn baggage_item(&self, key: &str) -> Option<&str> {
        self.context.baggage_item(key)
    }

    /// A span that records nothing and passes a context on.
    #[inline(always)]
    const fn passing_on(context: SpanContext) -> Self {
        Self::idle(None, State::OFF, context)
    }

    /// The span of an operation that is off.
    #[inline(always)]
    const fn switched_off(core: &'static Core, context: SpanContext) -> Self {
        Self::idle(Some(core), State::SWITCHED_OFF, context)
    }

    #[inline(always)]
    const fn idle(core: Option<&'static Core>, state: State, context: SpanContext) -> Self {
        let (name, kind) = ("", SpanKind::Internal);
        let (context, body) = (ManuallyDrop::new(context), ManuallyDrop::new(None));
        Self { context, core, name, start: 0, body, sampled_by: None, kind, state }
    }

    pub(crate) const fn core(&self) -> Option<&'static Core> {
        self.core
    }

    fn operation_name(&self) -> &str {
        let rest = self.body.as_ref().and_then(|body| body.rest());
        rest.and_then(Rest::name).unwrap_or(self.name)
    }

    /// The parts that a change needs, if the span records.
    #[inline(always)]
    fn recorder(&mut self) -> Option<(&mut Body, &'static Core)> {
        if self.body.is_none() {
            // One test for a span that does not record.
            if !self.is_recording() {
                return None;
            }
            let sampled_by = self.sampled_by.take();
            *self.body = self.core.map(|core| new_body(core, sampled_by));
        }
        match (&mut *self.body, self.core) {
            (Some(body), Some(core)) => Some((body, core)),
            _ => None,
        }
    }
}

/// A body that holds what a sampler leaves.
#[inline(never)]
fn new_body(core: &Core, sampled_by: Option<&SamplerTags>) -> Box<Body> {
    let mut body = pooled_body(core).unwrap_or_default();
    if let Some(tags) = sampled_by {
        tags.put_into(&mut body);
    }
    body
}

#[inline(always)]
fn pooled_body(core: &Core) -> Option<Box<Body>> {
    let mut current = Current::take()?;
    let body = match current.local(core.hub_id) {
        Some(local) => local.take_body(),
        None => None,
    };
    current.put_back();
    body
}

impl Default for Span {
    fn default() -> Self {
        Self::noop()
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.operation_name();
        f.debug_struct("Span").field("name", &name).field("context", self.context()).finish_non_exhaustive()
    }
}
