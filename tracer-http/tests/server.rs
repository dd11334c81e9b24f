//! What the server's layer does with requests, responses and their ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, Empty, Full};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::sampler::ConstSampler;
use tracer_core::testing::TestTracer;
use tracer_core::{SpanKind, StatusCode as SpanStatus, Tracer, active};
use tracer_http::server::TraceLayer;
use tracer_http::{PeerAddr, Route, TracedBody};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).body(Empty::new()).unwrap()
}

fn layer(test: &TestTracer) -> TraceLayer {
    TraceLayer::new(test.tracer().clone())
}

/// A request answered by `answer`, its body not yet read.
async fn ask<B: Body>(
    layer: &TraceLayer,
    request: Request<Empty<Bytes>>,
    answer: impl FnOnce() -> Response<B>,
) -> Response<TracedBody<B>> {
    let mut answer = Some(answer);
    let service = service_fn(|_| ready(Ok::<_, Infallible>(answer.take().unwrap()())));
    layer.layer(service).oneshot(request).await.unwrap()
}

fn ok() -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

fn status(status: StatusCode) -> Response<Empty<Bytes>> {
    Response::builder().status(status).body(Empty::new()).unwrap()
}

fn tag(test: &TestTracer, key: &str) -> Option<String> {
    test.spans()[0].attribute(key).map(Value::to_string)
}

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
async fn a_request_becomes_tags() {
    let test = TestTracer::new("shop");
    let mut request = Request::get("/users/7?sig=abc&page=2")
        .header("host", "shop.example:8080")
        .header("user-agent", "curl/8")
        .header("x-forwarded-for", "198.51.100.1")
        .body(Empty::<Bytes>::new())
        .unwrap();
    request.extensions_mut().insert(Route::from("/users/{id}"));
    request.extensions_mut().insert(PeerAddr("[::1]:4711".parse().unwrap()));
    ask(&layer(&test), request, ok).await;
    assert_eq!(
        test.tree(),
        "GET /users/{id} (server) http.request.method=GET url.path=/users/7 http.route=/users/{id} \
         url.query=sig=REDACTED&page=2 url.scheme=http server.address=shop.example server.port=8080 \
         client.address=::1 user_agent.original=curl/8 network.protocol.version=1.1 \
         http.response.status_code=200\n"
    );
}

#[tokio::test]
async fn forwarded_headers_count_only_where_they_are_trusted() {
    let request = || {
        Request::get("/")
            .header("x-forwarded-for", "198.51.100.1, 10.0.0.1")
            .header("x-forwarded-proto", "https")
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    let test = TestTracer::new("shop");
    ask(&layer(&test), request(), ok).await;
    assert_eq!(tag(&test, "client.address"), None);
    assert_eq!(tag(&test, "url.scheme").as_deref(), Some("http"));

    let test = TestTracer::new("shop");
    ask(&layer(&test).trust_forwarded_headers(true), request(), ok).await;
    assert_eq!(tag(&test, "client.address").as_deref(), Some("198.51.100.1"));
    assert_eq!(tag(&test, "url.scheme").as_deref(), Some("https"));
}

#[tokio::test]
async fn unknown_methods_and_routes_make_no_new_names() {
    let test = TestTracer::new("shop");
    for (method, path) in [("BREW", "/pot/1"), ("GET", "/a/1"), ("GET", "/a/2")] {
        let request = Request::builder().method(method).uri(path).body(Empty::new()).unwrap();
        ask(&layer(&test), request, ok).await;
    }
    let spans = test.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["HTTP", "GET", "GET"]);
    assert_eq!(tag(&test, "http.request.method").as_deref(), Some("_OTHER"));
    assert_eq!(tag(&test, "http.request.method_original").as_deref(), Some("BREW"));
}

#[tokio::test]
async fn names_can_be_made_otherwise() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).span_name(|head| match head.uri.path() {
        "/dispatch" => "/dispatch".into(),
        _ => format!("other {}", head.method).into(),
    });
    ask(&layer, get("/dispatch?customer=1"), ok).await;
    ask(&layer, get("/x"), ok).await;
    ask(&layer, get("/late"), || {
        active::with(|span| span.set_operation_name("/late/{x}"));
        ok()
    })
    .await;
    let spans = test.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["/dispatch", "other GET", "/late/{x}"]);
}

