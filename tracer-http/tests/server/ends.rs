//! Requests that fail, panic, are given up, or run side by side.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::testing::TestTracer;
use tracer_core::{StatusCode as SpanStatus, Tracer};
use tracer_http::server::TraceLayer;

use crate::support::{get, layer, ok};

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
