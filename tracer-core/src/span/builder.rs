//! What is said of a span before it starts.

use std::mem::ManuallyDrop;
use std::time::SystemTime;

use super::start::{self, Details, Reference};
use super::{Span, SpanKind};
use crate::active;
use crate::context::SpanContext;
use crate::inline_list::InlineList;
use crate::tags::Key;
use crate::tracer::{Core, Tracer};
use crate::value::{Field, TagRef};

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
        let throttler = self.tracer.debug_throttler();
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
            (Some(core), Some(parent)) => start::below(core, name, kind, parent),
            (Some(core), None) if ignore_active => start::root(core, name, kind),
            (Some(core), None) => start::below_active(core, name, kind),
            (None, parent) => start::passing_on(parent, ignore_active),
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
            return Span::switched_off(core, parent.unwrap_or_default());
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
