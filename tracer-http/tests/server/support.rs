//! A layer, a request, and what becomes of it.

use std::convert::Infallible;
use std::future::ready;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::testing::TestTracer;
use tracer_http::TracedBody;
use tracer_http::server::TraceLayer;

pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).body(Empty::new()).unwrap()
}

pub(crate) fn layer(test: &TestTracer) -> TraceLayer {
    TraceLayer::new(test.tracer().clone())
}

/// A request answered by `answer`, its body not yet read.
pub(crate) async fn ask<B: Body>(
    layer: &TraceLayer,
    request: Request<Empty<Bytes>>,
    answer: impl FnOnce() -> Response<B>,
) -> Response<TracedBody<B>> {
    let mut answer = Some(answer);
    let service = service_fn(|_| ready(Ok::<_, Infallible>(answer.take().unwrap()())));
    layer.layer(service).oneshot(request).await.unwrap()
}

pub(crate) fn ok() -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

pub(crate) fn status(status: StatusCode) -> Response<Empty<Bytes>> {
    Response::builder().status(status).body(Empty::new()).unwrap()
}

pub(crate) fn tag(test: &TestTracer, key: &str) -> Option<String> {
    test.spans()[0].attribute(key).map(Value::to_string)
}
