//! What travels: the identity of a span, what is decided about its trace, and its baggage.
//!
//! ```text
//! SpanContext, 48 bytes
//! ┌──────────────┬──────────┬───────────┬───────┬────────┬─────────────────────┐
//! │ trace_id 16  │ span_id 8│ parent_id 8│ flags │ remote │ extra: Option<Arc>  │
//! └──────────────┴──────────┴───────────┴───────┴────────┴──────────┬──────────┘
//!                                     None almost always; else ──> { baggage, trace_state }
//! ```

mod baggage;
mod flags;
mod id;
mod marks;
mod trace_state;

use std::sync::Arc;

pub use self::baggage::{Baggage, BaggageItem, BaggageProperty};
pub use self::flags::TraceFlags;
pub use self::id::{SpanId, TraceId};
use self::marks::Marks;
pub use self::trace_state::{TraceState, TraceStateError};

/// The part of a span that is passed on: over threads, queues and the network.
///
/// Cheap to clone and to send. A context may be without ids and still carry baggage: a span that
/// is started from it begins a new trace and keeps the baggage.
///
/// ```
/// use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
///
/// let context = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED)
///     .with_baggage_item("session", "7");
/// assert!(context.is_valid() && context.is_sampled());
/// assert_eq!(context.baggage_item("session"), Some("7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanContext {
    trace_id: TraceId,
    span_id: SpanId,
    parent_id: SpanId,
    marks: Marks,
    extra: Option<Arc<Extra>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Extra {
    baggage: Baggage,
    trace_state: TraceState,
}

impl SpanContext {
    /// A context of a span in this process, without parent, tracestate or baggage.
    #[must_use]
    #[inline]
    pub const fn new(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Self {
        let marks = Marks::new(flags, trace_id.is_valid() && span_id.is_valid());
        Self { trace_id, span_id, parent_id: SpanId::INVALID, marks, extra: None }
    }

    /// The same of ids that are set.
    #[inline(always)]
    pub(crate) const fn root(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Self {
        Self { trace_id, span_id, parent_id: SpanId::INVALID, marks: Marks::new(flags, true), extra: None }
    }

    /// A context without a trace that carries baggage only.
    #[must_use]
    pub fn from_baggage(baggage: Baggage) -> Self {
        Self::default().with_baggage(baggage)
    }

    /// The same with a parent's span id.
    #[must_use]
    #[inline]
    pub const fn with_parent_id(mut self, parent_id: SpanId) -> Self {
        self.parent_id = parent_id;
        self
    }

    /// The same with other flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: TraceFlags) -> Self {
        self.marks = self.marks.with_flags(flags);
        self
    }

    /// The same, marked as received from another process.
    #[must_use]
    #[inline]
    pub const fn into_remote(mut self) -> Self {
        self.marks = self.marks.into_remote();
        self
    }

    /// The same with another tracestate.
    #[must_use]
    #[inline]
    pub fn with_trace_state(self, trace_state: TraceState) -> Self {
        let baggage = self.baggage().clone();
        let is_empty = trace_state.is_empty() && baggage.is_empty();
        self.with_extra(is_empty, Extra { baggage, trace_state })
    }

    /// Takes the tracestate of a header's value, as [`TraceState::parse`] reads it.
    ///
    /// # Errors
    /// As there; what was there then stays.
    pub fn read_trace_state(&mut self, list: &[u8]) -> Result<(), TraceStateError> {
        // Built in its place, of which the copy on the heap is made.
        let mut extra = Extra { baggage: self.baggage().clone(), trace_state: TraceState::default() };
        extra.trace_state.read(list)?;
        let is_empty = extra.trace_state.is_empty() && extra.baggage.is_empty();
        self.extra = (!is_empty).then(|| Arc::new(extra));
        Ok(())
    }

    /// The same with other baggage.
    #[must_use]
    pub fn with_baggage(self, baggage: Baggage) -> Self {
        let trace_state = self.trace_state().cloned().unwrap_or_default();
        let is_empty = trace_state.is_empty() && baggage.is_empty();
        self.with_extra(is_empty, Extra { baggage, trace_state })
    }

    /// The same with one baggage item set.
    #[must_use]
    pub fn with_baggage_item(self, key: &str, value: &str) -> Self {
        let baggage = self.baggage().with_item(key, value);
        self.with_baggage(baggage)
    }

    /// The trace.
    #[must_use]
    #[inline]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span.
    #[must_use]
    #[inline]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// The span's parent; not valid in a root, or where the parent is not known.
    #[must_use]
    #[inline]
    pub const fn parent_id(&self) -> SpanId {
        self.parent_id
    }

    /// The flags.
    #[must_use]
    #[inline]
    pub const fn flags(&self) -> TraceFlags {
        self.marks.flags()
    }

    /// Whether the trace is recorded.
    #[must_use]
    #[inline]
    pub const fn is_sampled(&self) -> bool {
        self.marks.flags().is_sampled()
    }

    /// Whether it came from another process.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        self.marks.is_remote()
    }

