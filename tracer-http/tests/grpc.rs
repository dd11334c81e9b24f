//! tonic on both sides of a real socket.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "support/spans.rs"]
mod spans;

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::{Layer, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::testing::{FinishedSpan, TestTracer, tree};
use tracer_core::{StatusCode as SpanStatus, Tracer, active};
use tracer_http::client::OutgoingPolicy;
use tracer_http::{client, server};
use tracer_propagation::{Codec, Composite, Extracted, GrpcTraceBin};

/// What is asked, and answered.
#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, Status>> + Send>>;

/// `test.Echo`: answers with the session in its baggage or the trace in its metadata, or fails with the
/// code that is asked for.
struct Say;

impl UnaryService<Text> for Say {
    type Response = Text;
    type Future = BoxFuture<tonic::Response<Text>>;

    fn call(&mut self, request: tonic::Request<Text>) -> Self::Future {
        let headers: &HeaderMap = request.metadata().as_ref();
        let extracted = GrpcTraceBin.extract(headers).unwrap_or_else(Extracted::from);
        let asked = request.into_inner().text;
        Box::pin(async move {
            match asked.strip_prefix("fail ") {
                Some(code) => Err(Status::new(Code::from_bytes(code.as_bytes()), "said so: 100 %")),
                None if asked == "hang" => pending().await,
                None if asked == "trace" => {
                    let trace_id = extracted.context.unwrap_or_default().trace_id();
                    Ok(tonic::Response::new(text(&trace_id.to_string())))
                }
                None => {
                    let context = active::context().unwrap_or_default();
                    let session = context.baggage_item("session").unwrap_or_default();
                    Ok(tonic::Response::new(text(session)))
                }
            }
        })
    }
}

/// Answers three times, or till nobody listens.
struct Repeat;

impl ServerStreamingService<Text> for Repeat {
    type Response = Text;
    type ResponseStream = Pin<Box<dyn Stream<Item = Result<Text, Status>> + Send>>;
    type Future = BoxFuture<tonic::Response<Self::ResponseStream>>;

    fn call(&mut self, request: tonic::Request<Text>) -> Self::Future {
        let (sender, receiver) = mpsc::channel(1);
        let asked = request.into_inner().text;
        tokio::spawn(async move {
            let mut sent = 0;
            while (asked == "for ever" || sent < 3) && sender.send(Ok(text("again"))).await.is_ok() {
                sent += 1;
            }
            if asked == "fail" {
                let _ = sender.send(Err(Status::data_loss("torn"))).await;
            }
        });
        Box::pin(async { Ok(tonic::Response::new(Box::pin(ReceiverStream::new(receiver)) as _)) })
    }
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Text, Text>::default());
            Ok(match request.uri().path() {
                "/test.Echo/Say" => grpc.unary(Say, request).await,
                "/test.Echo/Repeat" => grpc.server_streaming(Repeat, request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

async fn serve(tracer: Tracer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(server::TraceLayer::new(tracer).propagation(Composite::w3c().with(GrpcTraceBin)))
        .add_service(Echo)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    address
}

type Client = tonic::client::Grpc<client::Trace<Channel>>;

fn client(test: &TestTracer, address: SocketAddr) -> Client {
    client_with(test, address, OutgoingPolicy::new())
}

fn client_with(test: &TestTracer, address: SocketAddr, policy: OutgoingPolicy) -> Client {
    let layer = client::TraceLayer::new(test.tracer().clone()).server_address("127.0.0.1", address.port());
    tonic::client::Grpc::new(layer.outgoing_policy(policy).layer(channel(address)))
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

async fn say(client: &mut Client, asked: &str) -> Result<String, Status> {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Echo/Say");
    let codec = ProstCodec::<Text, Text>::default();
    let response = client.unary(tonic::Request::new(text(asked)), path, codec).await?;
    Ok(response.into_inner().text)
}

async fn repeat(client: &mut Client, asked: &str) -> tonic::Streaming<Text> {
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/test.Echo/Repeat");
    let codec = ProstCodec::<Text, Text>::default();
    let request = tonic::Request::new(text(asked));
    client.server_streaming(request, path, codec).await.unwrap().into_inner()
}

fn is_cancelled(span: &FinishedSpan) -> bool {
    span.attribute("cancelled") == Some(&Value::Bool(true))
}

fn code(span: &FinishedSpan) -> Option<&Value> {
    span.attribute("rpc.grpc.status_code")
}

#[tokio::test]
async fn a_call_is_one_trace_with_its_baggage() {
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    let mut outer = shop.tracer().span("outer").start();
    outer.set_baggage_item("session", "7");
    let answer = {
        use tracer_core::active::Instrument;
        let mut client = client(&shop, address);
        async move { say(&mut client, "hello").await }.in_span(outer).await
    };
    assert_eq!(answer.unwrap(), "7");
    let mut all = spans::wait(&shop, 2).await;
    all.extend(spans::wait(&driver, 1).await);
    let port = address.port();
    let rpc = "rpc.system=grpc rpc.service=test.Echo rpc.method=Say";
    let server = format!("server.address=127.0.0.1 server.port={port}");
    let agent = driver.spans()[0].attribute("user_agent.original").unwrap().to_string();
    assert_eq!(
        tree(&all),
        format!(
            "shop :: outer\n\
             └─ shop :: test.Echo/Say (client) {rpc} {server} rpc.grpc.status_code=0\n   \
                └─ driver :: test.Echo/Say (server) {rpc} {server} user_agent.original={agent} \
             network.protocol.version=2 rpc.grpc.status_code=0\n"
        )
    );
}

#[tokio::test]
async fn a_policy_goes_by_the_address_that_the_layer_is_told() {
    use tracer_core::active::Instrument;
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    for (friend, session) in [("127.0.0.1", "7"), ("*.svc.cluster.local", "")] {
        let policy = OutgoingPolicy::internal([friend]).unwrap();
        let mut client = client_with(&shop, address, policy);
        let mut outer = shop.tracer().span("outer").start();
        outer.set_baggage_item("session", "7");
        let answer = async move { say(&mut client, "hello").await }.in_span(outer).await;
        assert_eq!(answer.unwrap(), session, "{friend}");
    }
    let (shop, driver) = (spans::wait(&shop, 4).await, spans::wait(&driver, 2).await);
    assert!(driver.iter().all(|span| shop.iter().any(|other| other.span_id == span.parent_span_id)));
}

#[tokio::test]
async fn metadata_carries_a_context_by_hand_too() {
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    let mut client = tonic::client::Grpc::new(channel(address));
    client.ready().await.unwrap();
    let span = shop.tracer().span("by hand").start();
    let mut request = tonic::Request::new(text("trace"));
    let headers: &mut HeaderMap = request.metadata_mut().as_mut();
    GrpcTraceBin.inject(span.context(), headers).unwrap();
    let codec = ProstCodec::<Text, Text>::default();
    let response = client.unary(request, PathAndQuery::from_static("/test.Echo/Say"), codec).await;
    assert_eq!(response.unwrap().into_inner().text, span.context().trace_id().to_string());
    assert_eq!(spans::wait(&driver, 1).await[0].parent_span_id, span.context().span_id());
}

#[tokio::test]
async fn a_server_is_at_fault_for_some_codes_only() {
    for (asked, name, is_fault) in [
        (5, "NOT_FOUND", false),
        (1, "CANCELLED", false),
        (2, "UNKNOWN", true),
        (13, "INTERNAL", true),
        (16, "UNAUTHENTICATED", false),
    ] {
        let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
        let address = serve(driver.tracer().clone()).await;
        let status = say(&mut client(&shop, address), &format!("fail {asked}")).await.unwrap_err();
        assert_eq!(status.code(), Code::from(asked));
        let (client, server) = (&spans::wait(&shop, 1).await[0], &spans::wait(&driver, 1).await[0]);
        assert_eq!(client.status, SpanStatus::Error);
        assert_eq!(client.status_message, "said so: 100 %");
        assert_eq!(client.attribute("error.type").unwrap().to_string(), name);
        assert_eq!(server.status == SpanStatus::Error, is_fault, "{name}");
        assert!([client, server].iter().all(|span| code(span) == Some(&Value::I64(asked.into()))));
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_trailers() {
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    let mut client = client(&shop, address);
    for (index, (asked, expected)) in [("thrice", 0), ("fail", 15)].into_iter().enumerate() {
        let mut stream = repeat(&mut client, asked).await;
        assert_eq!(stream.next().await.unwrap().unwrap().text, "again");
        assert_eq!(shop.unfinished(), ["test.Echo/Repeat"]);
        let last = stream.collect::<Vec<_>>().await.pop().unwrap();
        assert_eq!(last.is_err(), expected != 0);
        for test in [&shop, &driver] {
            let span = &spans::wait(test, index + 1).await[index];
            assert_eq!(code(span), Some(&Value::I64(expected)));
            assert_eq!(span.status == SpanStatus::Error, expected != 0);
            assert!(!is_cancelled(span));
        }
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_on_both_sides() {
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    let mut client = client(&shop, address);
    let hang = tokio::time::timeout(Duration::from_millis(300), say(&mut client, "hang"));
    hang.await.unwrap_err();
    assert!(spans::wait(&shop, 1).await.iter().all(is_cancelled));
    assert!(spans::wait(&driver, 1).await.iter().all(is_cancelled));
    let mut stream = repeat(&mut client, "for ever").await;
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert!(spans::wait(&shop, 2).await.iter().all(is_cancelled));
    assert!(spans::wait(&driver, 2).await.iter().all(is_cancelled));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let test = TestTracer::new("shop");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let status = say(&mut client(&test, nobody), "hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    // With the error boxed, its causes are seen.
    let channel = Endpoint::from_shared(format!("http://{nobody}")).unwrap().connect_lazy();
    let layer = client::TraceLayer::new(test.tracer().clone());
    let channel = layer.layer(channel.map_err(tower::BoxError::from));
    let request = Request::post("/test.Echo/Say").header("content-type", "application/grpc");
    channel.oneshot(request.body(Body::empty()).unwrap()).await.unwrap_err();
    let spans = test.spans();
    assert!(spans.iter().all(|span| span.status == SpanStatus::Error && code(span).is_none()));
    assert!(spans[1].status_message.contains("refused"), "{}", spans[1].status_message);
}

#[tokio::test]
async fn a_method_that_is_not_there_makes_no_new_name() {
    let (shop, driver) = (TestTracer::new("shop"), TestTracer::new("driver"));
    let address = serve(driver.tracer().clone()).await;
    let mut client = client(&shop, address);
    for path in ["/test.Echo/Nothing", "/nobody.Here/Say"] {
        client.ready().await.unwrap();
        let codec = ProstCodec::<Text, Text>::default();
        let request = tonic::Request::new(text(""));
        let response = client.unary(request, PathAndQuery::from_static(path), codec);
        assert_eq!(response.await.unwrap_err().code(), Code::Unimplemented);
    }
    for span in spans::wait(&driver, 2).await {
        assert_eq!((span.name.as_str(), span.status), ("_OTHER", SpanStatus::Error));
        assert_eq!(code(&span), Some(&Value::I64(12)));
    }
    assert_eq!(shop.spans()[0].name, "test.Echo/Nothing");
}

/// What a client's span says of a response whose body is not tonic's.
async fn answered(response: Response<Full<Bytes>>, trailers: Option<HeaderMap>) -> FinishedSpan {
    let test = TestTracer::new("shop");
    let (head, body) = response.into_parts();
    let body = body.with_trailers(std::future::ready(trailers.map(Ok)));
    let mut response = Some(Response::from_parts(head, body));
    let remote =
        service_fn(|_: Request<()>| std::future::ready(Ok::<_, Infallible>(response.take().unwrap())));
    let request = Request::post("http://h/a.B/C").body(()).unwrap();
    let layer = client::TraceLayer::new(test.tracer().clone()).grpc();
    let response = layer.layer(remote).oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    test.spans().remove(0)
}

#[tokio::test]
async fn a_status_is_found_wherever_it_is() {
    let full = || Response::builder().header("content-type", "application/grpc");
    let status = |code| {
        HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(code))])
    };
    let body = || Full::new(Bytes::from("message"));

    let span = answered(full().body(body()).unwrap(), Some(status("9"))).await;
    assert_eq!((span.name.as_str(), code(&span)), ("a.B/C", Some(&Value::I64(9))));
    let span = answered(full().body(body()).unwrap(), None).await;
    assert_eq!(code(&span), Some(&Value::I64(2)));
    assert_eq!(span.status_message, "grpc-status is missing");
    let span = answered(full().header("grpc-status", "7").body(Full::default()).unwrap(), None).await;
    assert_eq!(code(&span), Some(&Value::I64(7)));
    let span = answered(full().status(503).body(body()).unwrap(), None).await;
    assert_eq!(code(&span), Some(&Value::I64(14)));
    assert_eq!(span.status_message, "HTTP status 503");
    let web = Response::builder().header("content-type", "application/grpc-web+proto");
    let span = answered(web.body(body()).unwrap(), None).await;
    assert_eq!((code(&span), span.status), (None, SpanStatus::Unset));
}

#[tokio::test]
async fn what_has_no_form_of_a_call_is_a_plain_request() {
    let test = TestTracer::new("shop");
    let answer =
        service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let request = Request::post("/not/a/call").header("content-type", "application/grpc").body(()).unwrap();
    let layer = server::TraceLayer::new(test.tracer().clone());
    layer.layer(answer).oneshot(request).await.unwrap();
    let span = &test.spans()[0];
    assert_eq!(span.name, "POST");
    assert!(span.attribute("rpc.system").is_none() && span.attribute("http.request.method").is_some());
}
