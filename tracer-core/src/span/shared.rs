//! One span that several threads or tasks change.

use std::sync::Arc;

use parking_lot::Mutex;

use super::Span;
use crate::context::SpanContext;

/// A handle to a span behind a lock. Cloning shares it; the span ends with the last handle, or when
/// [`finish`](Self::finish) is called.
///
/// ```
/// use tracer_core::{SharedSpan, testing::TestTracer};
///
/// let test = TestTracer::new("shop");
/// let span = SharedSpan::new(test.tracer().span("crawl").start());
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| span.with(|span| { span.log("page", &[]); }));
///     }
/// });
/// span.finish();
/// assert_eq!(test.spans()[0].events.len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct SharedSpan {
    /// As it was when the span was shared: baggage set later is seen through `with` only.
    context: SpanContext,
    span: Arc<Mutex<Span>>,
}

impl SharedSpan {
    /// Shares a span.
    #[must_use]
    pub fn new(span: Span) -> Self {
        Self { context: span.context().clone(), span: Arc::new(Mutex::new(span)) }
    }

    /// The span's context, without the lock.
    #[must_use]
    pub const fn context(&self) -> &SpanContext {
        &self.context
    }

    /// Changes the span. Others wait meanwhile: keep `change` short, and do not use the handle in it.
    pub fn with<R>(&self, change: impl FnOnce(&mut Span) -> R) -> R {
        change(&mut self.span.lock())
    }

    /// Ends the span for all handles.
    pub fn finish(&self) {
        let span = std::mem::take(&mut *self.span.lock());
        span.finish();
    }
}