#[tokio::test]
async fn only_a_servers_own_errors_are_errors() {
    for (code, expected) in [
        (StatusCode::OK, None),
        (StatusCode::NOT_FOUND, None),
        (StatusCode::INTERNAL_SERVER_ERROR, Some("500")),
        (StatusCode::GATEWAY_TIMEOUT, Some("504")),
    ] {
        let test = TestTracer::new("shop");
        ask(&layer(&test), get("/"), || status(code)).await;
        let span = &test.spans()[0];
        assert_eq!(span.status == SpanStatus::Error, expected.is_some(), "{code}");
        assert_eq!(tag(&test, "error.type").as_deref(), expected);
        assert_eq!(tag(&test, "http.response.status_code").unwrap(), code.as_str());
    }
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
    assert_eq!(layer.malformed_headers(), 3);
    assert_eq!(test.spans().len(), 4);
    assert!(test.spans().iter().all(|span| !span.parent_span_id.is_valid()));
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
    assert_eq!((context, layer.malformed_headers()), (None, 0));
    assert!(test.spans().is_empty());
}

#[tokio::test]
async fn the_span_is_active_at_every_poll_of_the_body_and_ends_with_it() {
    /// Starts a span whenever it is polled, and when it is dropped.
    struct Worker(Tracer, u32);
    impl Body for Worker {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.span("part").start().finish();
            self.1 += 1;
            Poll::Ready((self.1 < 3).then(|| Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }
    let test = TestTracer::new("shop");
    let worker = Worker(test.tracer().clone(), 0);
    let response = ask(&layer(&test).span_name(|_| "req".into()), get("/"), || Response::new(worker)).await;
    assert_eq!(test.unfinished(), ["req"]);
    let body = response.into_body();
    assert_eq!(test.unfinished(), ["req"]);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "xx");
    assert!(test.unfinished().is_empty());
    let spans = test.spans();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["part", "part", "part", "req"]);
    assert!(spans[..3].iter().all(|part| part.parent_span_id == spans[3].span_id));
    assert_eq!(spans[3].attribute("cancelled"), None);
    assert_eq!(active::context(), None);
}

#[tokio::test]
async fn a_body_of_known_length_ends_with_its_last_byte() {
    let test = TestTracer::new("shop");
    // As servers do: no poll after the last byte, and no look at `is_end_stream`.
    let (mut sender, channel) = Channel::<Bytes, Infallible>::new(2);
    let response = ask(&layer(&test), get("/"), || {
        Response::builder().header("content-length", "4").body(channel).unwrap()
    })
    .await;
    let mut body = response.into_body();
    for part in ["ab", "cd"] {
        sender.send_data(Bytes::from(part)).await.unwrap();
        assert_eq!(test.spans().len(), 0);
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(test.spans().len(), 1);
    drop(body);
    assert_eq!(tag(&test, "cancelled"), None);
}

#[tokio::test]
async fn a_body_that_knows_its_end_is_asked_no_more() {
    /// One frame of a length that nobody knows before.
    struct Once(bool);
    impl Body for Once {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0 = true;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
        fn is_end_stream(&self) -> bool {
            self.0
        }
    }
    let test = TestTracer::new("shop");
    let response = ask(&layer(&test), get("/"), || Response::new(Once(false))).await;
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    drop(body);
    assert_eq!(test.spans().len(), 1);
    assert_eq!(tag(&test, "cancelled"), None);
}

#[tokio::test]
async fn responses_without_a_body_end_at_once() {
    let full = || Response::new(Full::new(Bytes::from("not sent")));
    let test = TestTracer::new("shop");
    let head = Request::head("/").body(Empty::new()).unwrap();
    drop(ask(&layer(&test), head, full).await);
    let unchanged = || {
        let mut response = full();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    };
    drop(ask(&layer(&test), get("/"), unchanged).await);
    assert!(test.spans().iter().all(|span| span.attribute("cancelled").is_none()));
    assert_eq!(test.spans().len(), 2);
}

#[tokio::test]
async fn a_body_that_is_dropped_early_cancels() {
    let test = TestTracer::new("shop");
    let response = ask(&layer(&test), get("/"), || Response::new(Full::new(Bytes::from("ab")))).await;
    assert!(!response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), Some(2));
    drop(response);
    assert_eq!(tag(&test, "cancelled").as_deref(), Some("true"));
    assert_eq!(tag(&test, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(test.spans()[0].status, SpanStatus::Unset);
}

#[tokio::test]
async fn a_body_that_fails_is_an_error() {
    let test = TestTracer::new("shop");
    let (sender, channel) = Channel::<Bytes, std::io::Error>::new(1);
    let response = ask(&layer(&test), get("/"), || Response::new(channel)).await;
    sender.abort(std::io::Error::other("disk gone"));
    assert!(response.into_body().collect().await.is_err());
    let span = &test.spans()[0];
    assert_eq!((span.status, span.status_message.as_str()), (SpanStatus::Error, "disk gone"));
    assert_eq!(span.events[0].name, "exception");
    assert_eq!(span.attribute("cancelled"), None);
}

#[tokio::test]
async fn a_request_that_is_given_up_is_cancelled_and_what_it_drops_is_below_it() {
    struct Bomb(Tracer);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.span("clean up").start().finish();
        }
    }
    let test = TestTracer::new("shop");
    let bomb = Bomb(test.tracer().clone());
    let mut bomb = Some(bomb);
    let service = service_fn(move |_: Request<Empty<Bytes>>| {
        let bomb = bomb.take();
        async move {
            pending::<()>().await;
            drop(bomb);
            Ok::<_, Infallible>(ok())
        }
    });
    let layer = layer(&test).span_name(|_| "req".into());
    {
        let mut future = pin!(layer.layer(service).oneshot(get("/")));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut cx).is_pending());
        assert_eq!(test.unfinished(), ["req"]);
    }
    let spans = test.spans();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0].name, "clean up");
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!(spans[1].attribute("cancelled"), Some(&Value::Bool(true)));
    assert_eq!(spans[1].status, SpanStatus::Unset);
}

