//! What a span is called, and what its tags say of request and response.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use tracer_core::testing::TestTracer;
use tracer_core::{StatusCode as SpanStatus, active};
use tracer_http::{PeerAddr, Route};

use crate::support::{ask, get, layer, ok, status, tag};

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