    /// Whether both ids are set.
    #[must_use]
    #[inline]
    pub const fn is_valid(&self) -> bool {
        self.marks.is_valid()
    }

    /// Whether a child has nothing to decide.
    #[inline(always)]
    pub(crate) const fn is_decided(&self) -> bool {
        self.marks.is_decided()
    }

    /// Whether there is tracestate or baggage.
    #[inline]
    pub(crate) const fn has_extra(&self) -> bool {
        self.extra.is_some()
    }

    /// The vendors' list; `None` if it is empty.
    #[must_use]
    #[inline]
    pub fn trace_state(&self) -> Option<&TraceState> {
        self.extra.as_ref().map(|extra| &extra.trace_state).filter(|state| !state.is_empty())
    }

    /// The baggage.
    #[must_use]
    #[inline]
    pub fn baggage(&self) -> &Baggage {
        const NONE: &Baggage = &Baggage::new();
        self.extra.as_ref().map_or(NONE, |extra| &extra.baggage)
    }

    /// The value of a baggage item.
    #[must_use]
    pub fn baggage_item(&self, key: &str) -> Option<&str> {
        self.baggage().get(key)
    }

    /// The context of a span below this one: same trace, tracestate and baggage.
    #[inline(always)]
    pub(crate) fn child(&self, span_id: SpanId, flags: TraceFlags) -> Self {
        Self {
            trace_id: self.trace_id,
            span_id,
            parent_id: self.span_id,
            marks: self.marks.of_child(flags),
            extra: self.extra.clone(),
        }
    }

    /// The context of a new trace that keeps this one's baggage, and no more of it.
    pub(crate) fn new_root(&self, trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Self {
        let root = Self::new(trace_id, span_id, flags);
        if self.extra.is_none() {
            return root;
        }
        root.with_baggage(self.baggage().clone())
    }

    #[inline]
    fn with_extra(mut self, is_empty: bool, extra: Extra) -> Self {
        self.extra = (!is_empty).then(|| Arc::new(extra));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_48_bytes() {
        assert_eq!(size_of::<SpanContext>(), 48);
    }

    #[test]
    fn a_child_keeps_the_trace_and_what_travels_with_it() {
        let mut state = TraceState::default();
        state.insert("congo", "1").unwrap();
        let parent =
            SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED)
                .with_trace_state(state.clone())
                .with_baggage_item("k", "v");
        let child = parent.child(SpanId::from_bytes([3; 8]), parent.flags());
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_eq!(child.parent_id(), parent.span_id());
        assert_eq!(child.trace_state(), Some(&state));
        assert_eq!(child.baggage_item("k"), Some("v"));
    }

    #[test]
    fn a_new_root_keeps_only_the_baggage() {
        let from = SpanContext::from_baggage(Baggage::new().with_item("k", "v"));
        let root = from.new_root(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::NONE);
        assert!(!from.is_valid());
        assert_eq!(root.baggage_item("k"), Some("v"));
        assert_eq!(root.trace_state(), None);
    }

    #[test]
    fn a_tracestate_that_cannot_be_read_leaves_the_one_that_is_there() {
        let mut context = SpanContext::default().with_baggage_item("k", "v");
        context.read_trace_state(b"a=1, b=2").unwrap();
        assert_eq!(context.read_trace_state(b"A=1"), Err(TraceStateError::Key));
        assert_eq!(context.trace_state().map(TraceState::as_str), Some("a=1,b=2"));
        context.read_trace_state(b" ,").unwrap();
        assert_eq!((context.trace_state(), context.baggage_item("k")), (None, Some("v")));
    }
}
