//! What is read from a request's headers and written to a response's.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use tracer_core::sampler::ConstSampler;
use tracer_core::testing::TestTracer;
use tracer_core::{SpanKind, Tracer, active};
use tracer_http::TracedBody;
use tracer_http::server::{MalformedHeaders, TraceLayer};
use tracer_propagation::Composite;

use crate::support::{TRACEPARENT, ask, get, layer, ok};

#[tokio::test]
async fn a_span_is_below_the_callers_and_keeps_its_baggage() {
    let test = TestTracer::new("shop");
    let request = Request::get("/")
        .header("traceparent", TRACEPARENT)
        .header("tracestate", "congo=t61")
        .header("baggage", "session=7")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let mut baggage = None;
    ask(&layer(&test), request, || {
        baggage = active::context().and_then(|context| context.baggage_item("session").map(str::to_owned));
        test.tracer().span("inner").start().finish();
        ok()
    })
    .await;
    assert_eq!(baggage.as_deref(), Some("7"));
    let spans = test.spans();
    let [inner, span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(span.parent_span_id.to_string(), "00f067aa0ba902b7");
    assert_eq!(span.trace_state, "congo=t61");
    assert_eq!(inner.parent_span_id, span.span_id);
}

#[tokio::test]
async fn a_response_names_its_span() {
    let test = TestTracer::new("shop");
    let response = ask(&layer(&test), get("/"), || {
        Response::builder().header("traceresponse", "00-stale").body(Empty::<Bytes>::new()).unwrap()
    })
    .await;
    let span = &test.spans()[0];
    let all: Vec<_> = response.headers().get_all("traceresponse").iter().collect();
    assert_eq!(all, [&format!("00-{}-{}-01", span.trace_id, span.span_id)]);

    let silent = layer(&test).traceresponse(false);
    assert!(ask(&silent, get("/"), ok).await.headers().is_empty());
    let nobody = TraceLayer::new(Tracer::noop());
    let request = Request::get("/").header("traceparent", TRACEPARENT).body(Empty::new()).unwrap();
    assert!(ask(&nobody, request, ok).await.headers().is_empty());
}

#[tokio::test]
async fn server_timing_names_the_span_if_asked_beside_the_services_own_metrics() {
    let test = TestTracer::new("shop");
    let answer =
        || Response::builder().header("server-timing", "db;dur=53").body(Empty::<Bytes>::new()).unwrap();
    let timings = |response: &Response<TracedBody<Empty<Bytes>>>| -> Vec<String> {
        let all = response.headers().get_all("server-timing").iter();
        all.map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(timings(&ask(&layer(&test), get("/"), answer).await), ["db;dur=53"]);
    let asked = layer(&test).server_timing(true).traceresponse(false);
    let response = ask(&asked, get("/"), answer).await;
    let span = &test.spans()[1];
    let expected = format!("traceparent;desc=\"00-{}-{}-01\"", span.trace_id, span.span_id);
    assert_eq!(timings(&response), ["db;dur=53", &expected]);
    assert!(!response.headers().contains_key("traceresponse"));

    let nobody = TraceLayer::new(Tracer::noop()).server_timing(true);
    let request = Request::get("/").header("traceparent", TRACEPARENT).body(Empty::new()).unwrap();
    assert!(ask(&nobody, request, ok).await.headers().is_empty());
}

#[tokio::test]
async fn server_timing_says_what_is_not_recorded() {
    let test = TestTracer::with_sampler("shop", ConstSampler::OFF);
    let response = ask(&layer(&test).server_timing(true), get("/"), ok).await;
    let timing = response.headers()["server-timing"].to_str().unwrap();
    assert!(timing.starts_with("traceparent;desc=\"00-") && timing.ends_with("-00\""), "{timing}");
}

#[tokio::test]
async fn an_unsampled_request_is_passed_on_and_not_recorded() {
    let test = TestTracer::with_sampler("shop", ConstSampler::OFF);
    let mut context = None;
    let response = ask(&layer(&test), get("/"), || {
        context = active::context();
        ok()
    })
    .await;
    let context = context.unwrap();
    let expected = format!("00-{}-{}-00", context.trace_id(), context.span_id());
    assert_eq!(response.headers()["traceresponse"], expected.as_str());
    assert!(test.spans().is_empty());
}

#[tokio::test]
async fn malformed_headers_are_counted_and_stop_nothing() {
    let test = TestTracer::new("shop");
    let layer = layer(&test);
    let cloned = layer.clone();
    for bad in ["", "00-xyz", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"] {
        let request = Request::get("/").header("traceparent", bad).body(Empty::new()).unwrap();
        let response = ask(&cloned, request, ok).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    ask(&layer, get("/"), ok).await;
    assert_eq!((layer.malformed_headers().traceparent, layer.malformed_headers().total()), (3, 3));
    assert_eq!(test.spans().len(), 4);
    assert!(test.spans().iter().all(|span| !span.parent_span_id.is_valid()));
}

/// Each header for itself, also where a request has several that are malformed.
#[tokio::test]
async fn malformed_headers_are_counted_apart() {
    let test = TestTracer::new("shop");
    let composite = Composite::from_names("tracecontext,baggage,b3,b3multi,jaeger,grpc-trace-bin").unwrap();
    let layer = layer(&test).propagation(composite);
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let requests: [&[(&str, &str)]; 5] = [
        &[("traceparent", "bad"), ("baggage", "bad"), ("b3", "bad"), ("x-b3-sampled", "bad")],
        &[("traceparent", parent), ("tracestate", "bad"), ("uber-trace-id", "bad")],
        &[("baggage", "a=1,bad"), ("x-b3-traceid", "bad")],
        &[("grpc-trace-bin", "bad!")],
        &[("traceparent", parent), ("baggage", "a=1")],
    ];
    for headers in requests {
        let mut request = get("/");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        ask(&layer, request, ok).await;
    }
    let counts = layer.malformed_headers();
    assert_eq!((counts.traceparent, counts.tracestate, counts.baggage), (1, 1, 2));
    assert_eq!((counts.b3_single, counts.b3_multi), (1, 1));
    assert_eq!((counts.jaeger, counts.grpc_trace_bin, counts.other), (1, 1, 0));
    assert_eq!(counts.total(), 8);
}

#[tokio::test]
async fn filtered_requests_are_left_alone() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).filter(|head| head.uri.path() != "/healthz");
    let request = Request::get("/healthz")
        .header("traceparent", "broken")
        .header("baggage", "a=1")
        .body(Empty::new())
        .unwrap();
    let mut context = None;
    let response = ask(&layer, request, || {
        context = active::context();
        ok()
    })
    .await;
    assert!(response.headers().is_empty());
    assert_eq!((context, layer.malformed_headers()), (None, MalformedHeaders::default()));
    assert!(test.spans().is_empty());
}
