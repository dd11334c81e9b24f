//! Futures and streams that have a span, or run under a context, wherever they are polled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::scope::attach;
use crate::context::SpanContext;
use crate::span::Span;
use crate::tags;

/// Gives a future or a stream a span or a context.
///
/// ```
/// use tracer_core::{active, active::Instrument, testing::TestTracer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let test = TestTracer::new("shop");
/// let span = test.tracer().span("request").start();
/// async {
///     tokio::task::yield_now().await;
///     active::with(|span| { span.set_tag("rows", 3); });
/// }
/// .in_span(span)
/// .await;
/// assert_eq!(test.tree(), "request rows=3\n");
/// # }
/// ```
pub trait Instrument: Sized {
    /// The span is active whenever this is polled or dropped. It ends when the future is ready or
    /// the stream is over; if that is dropped before, the span is tagged `cancelled`.
    fn in_span(self, span: Span) -> Instrumented<Self> {
        Instrumented { inner: Some(self), span: Some(span) }
    }

    /// The context is active whenever this is polled or dropped.
    fn in_context(self, context: SpanContext) -> WithContext<Self> {
        WithContext { inner: Some(self), context: Some(context) }
    }

    /// What is active now is active whenever this is polled or dropped: for `spawn`.
    fn in_current_context(self) -> WithContext<Self> {
        WithContext { inner: Some(self), context: super::context() }
    }
}

impl<T> Instrument for T {}

pin_project! {
    /// A future or stream with a span of its own; see [`Instrument::in_span`].
    #[derive(Debug)]
    #[must_use = "futures and streams do nothing unless polled"]
    pub struct Instrumented<T> {
        #[pin]
        inner: Option<T>,
        span: Option<Span>,
    }

    impl<T> PinnedDrop for Instrumented<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut span) = this.span.take() {
                span.set_tag(tags::CANCELLED, true);
                span.in_scope(|| this.inner.set(None));
            }
        }
    }
}

pin_project! {
    /// A future or stream under a context; see [`Instrument::in_context`].
    #[derive(Debug)]
    #[must_use = "futures and streams do nothing unless polled"]
    pub struct WithContext<T> {
        #[pin]
        inner: Option<T>,
        context: Option<SpanContext>,
    }

    impl<T> PinnedDrop for WithContext<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _scope = this.context.take().map(attach);
            this.inner.set(None);
        }
    }
}

impl<T> Instrumented<T> {
    /// The span's context; `None` once the span has ended.
    pub fn context(&self) -> Option<&SpanContext> {
        self.span.as_ref().map(Span::context)
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let poll = run_in(this.span.as_mut(), || poll_inner(this.inner, cx));
        if poll.is_ready() {
            drop(this.span.take());
        }
        poll
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _scope = this.context.clone().map(attach);
        poll_inner(this.inner, cx)
    }
}

#[cfg(feature = "stream")]
impl<S: futures_core::Stream> futures_core::Stream for Instrumented<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let poll = run_in(this.span.as_mut(), || poll_next_inner(this.inner, cx));
        if matches!(poll, Poll::Ready(None)) {
            drop(this.span.take());
        }
        poll
    }
}

#[cfg(feature = "stream")]
impl<S: futures_core::Stream> futures_core::Stream for WithContext<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let _scope = this.context.clone().map(attach);
        poll_next_inner(this.inner, cx)
    }
}

/// Runs under a span, or as it is when the span has ended.
fn run_in<R>(span: Option<&mut Span>, run: impl FnOnce() -> R) -> R {
    match span {
        Some(span) => span.in_scope(run),
        None => run(),
    }
}

/// `inner` is empty only after a drop, and nothing polls then.
fn poll_inner<F: Future>(inner: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<F::Output> {
    inner.as_pin_mut().map_or(Poll::Pending, |inner| inner.poll(cx))
}

#[cfg(feature = "stream")]
fn poll_next_inner<S: futures_core::Stream>(
    inner: Pin<&mut Option<S>>,
    cx: &mut Context<'_>,
) -> Poll<Option<S::Item>> {
    inner.as_pin_mut().map_or(Poll::Ready(None), |inner| inner.poll_next(cx))
}
