//! A span ends with the body of its response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, Empty, Full};
use tracer_core::testing::TestTracer;
use tracer_core::{StatusCode as SpanStatus, Tracer, active};

use crate::support::{ask, get, layer, tag};

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
