//! Requests as Jaeger's own page and Grafana's data source for Jaeger send them, and the form of the
//! answers that they read. What was tried is in the README.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http::{data, encode, get, post_otlp, send};
use crate::otlp::{Message, now_ns, request, span_at, text_tag};
use crate::viewer;

const MS: u64 = 1_000_000;

/// A call from "front" to "team/back", which fails with a log.
fn fill(addr: SocketAddr) -> u64 {
    let start_ns = now_ns();
    let log =
        Message::default().fixed64(1, start_ns + MS).bytes(2, "timeout").bytes(3, text_tag("driver", "T7"));
    let caller = span_at(1, 1, None, "GET /", (start_ns, 9 * MS)).bytes(9, text_tag("url", "/?a=b"));
    let called = span_at(1, 2, Some(1), "handle", (start_ns + MS, 5 * MS))
        .bytes(11, log)
        .bytes(15, Message::default().bytes(2, "boom").varint(3, 2));
    assert_eq!(post_otlp(addr, request("front", &[caller]).as_ref()).status, 200);
    assert_eq!(post_otlp(addr, request("team/back", &[called]).as_ref()).status, 200);
    start_ns
}

/// The same with types in the place of values; of a list its first element.
fn form(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), form(value))).collect(),
        Value::Array(items) => Value::Array(items.iter().take(1).map(form).collect()),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "bool".into(),
        Value::Null => Value::Null,
    }
}

/// A trace of the first generation, in its envelope.
fn traces_form() -> Value {
    let tag = json!({ "key": "text", "type": "text", "value": "text" });
    json!({
        "data": [{
            "traceID": "text",
            "spans": [{
                "traceID": "text", "spanID": "text", "operationName": "text", "references": [],
                "startTime": "number", "duration": "number", "tags": [tag], "logs": [],
                "processID": "text", "warnings": null,
            }],
            "processes": {
                "p1": { "serviceName": "text", "tags": [] },
                "p2": { "serviceName": "text", "tags": [] },
            },
            "warnings": null,
        }],
        "total": "number", "limit": "number", "offset": "number", "errors": null,
    })
}

fn list_of(item: &Value) -> Value {
    json!({ "data": [item], "total": "number", "limit": "number", "offset": "number", "errors": null })
}

fn assert_answers(addr: SocketAddr, path: &str, expected: &Value) {
    let answer = get(addr, path);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{path}");
    assert_eq!(form(&answer.json()), *expected, "{path}");
}

#[test]
fn jaegers_page_of_version_1_is_answered() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let start_us = fill(addr) / 1_000;
    let id = "01".repeat(16);
    let text = json!("text");
    assert_answers(addr, "/api/services", &list_of(&text));
    assert_answers(addr, "/api/services/front/operations", &list_of(&text));
    let operation = json!({ "name": "text", "spanKind": "text" });
    assert_answers(addr, "/api/operations?service=team%2Fback&spanKind=server", &list_of(&operation));
    // The page leaves names without values in the address.
    let search = format!(
        "/api/traces?end={}&limit=20&lookback=1h&maxDuration&minDuration&service=front&start={start_us}",
        start_us + 1_000_000
    );
    assert_answers(addr, &search, &traces_form());
    let tags = encode(r#"{"driver":"T7","error":"true"}"#);
    let search = format!("/api/traces?limit=20&lookback=1h&minDuration=1ms&service=team%2Fback&tags={tags}");
    assert_answers(addr, &search, &traces_form());
    assert_answers(addr, &format!("/api/traces/{id}"), &traces_form());
    assert_answers(addr, &format!("/api/traces?traceID={id}&traceID={id}"), &traces_form());
    let call = json!({ "parent": "text", "child": "text", "callCount": "number" });
    let graph = format!("/api/dependencies?endTs={}&lookback=604800000", start_us / 1_000 + 60_000);
    assert_answers(addr, &graph, &list_of(&call));
    // Without metrics the page shows how to begin; a trace that is not there it tells by its message.
    let metrics = "/api/metrics/latencies?service=front&endTs=1795539849958&lookback=3600000&quantile=0.95&ratePer=600000&spanKind=server&step=60000";
    assert_eq!(get(addr, metrics).status, 501);
    let missing = get(addr, "/api/traces/00000000000000000000000000000abc");
    assert_eq!((missing.status, &missing.json()["errors"][0]["msg"]), (404, &json!("trace not found")));
}