#[tokio::test]
async fn a_panic_is_an_error_and_no_cancellation() {
    let test = TestTracer::new("shop");
    let service = service_fn(async |_: Request<Empty<Bytes>>| {
        if std::hint::black_box(true) {
            panic!("in the handler");
        }
        Ok::<_, Infallible>(ok())
    });
    let service = layer(&test).layer(service);
    let task = tokio::spawn(service.oneshot(get("/")));
    assert!(task.await.unwrap_err().is_panic());
    let span = &test.spans()[0];
    assert_eq!((span.status, span.status_message.as_str()), (SpanStatus::Error, "panicked"));
    assert_eq!(span.attribute("cancelled"), None);
}

#[tokio::test]
async fn a_service_that_fails_is_recorded_with_its_causes() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no stock")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let outer = || Outer(std::io::Error::other("connection refused"));
    let test = TestTracer::new("shop");
    let plain = service_fn(|_: Request<Empty<Bytes>>| ready(Err::<Response<Empty<Bytes>>, _>(outer())));
    layer(&test).layer(plain).oneshot(get("/")).await.unwrap_err();
    let boxed = plain.map_err(tower::BoxError::from);
    layer(&test).layer(boxed).oneshot(get("/")).await.unwrap_err();
    let spans = test.spans();
    let messages: Vec<_> = spans.iter().map(|span| span.status_message.as_str()).collect();
    assert_eq!(messages, ["no stock", "no stock: connection refused"]);
    assert!(spans[0].attribute("error.type").unwrap().to_string().ends_with("Outer"));
    assert!(spans.iter().all(|span| span.events.len() == 1));
}

#[tokio::test]
async fn concurrent_requests_on_one_thread_do_not_mix() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).span_name(|head| head.uri.path().into());
    let tracer = test.tracer().clone();
    let service = layer.layer(service_fn(move |request: Request<Empty<Bytes>>| {
        let tracer = tracer.clone();
        async move {
            for _ in 0..3 {
                tokio::task::yield_now().await;
                let mut step = tracer.span("step").start();
                step.set_tag("of", request.uri().path());
            }
            Ok::<_, Infallible>(ok())
        }
    }));
    let ask = |path| service.clone().oneshot(get(path));
    let _ = tokio::join!(ask("/a"), ask("/b"), ask("/c"));
    let spans = test.spans();
    assert_eq!(spans.len(), 12);
    for step in spans.iter().filter(|span| span.name == "step") {
        let of = step.attribute("of").unwrap().to_string();
        let parent = spans.iter().find(|span| span.name == of).unwrap();
        assert_eq!(step.parent_span_id, parent.span_id);
    }
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    struct NeverReady;
    impl Service<Request<()>> for NeverReady {
        type Response = Response<Empty<Bytes>>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Self::Response, Infallible>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Ok(ok()))
        }
    }
    let mut service = TraceLayer::new(Tracer::noop()).layer(NeverReady);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(service.poll_ready(&mut cx).is_pending());
}
