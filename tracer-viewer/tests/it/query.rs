//! The query API: each filter, and what cannot be asked.

use std::net::SocketAddr;

use serde_json::json;

use crate::http::{data, encode, get, post_otlp};
use crate::otlp::{Message, key_value, now_ns, request, span, span_at, text_tag};
use crate::viewer;

/// Three traces of "front": 1 fast; 2 slow, failed, with a log; 3 an hour ago, with "back" below.
fn fill(addr: SocketAddr) -> u64 {
    let now_ns = now_ns();
    let fast = span_at(1, 1, None, "GET /", (now_ns, 2_000_000))
        .bytes(9, key_value("n", &Message::default().varint(3, 42)))
        .bytes(9, key_value("ok", &Message::default().varint(2, 1)));
    let log = Message::default()
        .fixed64(1, now_ns)
        .bytes(2, "Dispatch successful")
        .bytes(3, text_tag("driver", "T7 1"));
    let slow = span_at(2, 1, None, "GET /", (now_ns, 1_200_000_000))
        .bytes(9, text_tag("url", "http://x:80/?a=b"))
        .bytes(11, log)
        .bytes(15, Message::default().bytes(2, "boom").varint(3, 2));
    let hour_ago = now_ns - 3_600_000_000_000;
    let old = span_at(3, 1, None, "POST /", (hour_ago, 10_000_000));
    let below = span_at(3, 2, Some(1), "handle", (hour_ago + 1_000, 5_000_000));
    let again = span_at(3, 3, Some(1), "handle", (hour_ago + 6_000_000, 2_000_000)).varint(6, 5);
    assert_eq!(post_otlp(addr, request("front", &[fast, slow, old]).as_ref()).status, 200);
    assert_eq!(post_otlp(addr, request("back", &[below, again]).as_ref()).status, 200);
    now_ns / 1_000
}

/// The first digits of the traces found, in their order.
fn found(addr: SocketAddr, query: &str) -> String {
    let traces = data(addr, &format!("/api/traces?{query}"));
    let traces = traces.as_array().unwrap();
    let short = data(addr, &format!("/api/viewer/traces?{}", query.replace("&lookback=1h", "")));
    assert_eq!(short.as_array().unwrap().len(), traces.len(), "summaries are of the same traces");
    traces.iter().map(|trace| &trace["traceID"].as_str().unwrap()[1..2]).collect()
}

