//! The second generation of the query API, and what of the first Jaeger's page asks beside traces.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http::{data, encode, get, post_otlp, send};
use crate::otlp::{Message, key_value, now_ns, request, span_at, text_tag};
use crate::viewer;

/// Two traces: 1 of "front" and "back", with a span whose parent is missing; 2 of "front", failed.
fn fill(addr: SocketAddr) -> u64 {
    let start_ns = now_ns();
    let root = span_at(1, 1, None, "GET /", (start_ns, 9_000_000))
        .bytes(3, "a=b")
        .bytes(9, key_value("n", &Message::default().varint(3, u64::MAX)))
        .bytes(9, key_value("inf", &Message::default().fixed64(4, f64::INFINITY.to_bits())))
        .bytes(11, Message::default().fixed64(1, start_ns).bytes(2, "hello").bytes(3, text_tag("k", "<&>")));
    let failed = span_at(2, 1, None, "GET /", (start_ns, 50_000_000))
        .bytes(15, Message::default().bytes(2, "boom").varint(3, 2));
    let handled = span_at(1, 2, Some(1), "handle", (start_ns + 1_000_000, 2_000_000));
    let orphan = span_at(1, 3, Some(77), "lost", (start_ns + 1_000_000, 2_000_000));
    assert_eq!(post_otlp(addr, request("front", &[root, failed]).as_ref()).status, 200);
    assert_eq!(post_otlp(addr, request("back", &[handled, orphan]).as_ref()).status, 200);
    start_ns
}

fn times() -> String {
    format!(
        "query.startTimeMin={}&query.startTimeMax={}",
        encode("2020-01-01T00:00:00Z"),
        encode("2262-01-01T00:00:00+00:00")
    )
}

#[test]
fn a_trace_is_answered_as_otlp() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let start_ns = fill(addr);
    let answer = get(addr, &format!("/api/v3/traces/{}", "01".repeat(16)));
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let groups = answer.json()["result"]["resourceSpans"].take();
    let attribute = |key: &str, value: Value| json!({ "key": key, "value": value });
    let expected = json!({
        "resource": { "attributes": [attribute("service.name", json!({ "stringValue": "front" }))] },
        "scopeSpans": [{ "scope": { "name": "by-hand", "version": "1" }, "spans": [{
            "traceId": "01".repeat(16), "spanId": "0000000000000001", "traceState": "a=b",
            "name": "GET /", "kind": 2,
            "startTimeUnixNano": start_ns.to_string(), "endTimeUnixNano": (start_ns + 9_000_000).to_string(),
            "attributes": [
                attribute("n", json!({ "intValue": "-1" })),
                attribute("inf", json!({ "doubleValue": "Infinity" })),
            ],
            "events": [{
                "timeUnixNano": start_ns.to_string(), "name": "hello",
                "attributes": [attribute("k", json!({ "stringValue": "<&>" }))],
            }],
            "status": {},
        }]}],
    });
    assert_eq!((groups.as_array().unwrap().len(), &groups[0]), (2, &expected));
    let orphan = &groups[1]["scopeSpans"][0]["spans"][1];
    assert_eq!(orphan["attributes"][0]["key"], "@jaeger@warnings");
    let raw = get(addr, &format!("/api/v3/traces/{}?rawTraces=true", "01".repeat(16))).json();
    assert!(!raw.to_string().contains("@jaeger"), "raw");
    let first = data(addr, &format!("/api/traces/{}", "01".repeat(16)));
    let lost =
        first[0]["spans"].as_array().unwrap().iter().find(|span| span["operationName"] == "lost").unwrap();
    assert_eq!(lost["warnings"].as_array().unwrap().len(), 1, "the first generation says so too");
    let late = get(addr, &format!("/api/v3/traces/{}?start_time=2200-01-01T00:00:00Z", "01".repeat(16)));
    assert_eq!(late.status, 404);
}

#[test]
fn what_is_answered_is_taken_back() {
    let (one, other) = (viewer(), viewer());
    fill(one.local_addr());
    let id = "01".repeat(16);
    let result = get(one.local_addr(), &format!("/api/v3/traces/{id}?raw_traces=1")).json()["result"].take();
    let headers = [("host", "localhost"), ("content-type", "application/json")];
    let body = result.to_string();
    assert_eq!(send(other.local_addr(), "POST", "/v1/traces", &headers, body.as_bytes()).text(), "{}");
    let path = format!("/api/traces/{id}");
    assert_eq!(data(other.local_addr(), &path), data(one.local_addr(), &path));
    let transformed = send(viewer().local_addr(), "POST", "/api/transform", &headers, body.as_bytes());
    assert_eq!(transformed.json()["data"], data(one.local_addr(), &path));
}

