//! axum: names from routes, addresses from connections.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, ServiceExt};
use tracer_core::active;
use tracer_core::testing::{FinishedSpan, TestTracer};
use tracer_http::server::TraceLayer;

fn router() -> Router {
    let api = Router::new().route("/users/{id}", get(async |Path(id): Path<String>| id));
    Router::new().nest("/api", api).route("/boom", get(async || StatusCode::BAD_GATEWAY)).route(
        "/work",
        get(async || {
            active::with(|span| {
                span.log("working", &[("step", 1.into())]);
            });
        }),
    )
}

async fn ask(app: Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn name_and_route(span: &FinishedSpan) -> (String, Option<String>) {
    let route = span.attribute("http.route").map(ToString::to_string);
    (span.name.clone(), route)
}

#[tokio::test]
async fn spans_are_named_after_routes() {
    let test = TestTracer::new("shop");
    let app = router().layer(TraceLayer::new(test.tracer().clone()));
    assert_eq!(ask(app.clone(), "/api/users/7").await.1, "7");
    assert_eq!(ask(app.clone(), "/nowhere/7").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(app, "/boom").await.0, StatusCode::BAD_GATEWAY);
    let spans = test.spans();
    let names: Vec<_> = spans.iter().map(name_and_route).collect();
    let route = |route: &str| (format!("GET {route}"), Some(route.to_owned()));
    assert_eq!(names, [route("/api/users/{id}"), ("GET".to_owned(), None), route("/boom")]);
}

#[tokio::test]
async fn the_demos_names_are_the_routes_alone() {
    let test = TestTracer::new("shop");
    let layer = TraceLayer::new(test.tracer().clone());
    let layer = layer.span_name(|head| head.route().unwrap_or("other").into());
    let app = router().layer(layer);
    ask(app.clone(), "/work").await;
    ask(app, "/nowhere").await;
    let spans = test.spans();
    assert_eq!((spans[0].name.as_str(), spans[1].name.as_str()), ("/work", "other"));
    assert_eq!(spans[0].events[0].name, "working");
}

#[tokio::test]
async fn around_a_whole_router_no_route_is_known() {
    let test = TestTracer::new("shop");
    let service = TraceLayer::new(test.tracer().clone()).layer(router());
    let request = Request::get("/api/users/7").body(Body::empty()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    assert_eq!(name_and_route(&test.spans()[0]), ("GET".to_owned(), None));
}

#[tokio::test]
async fn a_served_request_has_its_clients_address() {
    let test = TestTracer::new("shop");
    let app = router().layer(TraceLayer::new(test.tracer().clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
    let server = tokio::spawn(server.into_future());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /api/users/7 HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let start = Instant::now();
    while test.spans().is_empty() && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let span = &test.spans()[0];
    assert!(response.contains(&format!("traceresponse: 00-{}-{}-01", span.trace_id, span.span_id)));
    assert_eq!(
        test.tree(),
        "GET /api/users/{id} (server) http.request.method=GET url.path=/api/users/7 \
         http.route=/api/users/{id} url.scheme=http server.address=shop client.address=127.0.0.1 \
         network.protocol.version=1.1 http.response.status_code=200\n"
    );
    server.abort();
}
