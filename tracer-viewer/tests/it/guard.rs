//! Pages of strangers get nothing.

use crate::http::{Answer, send};
use crate::otlp::{request, span};
use crate::{builder, viewer};

#[test]
fn foreign_hosts_are_refused_everywhere() {
    let viewer = builder().otlp_listen(Some("127.0.0.1:0".parse().unwrap())).start().unwrap();
    let (query, otlp) = (viewer.local_addr(), viewer.otlp_addr().unwrap());
    for (addr, path) in
        [(query, "/api/services"), (query, "/search"), (query, "/v1/traces"), (otlp, "/v1/traces")]
    {
        for host in
            ["evil.example", "127.0.0.1.evil.example:16686", "localhost.evil.example", "", "192.0.2.1"]
        {
            let answer = send(addr, "GET", path, &[("host", host)], b"");
            assert_eq!(answer.status, 403, "{host:?} {path}");
            assert!(answer.text().contains("host"), "it says why: {}", answer.text());
        }
        assert_eq!(send(addr, "GET", path, &[], b"").status, 403, "no host at all");
    }
}

#[test]
fn a_name_can_be_allowed() {
    let viewer = builder().allow_host("traces.example").start().unwrap();
    let status = |host| send(viewer.local_addr(), "GET", "/api/services", &[("host", host)], b"").status;
    assert_eq!(status("Traces.Example:8080"), 200);
    assert_eq!(status("other.example"), 403);
    assert_eq!(status("localhost:1"), 200);
}

#[test]
fn only_known_origins_may_post() {
    let viewer = viewer();
    let body = request("s", &[span(1, 1, None, "x")]);
    let post = |origin: Option<&str>| {
        let mut headers = vec![("host", "127.0.0.1"), ("content-type", "application/x-protobuf")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        send(viewer.local_addr(), "POST", "/v1/traces", &headers, body.as_ref()).status
    };
    for origin in ["https://evil.example", "null", "", "http://localhost.evil.example", "file://"] {
        assert_eq!(post(Some(origin)), 403, "{origin:?}");
    }
    assert_eq!(viewer.stats().received, 0);
    assert_eq!(post(Some("http://localhost:8080")), 200);
    assert_eq!(post(None), 200, "a program, not a page");
}

#[test]
fn every_answer_carries_the_guards_headers() {
    let viewer = viewer();
    let ask = |path, host| send(viewer.local_addr(), "GET", path, &[("host", host)], b"");
    let answers: [Answer; 5] = [
        ask("/search", "localhost"),
        ask("/static/app.js", "localhost"),
        ask("/api/services", "localhost"),
        ask("/nothing", "localhost"),
        ask("/search", "evil.example"),
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}
