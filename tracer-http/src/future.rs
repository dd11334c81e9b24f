//! The future of a response: its span is active whenever it is polled or dropped.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::body::TracedBody;
use crate::exchange::Exchange;

pin_project! {
    /// What the traced services of this crate return: a response whose body carries the span on.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // Empty only while it is dropped.
        #[pin]
        inner: Option<F>,
        // `None`: the request is not traced.
        exchange: Option<Exchange>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(exchange) = this.exchange.take() {
                exchange.abandon(|| this.inner.set(None));
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(inner: F, exchange: Option<Exchange>) -> Self {
        Self { inner: Some(inner), exchange }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Display + 'static,
{
    type Output = Result<Response<TracedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let result = match this.exchange.as_mut() {
            Some(exchange) => ready!(exchange.in_scope(|| inner.poll(cx))),
            None => ready!(inner.poll(cx)),
        };
        Poll::Ready(match (result, this.exchange.take()) {
            (Ok(response), Some(exchange)) => Ok(carry_on(response, exchange)),
            (Ok(response), None) => Ok(response.map(TracedBody::untraced)),
            (Err(error), exchange) => {
                if let Some(exchange) = exchange {
                    exchange.fail(&error);
                }
                Err(error)
            }
        })
    }
}

/// Hands the span over to the body, or ends it where there is none.
fn carry_on<B: Body>(mut response: Response<B>, mut exchange: Exchange) -> Response<TracedBody<B>> {
    let may_have_body = exchange.respond(&mut response);
    if !may_have_body || response.body().is_end_stream() {
        exchange.complete();
        return response.map(TracedBody::untraced);
    }
    let (head, body) = response.into_parts();
    let body = TracedBody::new(body, exchange, &head.headers);
    Response::from_parts(head, body)
}
