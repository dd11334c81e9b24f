//! The body of a response, and with it the end of a span.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::exchange::Exchange;

pin_project! {
    /// A body whose span is active whenever it is polled or dropped. The span ends with it: at its
    /// end, at an error, or when it is dropped before (tag `cancelled`).
    #[derive(Debug)]
    pub struct TracedBody<B> {
        // Empty only while it is dropped.
        #[pin]
        inner: Option<B>,
        // `None`: the request is not traced, or its span has ended.
        traced: Option<Traced>,
    }

    impl<B> PinnedDrop for TracedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(traced) = this.traced.take() {
                traced.exchange.abandon(|| this.inner.set(None));
            }
        }
    }
}

#[derive(Debug)]
struct Traced {
    exchange: Exchange,
    /// How many bytes are still to come, if the body has a length: whoever sends it asks for no end
    /// after the last of them.
    remaining_bytes: Option<u64>,
}

impl<B> TracedBody<B> {
    pub(crate) const fn untraced(inner: B) -> Self {
        Self { inner: Some(inner), traced: None }
    }
}

impl<B: Body> TracedBody<B> {
    pub(crate) fn new(inner: B, exchange: Exchange, headers: &HeaderMap) -> Self {
        let remaining_bytes = inner.size_hint().exact().or_else(|| content_length(headers));
        Self { inner: Some(inner), traced: Some(Traced { exchange, remaining_bytes }) }
    }
}

impl<B> Body for TracedBody<B>
where
    B: Body,
    B::Error: Display + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(traced) = this.traced.as_mut() else {
            return inner.poll_frame(cx);
        };
        let polled = traced.exchange.in_scope(|| inner.as_mut().poll_frame(cx));
        let goes_on = match &polled {
            Poll::Pending => true,
            Poll::Ready(Some(Ok(frame))) => traced.goes_on_after(frame) && !inner.is_end_stream(),
            Poll::Ready(Some(Err(_)) | None) => false,
        };
        if goes_on {
            return polled;
        }
        match (&polled, this.traced.take()) {
            (Poll::Ready(Some(Err(error))), Some(traced)) => traced.exchange.fail(error),
            (_, Some(traced)) => traced.exchange.complete(),
            (_, None) => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl<B: Default> Default for TracedBody<B> {
    fn default() -> Self {
        Self::untraced(B::default())
    }
}

impl Traced {
    /// Notes a frame. Trailers are the last one.
    fn goes_on_after<D: bytes::Buf>(&mut self, frame: &Frame<D>) -> bool {
        if let Some(trailers) = frame.trailers_ref() {
            self.exchange.trailers(trailers);
            return false;
        }
        if let (Some(data), Some(remaining)) = (frame.data_ref(), &mut self.remaining_bytes) {
            *remaining = remaining.saturating_sub(data.remaining() as u64);
        }
        self.remaining_bytes != Some(0) || self.exchange.awaits_trailers()
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