#[test]
fn each_condition_narrows_a_search() {
    let viewer = viewer();
    fill(viewer.local_addr());
    let found = |query: &str| -> Vec<u64> {
        let path = format!("/api/v3/trace-summaries?{}&{query}", times());
        let answer = get(viewer.local_addr(), &path);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let count = |summary: &Value| summary["spanCount"].as_u64().unwrap();
        answer.json()["summaries"].as_array().unwrap().iter().map(count).collect()
    };
    let cases = [
        ("", vec![1, 3]),
        ("query.serviceName=back", vec![3]),
        ("query.service_name=nobody", vec![]),
        ("query.service_name=front&query.operation_name=handle", vec![]),
        ("query.durationMin=20ms", vec![1]),
        ("query.duration_max=1ms&query.duration_min=0s", vec![]),
        ("query.searchDepth=1", vec![1]),
        ("query.num_traces=1", vec![1]),
        ("query.attributes=%7B%22n%22%3A-1%7D", vec![3]),
        ("query.attributes=%7B%22error%22%3A%22true%22%7D", vec![1]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(query), expected, "{query}");
        let path = format!("/api/v3/traces?{}&{query}", times());
        assert_eq!(
            get(viewer.local_addr(), &path).status,
            if expected.is_empty() { 404 } else { 200 },
            "{query}"
        );
    }
    let early = "/api/v3/trace-summaries?query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2020-01-02T00:00:00%2B01:00";
    assert_eq!(get(viewer.local_addr(), early).json(), json!({ "summaries": [] }));
}

#[test]
fn a_summary_has_the_fields_of_jaegers_page() {
    let viewer = viewer();
    let start_ns = fill(viewer.local_addr());
    let path = format!("/api/v3/trace-summaries?{}&query.serviceName=back", times());
    let expected = json!({
        "traceId": "01".repeat(16), "rootServiceName": "front", "rootOperationName": "GET /",
        "minStartTimeUnixNano": start_ns.to_string(), "maxEndTimeUnixNano": (start_ns + 9_000_000).to_string(),
        "spanCount": 3, "errorSpanCount": 0, "orphanSpanCount": 1,
        "services": [
            { "name": "back", "spanCount": 2, "errorSpanCount": 0 },
            { "name": "front", "spanCount": 1, "errorSpanCount": 0 },
        ],
    });
    assert_eq!(get(viewer.local_addr(), &path).json()["summaries"], json!([expected]));
}

#[test]
fn services_and_operations_are_listed() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    fill(addr);
    assert_eq!(get(addr, "/api/v3/services").json(), json!({ "services": ["back", "front"] }));
    let both = json!([{ "name": "handle", "spanKind": "server" }, { "name": "lost", "spanKind": "server" }]);
    assert_eq!(get(addr, "/api/v3/operations?service=back").json()["operations"], both);
    assert_eq!(get(addr, "/api/v3/operations?service=back&spanKind=server").json()["operations"], both);
    assert_eq!(
        get(addr, "/api/v3/operations?service=back&span_kind=client").json(),
        json!({ "operations": [] })
    );
    assert_eq!(get(addr, "/api/v3/operations").json(), json!({ "operations": [] }));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let viewer = viewer();
    let times = times();
    let cases = [
        ("/api/v3/traces/xyz".to_owned(), 400, "trace_id"),
        ("/api/v3/traces/1".to_owned(), 404, "No traces found"),
        ("/api/v3/traces/1?start_time=now".to_owned(), 400, "start_time"),
        ("/api/v3/traces/1?raw_traces=maybe".to_owned(), 400, "raw_traces"),
        ("/api/v3/traces?query.service_name=s".to_owned(), 400, "required"),
        ("/api/v3/trace-summaries?query.service_name=s".to_owned(), 400, "required"),
        (format!("/api/v3/traces?{times}&query.duration_min=5"), 400, "query.duration_min"),
        (format!("/api/v3/traces?{times}&query.num_traces=0"), 400, "num_traces"),
        (format!("/api/v3/traces?{times}&query.attributes=%5B%5D"), 400, "attributes"),
        ("/api/v3/nothing".to_owned(), 404, "no such address"),
    ];
    for (path, status, message) in cases {
        let answer = get(viewer.local_addr(), &path);
        assert_eq!(answer.status, status, "{path}");
        let error = answer.json()["error"].take();
        assert_eq!(error["httpCode"], status, "{path}");
        assert!(error["message"].as_str().unwrap().contains(message), "{path}: {error}");
    }
    for name in ["latencies", "calls", "errors", "minstep"] {
        let answer = get(viewer.local_addr(), &format!("/api/metrics/{name}?service=s"));
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (501, &json!(501)));
    }
}
