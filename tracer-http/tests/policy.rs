//! What leaves for whom and what is taken from whom, over real sockets.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

#[path = "support/spans.rs"]
mod spans;

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn};
use tracer_core::sampler::{ConstSampler, ParentBased};
use tracer_core::testing::TestTracer;
use tracer_core::{Tracer, active};
use tracer_http::client::{OutgoingPolicy, Propagation};
use tracer_http::server::EdgePolicy;
use tracer_http::{client, server};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const ALL: [&str; 3] = ["traceparent", "tracestate", "baggage"];

/// Answers with the names of the tracing headers that came, and the baggage that is active.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let came: Vec<_> = ALL.into_iter().filter(|name| request.headers().contains_key(*name)).collect();
    let context = active::context().unwrap_or_default();
    let session = context.baggage_item("session").unwrap_or("-");
    Ok(Response::new(Full::from(format!("{} {session}", came.join(",")))))
}

async fn serve(layer: server::TraceLayer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
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

fn request(address: SocketAddr) -> Request<Full<Bytes>> {
    Request::get(format!("http://{address}/"))
        .header("traceparent", PARENT)
        .header("tracestate", "congo=1")
        .header("baggage", "session=7")
        .body(Full::default())
        .unwrap()
}

/// Sends a request as it is.
async fn send(request: Request<Full<Bytes>>) -> String {
    let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let body = http.request(request).await.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

/// Sends a request through a layer, below a span that continues the request's own context.
async fn send_through(layer: client::TraceLayer, address: SocketAddr) -> String {
    let relay = service_fn(move |request: Request<Full<Bytes>>| {
        let http = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        layer.layer(http).oneshot(request)
    });
    // Without a tracer, a server's layer makes what came in active and no more.
    let relay = server::TraceLayer::new(Tracer::noop()).layer(relay.map_err(|error| error.to_string()));
    let body = relay.oneshot(request(address)).await.unwrap().into_body().collect().await.unwrap();
    String::from_utf8(body.to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_host_is_sent_what_its_rule_says() {
    let address = serve(server::TraceLayer::new(Tracer::noop())).await;
    let rule = |pattern, propagation| OutgoingPolicy::new().with(pattern, propagation).unwrap();
    for (policy, sent) in [
        (OutgoingPolicy::new(), "traceparent,tracestate,baggage 7"),
        (OutgoingPolicy::internal(["127.0.0.1"]).unwrap(), "traceparent,tracestate,baggage 7"),
        (OutgoingPolicy::internal(["*.svc.cluster.local"]).unwrap(), "traceparent,tracestate -"),
        (rule("127.0.0.1", Propagation::IdsOnly), "traceparent -"),
        (rule("127.0.0.1", Propagation::None), " -"),
        (rule("127.0.0.2", Propagation::None), "traceparent,tracestate,baggage 7"),
    ] {
        let test = TestTracer::new("shop");
        let layer = client::TraceLayer::new(test.tracer().clone()).outgoing_policy(policy.clone());
        assert_eq!(send_through(layer, address).await, sent, "{policy:?}");
        let span = &spans::wait(&test, 1).await[0];
        assert_eq!(span.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }
}

#[tokio::test]
async fn an_edge_makes_of_strangers_what_its_policy_says() {
    for (edge, baggage, continues, links) in [
        (EdgePolicy::Continue, "7", true, 0),
        (EdgePolicy::RestartWithLink, "-", false, 1),
        (EdgePolicy::Ignore, "-", false, 0),
    ] {
        let test = TestTracer::new("edge");
        let layer = server::TraceLayer::new(test.tracer().clone()).edge_policy(edge);
        let address = serve(layer).await;
        // What came is left in the request for the handler.
        let expected = format!("traceparent,tracestate,baggage {baggage}");
        assert_eq!(send(request(address)).await, expected, "{edge:?}");
        let span = &spans::wait(&test, 1).await[0];
        assert_eq!(span.trace_id.to_string() == "4bf92f3577b34da6a3ce929d0e0e4736", continues);
        assert_eq!(span.parent_span_id.is_valid(), continues, "{edge:?}");
        assert_eq!(span.trace_state, if continues { "congo=1" } else { "" });
        assert_eq!(span.links.len(), links, "{edge:?}");
        for link in &span.links {
            assert_eq!(link.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
            assert_eq!(link.span_id.to_string(), "00f067aa0ba902b7");
        }
    }
}

#[tokio::test]
async fn a_stranger_does_not_have_requests_recorded() {
    for (edge, recorded) in
        [(EdgePolicy::Continue, 1), (EdgePolicy::RestartWithLink, 0), (EdgePolicy::Ignore, 0)]
    {
        let test = TestTracer::with_sampler("edge", ParentBased::new(ConstSampler::OFF));
        let address = serve(server::TraceLayer::new(test.tracer().clone()).edge_policy(edge)).await;
        send(request(address)).await;
        spans::wait(&test, recorded).await;
        assert!(test.unfinished().is_empty(), "{edge:?}");
    }
}

#[tokio::test]
async fn malformed_headers_are_counted_where_they_are_read() {
    for (edge, malformed) in
        [(EdgePolicy::Continue, 1), (EdgePolicy::RestartWithLink, 1), (EdgePolicy::Ignore, 0)]
    {
        let test = TestTracer::new("edge");
        let layer = server::TraceLayer::new(test.tracer().clone()).edge_policy(edge);
        let address = serve(layer.clone()).await;
        let mut request = request(address);
        request.headers_mut().insert("traceparent", http::HeaderValue::from_static("00-zz"));
        send(request).await;
        assert_eq!(layer.malformed_headers().traceparent, malformed, "{edge:?}");
        let span = &spans::wait(&test, 1).await[0];
        assert!(span.links.is_empty() && !span.parent_span_id.is_valid(), "{edge:?}");
    }
}
