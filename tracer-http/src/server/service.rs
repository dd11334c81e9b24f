//! The service: from a request's head to its span.

use std::borrow::Cow;
use std::fmt::Display;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;
use tracer_core::SpanKind;

use super::layer::{ServerSettings, TraceLayer};
use crate::body::TracedBody;
use crate::exchange::{Exchange, Role};
use crate::future::ResponseFuture;
use crate::head::RequestHead;
use crate::settings::protocol;
use crate::tags::{self, method};

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

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Some(mut exchange) = begin(self.layer.settings(), RequestHead::of(&request)) else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        let future = exchange.in_scope(|| self.inner.call(request));
        ResponseFuture::new(future, Some(exchange))
    }
}

/// Starts the span of a request, if it is to be traced.
fn begin(settings: &ServerSettings, head: RequestHead<'_>) -> Option<Exchange> {
    let common = &settings.common;
    if !common.wants(&head) {
        return None;
    }
    let edge = settings.edge;
    let mut count = |error| settings.malformed.add(error);
    let extracted = edge.extract_reporting(&common.composite, head.headers, &mut count);
    let rpc = common.rpc(&head);
    let name = common.name(&head, rpc, || usual_name(&head));
    let builder = common.tracer.span_with_name(&name).kind(SpanKind::Server);
    let mut span = edge.start(&extracted, tags::at_server_start(builder, &head, rpc));
    if span.is_recording() {
        tags::of_server(&mut span, &head, rpc.is_some(), &settings.view());
    }
    let role = Role::Server { names: settings.names, hides_unknown_methods: common.span_name.is_none() };
    Some(Exchange::new(span, role, protocol(&head, rpc)))
}

/// `GET /users/{id}`, or `GET`.
fn usual_name<'a>(head: &RequestHead<'a>) -> Cow<'a, str> {
    let method = method::span_name(head.method);
    match head.route() {
        Some(route) => Cow::Owned([method, " ", route].concat()),
        None => Cow::Borrowed(method),
    }
}
