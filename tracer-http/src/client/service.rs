//! The service: starts a request's span, and sends its context along.

use std::fmt::Display;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::layer::TraceLayer;
use crate::body::TracedBody;
use crate::future::ResponseFuture;
use crate::head::RequestHead;

/// A service whose requests are traced; see [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S> Trace<S> {
    pub(super) const fn new(inner: S, layer: TraceLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Trace<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    S::Error: Display + 'static,
    ResBody: Body,
{
    type Response = Response<TracedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let Some(mut exchange) = self.layer.begin(RequestHead::of(&request)) else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let policy = self.layer.policy(request.uri(), request.headers());
        self.layer.inject(exchange.context(), policy, request.headers_mut());
        let future = exchange.in_scope(|| self.inner.call(request));
        ResponseFuture::new(future, Some(exchange))
    }
}
