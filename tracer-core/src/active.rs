//! The active span: the one that spans started here, without a reference, are children of.
//!
//! Each thread has a stack of slots. A slot **owns** its span, so nothing is borrowed while an
//! application's code runs:
//!
//! ```text
//! push(span) ─> [ … | key 7: context, span | key 8: context, span ]   the last slot is active
//!                                                  │  ▲
//!                          with(|span| …) takes it └──┘ and puts it back; meanwhile the slot's
//!                                                       context is still the parent
//! ```
//!
//! - [`Scope`]: on one thread, from a call to the end of a block.
//! - [`Instrument`]: for a future or a stream, wherever it is polled.
//! - [`attach`], [`carry()`], [`Carried`]: only the context goes to another thread or task.
//!
//! Slots have keys, so a scope that ends out of order takes out its own slot and no other.

mod carry;
mod instrument;
mod scope;
mod stack;

use std::error::Error;

pub use self::carry::{Carried, carry};
pub use self::instrument::{Instrument, Instrumented, WithContext};
pub use self::scope::{ContextScope, Scope, attach};

use crate::context::SpanContext;
use crate::span::Span;
use crate::tags::Key;
use crate::tracer::Tracer;
use crate::value::{Field, TagRef};

/// The context that a span started now, without a reference, is a child of.
///
/// ```
/// use tracer_core::{active, testing::TestTracer};
///
/// let test = TestTracer::new("shop");
/// assert_eq!(active::context(), None);
/// let scope = test.tracer().span("outer").start_active();
/// assert_eq!(active::context().as_ref(), Some(&scope.context()));
/// let inner = test.tracer().span("inner").start();
/// assert_eq!(inner.context().parent_id(), scope.context().span_id());
/// ```
#[must_use]
#[inline]
pub fn context() -> Option<SpanContext> {
    stack::top_context().filter(|context| context.is_valid() || !context.baggage().is_empty())
}

/// The tracer of the active span, else the [global](crate::global) one.
#[must_use]
pub fn tracer() -> Tracer {
    stack::top_tracer().unwrap_or_else(|| crate::global::tracer().clone())
}

/// Changes the active span. `None` if there is none here: nothing is active, only a context is
/// attached, or this is called from within another `with` on the same span.
///
/// ```
/// use tracer_core::{active, testing::TestTracer};
///
/// fn load(key: &str) {
///     active::with(|span| { span.set_tag("key", key); });
/// }
///
/// let test = TestTracer::new("shop");
/// let scope = test.tracer().span("request").start_active();
/// load("user:7");
/// scope.finish();
/// assert_eq!(test.tree(), "request key=user:7\n");
/// ```
pub fn with<R>(change: impl FnOnce(&mut Span) -> R) -> Option<R> {
    let (key, span) = stack::take_top_span()?;
    let mut taken = TakenSpan { key, span };
    Some(change(&mut taken.span))
}

/// Sets a tag of the active span, if there is one. See [`Span::set_tag`].
///
/// ```
/// use tracer_core::{active, testing::TestTracer};
///
/// let test = TestTracer::new("shop");
/// let scope = test.tracer().span("request").start_active();
/// active::set_tag("key", "user:7");
/// active::log("cache miss", &[("retries", 2.into())]);
/// scope.finish();
/// assert_eq!(test.tree(), "request key=user:7\n  · cache miss retries=2\n");
/// ```
pub fn set_tag<'k, 'v, V: Into<TagRef<'v>>>(key: impl Key<'k, V>, value: V) {
    with(|span| {
        span.set_tag(key, value);
    });
}

/// Logs an event of the active span, if there is one. See [`Span::log`].
pub fn log(event: &str, fields: &[Field<'_>]) {
    with(|span| {
        span.log(event, fields);
    });
}

/// Records that the operation of the active span failed. See [`Span::record_error`].
pub fn record_error<E: Error + ?Sized>(error: &E) {
    with(|span| {
        span.record_error(error);
    });
}

/// A span that is out of its slot, and goes back however the closure ends.
struct TakenSpan {
    key: stack::Key,
    span: Span,
}

impl Drop for TakenSpan {
    fn drop(&mut self) {
        stack::put_back(self.key, std::mem::take(&mut self.span));
    }
}

impl Span {
    /// Makes this the active span while `run` runs on this thread.
    ///
    /// Reach the span through [`with`] meanwhile.
    pub fn in_scope<R>(&mut self, run: impl FnOnce() -> R) -> R {
        let mut span = Some(std::mem::take(self));
        let key = stack::push(&mut span);
        if let Some(span) = span {
            *self = span;
        }
        let _inside = Inside { home: self, key };
        run()
    }

    /// Makes this the active span of this thread until the scope ends.
    pub fn activate(self) -> Scope {
        Scope::new(self)
    }
}

/// Brings the span home however the closure ends.
struct Inside<'a> {
    home: &'a mut Span,
    key: Option<stack::Key>,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some(span) = self.key.and_then(stack::pop) {
            *self.home = span;
        }
    }
}