#[test]
fn each_condition_narrows_a_search() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let now_us = fill(addr);
    let tags = |json: &str| format!("service=front&tags={}", encode(json));
    let cases = [
        ("service=front".into(), "321"),
        ("service=back".into(), "3"),
        ("service=nobody".into(), ""),
        ("service=front&limit=2&lookback=1h".into(), "32"),
        ("service=front&operation=GET%20%2F".into(), "21"),
        ("service=back&operation=GET%20%2F".into(), ""),
        ("service=front&minDuration=1.2s".into(), "2"),
        ("service=front&maxDuration=1199.999ms".into(), "31"),
        ("service=front&minDuration=3ms&maxDuration=20ms".into(), "3"),
        (format!("service=front&start={now_us}"), "21"),
        (format!("service=front&end={}", now_us - 1), "3"),
        (format!("service=front&start={}&end={now_us}", now_us - 1), "21"),
        (tags(r#"{"driver":"T7 1"}"#), "2"),
        (tags(r#"{"driver":"T7"}"#), ""),
        (tags(r#"{"error":"true"}"#), "2"),
        (tags(r#"{"error":"true","n":"42"}"#), ""),
        (tags(r#"{"n":"42","ok":"true","service.name":"x"}"#), ""),
        ("service=front&tag=n:42&tag=ok:true".into(), "1"),
        (format!("service=front&tag={}", encode("url:http://x:80/?a=b")), "2"),
        ("service=front&tag=otel.scope.name:by-hand".into(), "321"),
        ("service=back&tag=span.kind:consumer".into(), "3"),
        (format!("service=front&tag={}", encode("event:Dispatch successful")), "2"),
        ("traceID=2222&traceID=01010101010101010101010101010101".into(), "1"),
    ];
    for (query, expected) in cases {
        assert_eq!(found(addr, &query), expected, "{query}");
    }
    assert_eq!(data(addr, "/api/viewer/traces").as_array().unwrap().len(), 3, "any service");
}

#[test]
fn what_cannot_be_understood_is_answered_in_the_envelope() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let cases = [
        ("/api/traces", 400, "'service' is required"),
        ("/api/traces?service=s&start=now", 400, "'start'"),
        ("/api/traces?service=s&limit=0", 400, "'limit'"),
        ("/api/traces?service=s&limit=-1", 400, "'limit'"),
        ("/api/traces?service=s&minDuration=5", 400, "'minDuration'"),
        ("/api/traces?service=s&minDuration=5s&maxDuration=1s", 400, "'maxDuration'"),
        ("/api/traces?service=s&tag=x", 400, "'tag'"),
        ("/api/traces?service=s&tags=%7B%22a%22%3A1%7D", 400, "'tags'"),
        ("/api/traces?traceID=xyz", 400, "xyz"),
        ("/api/traces/xyz", 400, "xyz"),
        ("/api/traces/011111111111111111111111111111111", 400, "1 to 32"),
        ("/api/traces/1", 404, "trace not found"),
        ("/api/operations", 400, "'service' is required"),
        ("/api/dependencies?endTs=x", 400, "'endTs'"),
        ("/api/dependencies?lookback=x", 400, "'lookback'"),
        ("/api/nothing/here", 404, "no such address"),
    ];
    for (path, status, message) in cases {
        let answer = get(addr, path);
        assert_eq!(answer.status, status, "{path}");
        let body = answer.json();
        assert_eq!(body["errors"][0]["code"], status, "{path}");
        assert!(body["errors"][0]["msg"].as_str().unwrap().contains(message), "{path}: {body}");
        assert!(body["data"].is_null() && body["total"] == 0 && body["offset"] == 0, "{path}: {body}");
    }
}

#[test]
fn ids_that_are_not_there_are_named_beside_those_that_are() {
    let viewer = viewer();
    fill(viewer.local_addr());
    let answer =
        get(viewer.local_addr(), "/api/traces?traceID=abc&traceID=01010101010101010101010101010101").json();
    assert_eq!(answer["data"].as_array().unwrap().len(), 1);
    assert_eq!(answer["errors"], json!([{ "msg": "trace not found", "traceID": "0000000000000abc" }]));
}

#[test]
fn services_and_operations_are_listed() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    assert_eq!(data(addr, "/api/services"), json!([]));
    fill(addr);
    let services = get(addr, "/api/services").json();
    assert_eq!((&services["data"], &services["total"]), (&json!(["back", "front"]), &json!(2)));
    assert_eq!(data(addr, "/api/services/back/operations"), json!(["handle"]));
    assert_eq!(data(addr, "/api/services/no%2Fbody/operations"), json!([]));
    assert_eq!(get(addr, "/api/services/back").status, 404);
    let both =
        json!([{ "name": "handle", "spanKind": "server" }, { "name": "handle", "spanKind": "consumer" }]);
    assert_eq!(data(addr, "/api/operations?service=back"), both);
    assert_eq!(data(addr, "/api/operations?service=back&spanKind=consumer"), json!([both[1]]));
}

#[test]
fn the_graph_of_services_is_that_of_the_spans() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let now_ms = fill(addr) / 1_000;
    let calls = json!([{ "parent": "front", "child": "back", "callCount": 2 }]);
    assert_eq!(data(addr, "/api/dependencies"), calls);
    assert_eq!(data(addr, "/api/dependencies?service=back"), calls);
    assert_eq!(data(addr, "/api/dependencies?service=other"), json!([]));
    assert_eq!(data(addr, &format!("/api/dependencies?endTs={}&lookback=60000", now_ms + 10_000)), json!([]));
    assert_eq!(data(addr, &format!("/api/dependencies?endTs={}&lookback=7200000", now_ms - 1_000)), calls);
}

#[test]
fn a_summary_counts_what_is_in_a_trace() {
    let viewer = viewer();
    let now_us = fill(viewer.local_addr());
    let found = data(viewer.local_addr(), "/api/viewer/traces?service=front&tag=error:true");
    assert_eq!(
        found,
        json!([{
            "traceID": "02020202020202020202020202020202",
            "rootService": "front", "rootOperation": "GET /", "hasRoot": true,
            "startTime": now_us, "duration": 1_200_000, "spans": 1, "errors": 1,
            "services": [{ "name": "front", "spans": 1, "errors": 1 }],
        }])
    );
}

#[test]
fn a_trace_of_20_000_spans_is_answered() {
    const SPANS: u64 = 20_000;
    let viewer = viewer();
    // A chain: each span is the child of the one before.
    let spans: Vec<_> = (1..=SPANS).map(|id| span(9, id, (id > 1).then(|| id - 1), "link")).collect();
    assert_eq!(post_otlp(viewer.local_addr(), request("chain", &spans).as_ref()).status, 200);
    let trace = data(viewer.local_addr(), "/api/traces/09090909090909090909090909090909");
    assert_eq!(trace[0]["spans"].as_array().unwrap().len() as u64, SPANS);
    assert_eq!(data(viewer.local_addr(), "/api/viewer/traces?service=chain")[0]["spans"], SPANS);
    assert_eq!(data(viewer.local_addr(), "/api/dependencies"), json!([]));
}

#[test]
fn hostile_text_stays_text() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let hostile = "</script><script>alert(1)</script>\u{0}\u{8}\r\n\"\\\u{2028}{{7*7}}";
    let hostile_span = span(1, 1, None, hostile).bytes(9, text_tag(hostile, hostile));
    assert_eq!(post_otlp(addr, request(hostile, &[hostile_span]).as_ref()).status, 200);
    let answer = get(addr, "/api/traces/01010101010101010101010101010101");
    assert!(answer.text().chars().all(|character| character >= ' '), "control characters are escaped");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let trace = answer.json();
    assert_eq!(trace["data"][0]["processes"]["p1"]["serviceName"], hostile);
    let tags = trace["data"][0]["spans"][0]["tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag["key"] == hostile && tag["value"] == hostile));
    assert_eq!(data(addr, "/api/services"), json!([hostile]));
    let page = get(addr, "/trace/%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert!(!page.text().contains("alert"), "the page never repeats its address");
}
