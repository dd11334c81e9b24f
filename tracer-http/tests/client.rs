//! What the client's layer does with requests, their headers and their ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::Context;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use tower::{Layer, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::sampler::ConstSampler;
use tracer_core::testing::TestTracer;
use tracer_core::{SpanKind, StatusCode as SpanStatus, Tracer};
use tracer_http::client::{OutgoingPolicy, Propagation, TraceLayer};

fn layer(test: &TestTracer) -> TraceLayer {
    TraceLayer::new(test.tracer().clone())
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

/// What the headers are when they leave.
async fn sent(layer: &TraceLayer, request: Request<()>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let remote = service_fn(|request: Request<()>| {
        headers = request.headers().clone();
        ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
    });
    layer.layer(remote).oneshot(request).await.unwrap();
    headers
}

async fn answered(layer: &TraceLayer, uri: &str, status: StatusCode) {
    let remote = service_fn(|_: Request<()>| {
        let response = Response::builder().status(status).body(Empty::<Bytes>::new());
        ready(Ok::<_, Infallible>(response.unwrap()))
    });
    layer.layer(remote).oneshot(get(uri)).await.unwrap();
}

#[tokio::test]
async fn the_context_and_the_baggage_go_along() {
    let test = TestTracer::new("shop");
    let mut outer = test.tracer().span("outer").start();
    outer.set_baggage_item("session", "7");
    let scope = outer.activate();
    let headers = sent(&layer(&test), get("http://h/")).await;
    let outer_id = scope.context().span_id();
    scope.finish();
    let spans = test.spans();
    let span = &spans[0];
    assert_eq!((span.kind, span.parent_span_id), (SpanKind::Client, outer_id));
    let expected = format!("00-{}-{}-0", span.trace_id, span.span_id);
    assert!(headers["traceparent"].to_str().unwrap().starts_with(&expected));
    assert_eq!(headers["baggage"], "session=7");
}

#[tokio::test]
async fn what_the_inner_service_starts_is_below_the_request() {
    let test = TestTracer::new("shop");
    let tracer = test.tracer().clone();
    let remote = service_fn(move |_: Request<()>| {
        tracer.span("at call").start().finish();
        let tracer = tracer.clone();
        async move {
            tracer.span("at poll").start().finish();
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    layer(&test).layer(remote).oneshot(get("http://h/")).await.unwrap();
    let spans = test.spans();
    assert_eq!(spans.len(), 3);
    assert!(spans[..2].iter().all(|span| span.parent_span_id == spans[2].span_id));
}

#[tokio::test]
async fn stale_headers_are_replaced() {
    let test = TestTracer::new("shop");
    let request = Request::get("http://h/")
        .header("traceparent", "00-11111111111111111111111111111111-1111111111111111-01")
        .header("traceparent", "00-22222222222222222222222222222222-2222222222222222-01")
        .header("tracestate", "old=1")
        .header("baggage", "old=1")
        .header("x-other", "kept")
        .body(())
        .unwrap();
    let headers = sent(&layer(&test), request).await;
    let span = &test.spans()[0];
    let all: Vec<_> = headers.get_all("traceparent").iter().collect();
    assert_eq!(all.len(), 1);
    assert!(all[0].to_str().unwrap().contains(&span.span_id.to_string()));
    assert!(!headers.contains_key("tracestate") && !headers.contains_key("baggage"));
    assert_eq!(headers["x-other"], "kept");
}

#[tokio::test]
async fn strangers_are_sent_what_the_policy_says() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).propagate_to(|uri| match uri.host() {
        Some("friend") => Propagation::Full,
        Some("stranger") => Propagation::TraceOnly,
        _ => Propagation::None,
    });
    let mut outer = test.tracer().span("outer").start();
    outer.set_baggage_item("secret", "1");
    let _scope = outer.activate();
    let mut seen = Vec::new();
    for uri in ["http://friend/", "http://stranger/", "http://foe/"] {
        let request = Request::get(uri)
            .header("traceparent", "00-11111111111111111111111111111111-1111111111111111-01")
            .header("baggage", "old=1")
            .body(())
            .unwrap();
        let headers = sent(&layer, request).await;
        seen.push((
            headers.contains_key("traceparent"),
            headers.get("baggage").map(|value| value.to_str().unwrap().to_owned()),
        ));
    }
    let full = Some("secret=1".to_owned());
    assert_eq!(seen, [(true, full), (true, None), (false, None)]);
    assert_eq!(test.spans().len(), 3);

    let all_or_nothing = self::layer(&test).propagate_to(|uri| uri.host() == Some("friend"));
    assert!(sent(&all_or_nothing, get("http://friend/")).await.contains_key("baggage"));
    assert!(sent(&all_or_nothing, get("http://foe/")).await.is_empty());
}

#[tokio::test]
async fn a_policy_by_host_looks_at_hosts_alone() {
    let test = TestTracer::new("shop");
    let policy = OutgoingPolicy::internal(["*.svc.cluster.local", "::1"]).unwrap();
    let layer = layer(&test).outgoing_policy(policy);
    let mut outer = test.tracer().span("outer").start();
    outer.set_baggage_item("secret", "1");
    let _scope = outer.activate();
    for (uri, is_friend) in [
        ("http://stock.svc.cluster.local/", true),
        ("http://Stock.SVC.cluster.local.:8080/", true),
        ("http://[::1]:8080/", true),
        ("http://svc.cluster.local/", false),
        ("http://stock.svc.cluster.local@evil.example/", false),
        ("http://stock.svc.cluster.local.evil.example/", false),
        ("http://evil.example/stock.svc.cluster.local", false),
        ("/no/host", false),
    ] {
        let mut request = get(uri);
        request.headers_mut().insert("baggage", http::HeaderValue::from_static("stale=1"));
        let headers = sent(&layer, request).await;
        assert!(headers.contains_key("traceparent"), "{uri}");
        let baggage = headers.get("baggage").map(http::HeaderValue::as_bytes);
        assert_eq!(baggage, is_friend.then_some(b"secret=1".as_slice()), "{uri}");
    }
    // The last one that is set holds.
    let trusting = layer.clone().propagate_to(|_| Propagation::Full);
    assert!(sent(&trusting, get("http://evil.example/")).await.contains_key("baggage"));
    let wary = trusting.outgoing_policy(OutgoingPolicy::new().with("*", Propagation::None).unwrap());
    assert!(sent(&wary, get("http://evil.example/")).await.is_empty());
}

#[tokio::test]
async fn a_request_becomes_tags() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).span_name(|head| format!("HTTP {}", head.method).into());
    answered(&layer, "https://me:pass@[::1]/a?x-amz-signature=s&b=1", StatusCode::OK).await;
    answered(&layer.clone().server_address("db", 7), "/relative", StatusCode::OK).await;
    assert_eq!(
        test.tree(),
        "HTTP GET (client) http.request.method=GET \
         url.full=https://[::1]/a?x-amz-signature=REDACTED&b=1 server.address=::1 server.port=443 \
         http.response.status_code=200\n\
         HTTP GET (client) http.request.method=GET url.full=/relative server.address=db \
         server.port=7 http.response.status_code=200\n"
    );
}