#[test]
fn jaegers_page_of_version_2_is_answered() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    fill(addr);
    assert_answers(addr, "/api/v3/services", &json!({ "services": ["text"] }));
    let operations = json!({ "operations": [{ "name": "text", "spanKind": "text" }] });
    assert_answers(addr, "/api/v3/operations?service=team%2Fback", &operations);
    let summaries = json!({ "summaries": [{
        "traceId": "text", "rootServiceName": "text", "rootOperationName": "text",
        "minStartTimeUnixNano": "text", "maxEndTimeUnixNano": "text",
        "spanCount": "number", "errorSpanCount": "number", "orphanSpanCount": "number",
        "services": [{ "name": "text", "spanCount": "number", "errorSpanCount": "number" }],
    }]});
    let times =
        "query.startTimeMin=2020-11-24T16%3A05%3A26.295Z&query.startTimeMax=2200-11-24T17%3A05%3A26.295Z";
    let search = format!("/api/v3/trace-summaries?query.serviceName=front&{times}&query.searchDepth=20");
    assert_answers(addr, &search, &summaries);
    let attributes = encode(r#"{"error":"true"}"#);
    let more = format!("&query.durationMin=1ms&query.attributes={attributes}");
    assert_answers(addr, &(search.replace("=front", "=team%2Fback") + &more), &summaries);
    assert_answers(addr, &format!("/api/traces/{}", "01".repeat(16)), &traces_form());
    // A file of OTLP's JSON that is dropped on the page.
    let file = get(addr, &format!("/api/v3/traces/{}", "01".repeat(16))).json()["result"].take();
    let headers =
        [("host", "127.0.0.1"), ("content-type", "application/json"), ("origin", "http://127.0.0.1:16686")];
    let shown = send(addr, "POST", "/api/transform", &headers, file.to_string().as_bytes());
    assert_eq!((shown.status, form(&shown.json())), (200, traces_form()));
}

/// Its back end reads the same members, and leaves slashes in a service's name as they are.
#[test]
fn grafanas_data_source_is_answered() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let start_us = fill(addr) / 1_000;
    assert_eq!(data(addr, "/api/services"), json!(["front", "team/back"]));
    assert_eq!(data(addr, "/api/services/team/back/operations"), json!(["handle"]));
    assert_eq!(data(addr, "/api/services/no%20such/one/operations"), json!([]));
    let range = format!("start={}&end={}", start_us - 3_600_000_000, start_us + 60_000_000);
    let count = |query: &str| data(addr, &format!("/api/traces?{query}&{range}")).as_array().unwrap().len();
    assert_eq!(count("service=front"), 1);
    assert_eq!(count("limit=20&maxDuration=1.5h&minDuration=1ms&operation=GET+%2F&service=front"), 1);
    assert_eq!(count("limit=20&service=team%2Fback&tags=%7B%22driver%22%3A%22T7%22%7D"), 1);
    assert_eq!(count("service=nobody"), 0);
    let (from_ms, to_ms) = (start_us / 1_000 - 3_600_000, start_us / 1_000 + 60_000);
    let trace = format!("/api/traces/{}?end={to_ms}&start={from_ms}", "01".repeat(16));
    assert_answers(addr, &trace, &traces_form());
    let graph = data(addr, &format!("/api/dependencies?endTs={to_ms}&lookback={}", to_ms - from_ms));
    assert_eq!(graph, json!([{ "parent": "front", "child": "team/back", "callCount": 1 }]));
    for (path, status) in [("/api/traces?service=front&minDuration=abc", 400), ("/api/traces/abcdef", 404)] {
        assert_eq!(get(addr, path).status, status, "{path}");
    }
    // The newer generation, which it uses behind a switch: times are not escaped.
    assert_eq!(data_v3(addr, "/api/v3/operations?service=team%2Fback")["operations"][0]["name"], "handle");
    let times = "start_time=2020-01-01T00:00:00Z&end_time=2200-01-01T00:00:00Z";
    let found = data_v3(addr, &format!("/api/v3/traces/{}?{times}", "01".repeat(16)));
    assert_eq!(found["result"]["resourceSpans"].as_array().unwrap().len(), 2);
}

fn data_v3(addr: SocketAddr, path: &str) -> Value {
    let answer = get(addr, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}
