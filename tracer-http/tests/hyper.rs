//! hyper on both sides of a real socket.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "support/spans.rs"]
mod spans;

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, ServiceExt, service_fn};
use tracer_core::row::record::Value;
use tracer_core::testing::{TestTracer, tree};
use tracer_core::{StatusCode as SpanStatus, Tracer};
use tracer_http::{client, server};

type BoxBody = UnsyncBoxBody<Bytes, Infallible>;

fn text(text: &'static str) -> BoxBody {
    Full::new(Bytes::from_static(text.as_bytes())).boxed_unsync()
}

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody>, Infallible> {
    let response = Response::builder();
    Ok(match request.uri().path() {
        "/hang" => pending().await,
        "/endless" => {
            let (mut sender, channel) = Channel::<Bytes, Infallible>::new(1);
            tokio::spawn(async move { while sender.send_data(Bytes::from("more")).await.is_ok() {} });
            Response::new(channel.boxed_unsync())
        }
        "/chunked" => {
            let (mut sender, channel) = Channel::<Bytes, Infallible>::new(1);
            tokio::spawn(async move { sender.send_data(Bytes::from("chunk")).await });
            Response::new(channel.boxed_unsync())
        }
        "/declared" => {
            let (mut sender, channel) = Channel::<Bytes, Infallible>::new(1);
            tokio::spawn(async move {
                sender.send_data(Bytes::from("four")).await.unwrap();
                // The end is never said: the length has said it.
                pending::<()>().await;
            });
            response.header("content-length", "4").body(channel.boxed_unsync()).unwrap()
        }
        "/unchanged" => response.status(StatusCode::NOT_MODIFIED).body(text("not sent")).unwrap(),
        _ => Response::new(text("hello")),
    })
}

/// A server of `answer`.
async fn serve(tracer: Tracer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let layer = server::TraceLayer::new(tracer).span_name(|head| head.uri.path().into());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(layer.layer(service_fn(answer)));
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_trace_goes_over_the_network() {
    let (shop, stock) = (TestTracer::new("shop"), TestTracer::new("stock"));
    let address = serve(stock.tracer().clone()).await;
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let http = client::TraceLayer::new(shop.tracer().clone()).layer(http);
    let request = Request::get(format!("http://{address}/items")).body(Full::default()).unwrap();
    let response = http.oneshot(request).await.unwrap();
    let traceresponse = response.headers()["traceresponse"].to_str().unwrap().to_owned();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");

    let mut all = spans::wait(&shop, 1).await;
    all.extend(spans::wait(&stock, 1).await);
    let port = address.port();
    assert_eq!(
        tree(&all),
        format!(
            "shop :: GET (client) http.request.method=GET url.full=http://127.0.0.1:{port}/items \
             server.address=127.0.0.1 server.port={port} http.response.status_code=200\n\
             └─ stock :: /items (server) http.request.method=GET url.path=/items url.scheme=http \
             server.address=127.0.0.1 server.port={port} network.protocol.version=1.1 \
             http.response.status_code=200\n"
        )
    );
    assert_eq!(traceresponse, format!("00-{}-{}-01", all[1].trace_id, all[1].span_id));
}

#[tokio::test]
async fn no_way_to_end_a_body_counts_as_cancelled() {
    let test = TestTracer::new("stock");
    let address = serve(test.tracer().clone()).await;
    let requests = [
        "GET /full HTTP/1.1",
        "GET /chunked HTTP/1.1",
        "GET /declared HTTP/1.1",
        "GET /unchanged HTTP/1.1",
        "HEAD /full HTTP/1.1",
        "HEAD /chunked HTTP/1.1",
        "GET /full HTTP/1.0",
        "GET /chunked HTTP/1.0",
    ];
    for (index, request) in requests.iter().enumerate() {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("{request}\r\nhost: h\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        assert!(response.starts_with(b"HTTP/1."), "{request}");
        let span = &spans::wait(&test, index + 1).await[index];
        assert_eq!(span.attribute("cancelled"), None, "{request}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_cancels() {
    for path in ["/hang", "/endless"] {
        let test = TestTracer::new("stock");
        let address = serve(test.tracer().clone()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        if path == "/endless" {
            stream.read_exact(&mut [0; 1000]).await.unwrap();
        } else {
            while test.unfinished().is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(test.unfinished(), [path]);
        drop(stream);
        let span = &spans::wait(&test, 1).await[0];
        assert_eq!(span.attribute("cancelled"), Some(&Value::Bool(true)), "{path}");
        assert_eq!(span.status, SpanStatus::Unset);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() {
    let test = TestTracer::new("shop");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let layer = client::TraceLayer::new(test.tracer().clone());
    let http = layer.layer(http.map_err(tower::BoxError::from));
    let request = Request::get(format!("http://{nobody}/")).body(Full::default()).unwrap();
    http.oneshot(request).await.unwrap_err();
    let span = &test.spans()[0];
    assert_eq!(span.status, SpanStatus::Error);
    assert!(span.status_message.contains("refused"), "{}", span.status_message);
}
