//! Scopes: an active span, or an attached context, until the end of a block.

use std::marker::PhantomData;

use super::stack::{self, Key};
use crate::context::SpanContext;
use crate::span::Span;

/// Owns the active span of a thread; when it ends, so does the span.
///
/// It stays on its thread, and is not for holding across `.await`: see
/// [`Instrument`](super::Instrument). Scopes may end in any order.
#[derive(Debug)]
#[must_use = "the scope ends when it is dropped"]
pub struct Scope {
    slot: Option<Key>,
    /// The span, where it could not be made active: the thread is being torn down.
    homeless: Option<Span>,
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(super) fn new(span: Span) -> Self {
        let mut homeless = Some(span);
        let slot = stack::push(&mut homeless);
        Self { slot, homeless, not_send: PhantomData }
    }

    /// The span's context.
    #[must_use]
    pub fn context(&self) -> SpanContext {
        let homeless = || self.homeless.as_ref().map(|span| span.context().clone());
        self.slot.and_then(stack::context_of).or_else(homeless).unwrap_or_default()
    }

    /// Changes the span, also while another one is active above it. `None` if this is called from
    /// within another change of the same span.
    pub fn with<R>(&mut self, change: impl FnOnce(&mut Span) -> R) -> Option<R> {
        let Some(key) = self.slot else {
            return self.homeless.as_mut().map(change);
        };
        let mut taken = super::TakenSpan { key, span: stack::take_span(key)? };
        Some(change(&mut taken.span))
    }

    /// Ends the scope and the span.
    pub fn finish(self) {
        drop(self);
    }

    /// Ends the scope only, and gives the span back.
    pub fn into_span(mut self) -> Span {
        let active = self.slot.take().and_then(stack::pop);
        active.or_else(|| self.homeless.take()).unwrap_or_default()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // The span ends here, when the stack is no longer borrowed.
        drop(self.slot.take().and_then(stack::pop));
    }
}

/// Makes a context that came from elsewhere the parent of what starts on this thread, until the
/// returned scope ends.
///
/// ```
/// use tracer_core::{active, Baggage, SpanContext};
///
/// let context = SpanContext::from_baggage(Baggage::new().with_item("session", "7"));
/// let _scope = active::attach(context);
/// assert_eq!(active::context().unwrap().baggage_item("session"), Some("7"));
/// ```
pub fn attach(context: SpanContext) -> ContextScope {
    ContextScope { slot: stack::push_context(context), not_send: PhantomData }
}

/// Keeps a context attached; see [`attach`].
#[derive(Debug)]
#[must_use = "the scope ends when it is dropped"]
pub struct ContextScope {
    slot: Option<Key>,
    not_send: PhantomData<*const ()>,
}

impl Drop for ContextScope {
    fn drop(&mut self) {
        if let Some(key) = self.slot {
            stack::pop(key);
        }
    }
}