#[tokio::test]
async fn to_a_client_every_refusal_is_an_error() {
    for (status, is_error) in [(200, false), (302, false), (404, true), (503, true)] {
        let test = TestTracer::new("shop");
        let status = StatusCode::from_u16(status).unwrap();
        answered(&layer(&test), "http://h/", status).await;
        let span = &test.spans()[0];
        assert_eq!(span.status == SpanStatus::Error, is_error, "{status}");
        let error_type = span.attribute("error.type").map(Value::to_string);
        assert_eq!(error_type.as_deref(), is_error.then_some(status.as_str()));
    }
}

#[tokio::test]
async fn the_span_ends_with_the_body() {
    let test = TestTracer::new("shop");
    let remote =
        service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("ab"))))));
    let client = layer(&test).layer(remote);
    let response = client.clone().oneshot(get("http://h/")).await.unwrap();
    assert_eq!(test.unfinished(), ["GET"]);
    response.into_body().collect().await.unwrap();
    assert!(test.unfinished().is_empty());
    assert_eq!(test.spans()[0].attribute("cancelled"), None);

    drop(client.oneshot(get("http://h/")).await.unwrap());
    assert_eq!(test.spans()[1].attribute("cancelled"), Some(&Value::Bool(true)));
}

#[tokio::test]
async fn a_request_that_is_given_up_is_cancelled() {
    let test = TestTracer::new("shop");
    let remote = service_fn(|_: Request<()>| pending::<Result<Response<Empty<Bytes>>, Infallible>>());
    let client = layer(&test).layer(remote);
    {
        let mut future = pin!(client.oneshot(get("http://h/")));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut cx).is_pending());
    }
    let span = &test.spans()[0];
    assert_eq!(span.attribute("cancelled"), Some(&Value::Bool(true)));
    assert_eq!(span.status, SpanStatus::Unset);
    assert_eq!(span.attribute("http.response.status_code"), None);
}

#[tokio::test]
async fn a_failure_is_recorded() {
    let test = TestTracer::new("shop");
    let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    let remote = service_fn(|_: Request<()>| ready(Err::<Response<Empty<Bytes>>, _>(refused())));
    layer(&test).layer(remote).oneshot(get("http://h/")).await.unwrap_err();
    let span = &test.spans()[0];
    assert_eq!((span.status, span.status_message.as_str()), (SpanStatus::Error, "connection refused"));
    assert_eq!(span.events.len(), 1);
}

#[tokio::test]
async fn an_unsampled_request_still_sends_its_context() {
    let test = TestTracer::with_sampler("shop", ConstSampler::OFF);
    let headers = sent(&layer(&test), get("http://h/")).await;
    assert!(test.spans().is_empty());
    let traceparent = headers["traceparent"].to_str().unwrap();
    let flags = u8::from_str_radix(&traceparent[53..], 16).unwrap();
    assert_eq!(flags & 1, 0);
}

#[tokio::test]
async fn without_a_tracer_the_active_context_is_passed_on() {
    let test = TestTracer::new("shop");
    let scope = test.tracer().span("outer").start_active();
    let headers = sent(&TraceLayer::new(Tracer::noop()), get("http://h/")).await;
    let traceparent = headers["traceparent"].to_str().unwrap();
    assert!(traceparent.contains(&scope.context().span_id().to_string()));
}

#[tokio::test]
async fn filtered_requests_are_left_alone() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).filter(|head| head.uri.path() != "/v1/traces");
    let request = Request::get("http://h/v1/traces").header("baggage", "own=1").body(()).unwrap();
    let headers = sent(&layer, request).await;
    assert_eq!(headers.len(), 1);
    assert_eq!(headers["baggage"], "own=1");
    assert!(test.spans().is_empty());
}

#[tokio::test]
async fn what_cannot_travel_is_counted() {
    let test = TestTracer::new("shop");
    let layer = layer(&test);
    let mut outer = test.tracer().span("outer").start();
    outer.set_baggage_item("big", &"x".repeat(100_000));
    let _scope = outer.activate();
    let headers = sent(&layer, get("http://h/")).await;
    assert!(headers.contains_key("traceparent"));
    assert_eq!(layer.incomplete_headers(), 1);
}
