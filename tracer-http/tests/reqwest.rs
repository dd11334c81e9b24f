//! reqwest, through its middleware.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::net::TcpListener;
use tracer_core::StatusCode as SpanStatus;
use tracer_core::row::record::Value;
use tracer_core::testing::TestTracer;
use tracer_http::client::{OutgoingPolicy, Propagation, TraceLayer};

type BoxBody = UnsyncBoxBody<Bytes, std::io::Error>;

fn text(text: String) -> BoxBody {
    Full::from(text).map_err(|never| match never {}).boxed_unsync()
}

/// Answers with the `traceparent` and `baggage` that it was sent.
async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody>, Infallible> {
    let header = |name| request.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let echo = format!("{} {}", header("traceparent"), header("baggage"));
    let response = Response::builder();
    Ok(match request.uri().path() {
        "/hang" => pending().await,
        "/endless" => {
            let (mut sender, channel) = Channel::<Bytes, std::io::Error>::new(1);
            tokio::spawn(async move { while sender.send_data(Bytes::from("more")).await.is_ok() {} });
            Response::new(channel.boxed_unsync())
        }
        "/moved" => response.status(302).header("location", "/echo?moved").body(BoxBody::default()).unwrap(),
        "/missing" => response.status(404).body(BoxBody::default()).unwrap(),
        "/cut" => {
            let (mut sender, channel) = Channel::<Bytes, std::io::Error>::new(1);
            tokio::spawn(async move {
                sender.send_data(Bytes::from("short")).await.unwrap();
                sender.abort(std::io::Error::other("cut"));
            });
            Response::new(channel.boxed_unsync())
        }
        _ => Response::new(text(echo)),
    })
}

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let service = hyper::service::service_fn(answer);
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn client(layer: TraceLayer) -> ClientWithMiddleware {
    ClientBuilder::new(reqwest::Client::new()).with(layer).build()
}

fn layer(test: &TestTracer) -> TraceLayer {
    TraceLayer::new(test.tracer().clone())
}

#[tokio::test]
async fn requests_are_traced_to_the_end_of_the_body() {
    let test = TestTracer::new("shop");
    let layer = layer(&test).span_name(|head| format!("HTTP {}", head.method).into());
    let client = client(layer);
    let address = serve().await;
    let mut outer = test.tracer().span("outer").start();
    outer.set_baggage_item("session", "7");
    let url = format!("http://me:pass@{address}/echo?token=1&q=2");
    let response = {
        use tracer_core::active::Instrument;
        client.get(&url).send().in_span(outer).await.unwrap()
    };
    assert_eq!(test.unfinished(), ["HTTP GET"]);
    assert_eq!(response.url().path(), "/echo");
    assert_eq!(response.url().host_str(), Some("127.0.0.1"));
    assert!(response.content_length().is_some());
    assert!(response.remote_addr().is_some());
    let echo = response.text().await.unwrap();
    let spans = test.spans();
    let (outer, span) = (&spans[0], &spans[1]);
    assert_eq!((outer.name.as_str(), span.parent_span_id), ("outer", outer.span_id));
    assert!(echo.starts_with(&format!("00-{}-{}-0", span.trace_id, span.span_id)));
    assert!(echo.ends_with(" session=7"));
    let shown = format!("http://{address}/echo?token=REDACTED&q=2");
    assert_eq!(span.attribute("url.full").unwrap().to_string(), shown);
    assert_eq!(span.attribute("server.port"), Some(&Value::I64(address.port().into())));
    assert_eq!(span.attribute("cancelled"), None);
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_span_and_its_url_is_kept() {
    let test = TestTracer::new("shop");
    let address = serve().await;
    let response = client(layer(&test)).get(format!("http://{address}/moved")).send().await.unwrap();
    assert_eq!(response.url().as_str(), format!("http://{address}/echo?moved"));
    response.bytes().await.unwrap();
    assert_eq!(test.spans().len(), 1);
    let status = test.spans()[0].attribute("http.response.status_code").cloned();
    assert_eq!(status, Some(Value::I64(200)));
}

#[tokio::test]
async fn refusals_and_failures_are_errors() {
    let test = TestTracer::new("shop");
    let address = serve().await;
    let client = client(layer(&test));
    client.get(format!("http://{address}/missing")).send().await.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    client.get(format!("http://{nobody}/")).send().await.unwrap_err();
    let cut = client.get(format!("http://{address}/cut")).send().await.unwrap();
    cut.bytes().await.unwrap_err();
    let spans = test.spans();
    assert_eq!(spans.len(), 3);
    assert!(spans.iter().all(|span| span.status == SpanStatus::Error));
    assert_eq!(spans[0].attribute("error.type"), Some(&Value::Str("404".to_owned())));
    assert!(spans[1].status_message.contains("refused"), "{}", spans[1].status_message);
    assert!(!spans[2].status_message.is_empty());
    assert!(spans.iter().all(|span| span.attribute("cancelled").is_none()));
}

#[tokio::test]
async fn what_is_given_up_is_cancelled() {
    let test = TestTracer::new("shop");
    let address = serve().await;
    let client = client(layer(&test));
    let hang = client.get(format!("http://{address}/hang")).send();
    tokio::time::timeout(Duration::from_millis(100), hang).await.unwrap_err();
    let endless = client.get(format!("http://{address}/endless")).send();
    let mut endless = endless.await.unwrap();
    endless.chunk().await.unwrap().unwrap();
    assert_eq!(test.unfinished(), ["GET"]);
    drop(endless);
    for span in test.spans() {
        assert_eq!(span.attribute("cancelled"), Some(&Value::Bool(true)));
        assert_eq!(span.status, SpanStatus::Unset);
    }
    assert_eq!(test.spans().len(), 2);
}

#[tokio::test]
async fn filter_and_policy_hold() {
    let test = TestTracer::new("shop");
    let address = serve().await;
    let url = format!("http://{address}/echo");
    let silent = client(layer(&test).propagate_to(|uri| uri.port_u16() == Some(1)));
    let echo = silent.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!((echo.as_str(), test.spans().len()), (" ", 1));
    let never = OutgoingPolicy::new().with("127.0.0.1", Propagation::None).unwrap();
    let silent = client(layer(&test).outgoing_policy(never));
    let echo = silent.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!((echo.as_str(), test.spans().len()), (" ", 2));
    let untraced = client(layer(&test).filter(|_| false));
    let echo = untraced.get(&url).send().await.unwrap().text().await.unwrap();
    assert_eq!((echo.as_str(), test.spans().len()), (" ", 2));
}
