//! The client's side: a call, its span, and what was answered.

use std::convert::identity;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{BoxError, Layer, ServiceExt, service_fn};
use tracer_core::{SpanId, Tracer, active};
use tracer_http::client::TraceLayer;
use tracer_propagation::Composite;

use crate::report::{Call, Called};

/// How long a call may take, those behind it included.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Makes calls, each with a span of its own.
#[derive(Clone)]
pub(crate) struct Caller {
    layer: TraceLayer,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// The client's span, put beside a response.
#[derive(Clone, Copy)]
struct ClientSpan(SpanId);

impl Caller {
    pub(crate) fn new(tracer: &Tracer, composite: &Composite) -> Self {
        Self {
            layer: TraceLayer::new(tracer.clone()).propagation(composite.clone()),
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) async fn call(&self, call: &Call) -> Called {
        let mut called = Called { url: call.url.clone(), span_id: None, answer: None, error: None };
        let sent = tokio::time::timeout(TIMEOUT, self.send(call, &mut called)).await;
        let result = sent.map_err(BoxError::from).and_then(identity);
        called.error = result.err().map(|error| error.to_string());
        called
    }

    async fn send(&self, call: &Call, called: &mut Called) -> Result<(), BoxError> {
        let body = Full::from(serde_json::to_vec(&call.arguments)?);
        let request = Request::post(&call.url).header(CONTENT_TYPE, "application/json").body(body)?;
        let client = self.client.clone();
        // Below the layer: there its span is the active one.
        let sender = service_fn(move |request: Request<Full<Bytes>>| send_as_is(client.clone(), request));
        let response = self.layer.layer(sender).oneshot(request).await?;
        called.span_id = response.extensions().get::<ClientSpan>().map(|ClientSpan(id)| id.to_string());
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?;
        called.answer = serde_json::from_slice(&body.to_bytes()).ok();
        Ok(())
    }
}

async fn send_as_is(
    client: Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, BoxError> {
    let span = active::context().map(|context| ClientSpan(context.span_id()));
    let mut response = client.request(request).await?;
    if let Some(span) = span {
        response.extensions_mut().insert(span);
    }
    Ok(response)
}
