//! Other ways in than OTLP's protobuf: its JSON, Zipkin's format, files.

use std::io::Write;
use std::net::SocketAddr;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::http::{Answer, data, post_otlp, send};
use crate::otlp::{Message, key_value, now_ns, request, span_at, span_id, text_tag, trace_id};
use crate::{builder, viewer};

fn post_json(addr: SocketAddr, path: &str, body: &[u8]) -> Answer {
    send(addr, "POST", path, &[("host", "127.0.0.1"), ("content-type", "application/json")], body)
}

/// A span with all that there is, in protobuf and in JSON.
fn rich(start_ns: u64) -> (Message, Value) {
    let values = Message::default().bytes(1, Message::default().varint(3, 1)).bytes(1, Message::default());
    let event =
        Message::default().fixed64(1, start_ns + 5_000).bytes(2, "packed").bytes(3, text_tag("by", "robot"));
    let link = Message::default().bytes(1, trace_id(9)).bytes(2, span_id(9)).bytes(3, "x=y");
    let message = span_at(1, 2, Some(1), "order", (start_ns, 7_000_000))
        .bytes(3, "a=b")
        .bytes(9, key_value("n", &Message::default().varint(3, u64::MAX)))
        .bytes(9, key_value("big", &Message::default().varint(3, 1 << 62)))
        .bytes(9, key_value("half", &Message::default().fixed64(4, 0.5_f64.to_bits())))
        .bytes(9, key_value("bytes", &Message::default().bytes(7, [0, 1, 255])))
        .bytes(9, key_value("list", &Message::default().bytes(5, values)))
        .bytes(
            9,
            key_value("map", &Message::default().bytes(6, Message::default().bytes(1, text_tag("k", "v")))),
        )
        .bytes(9, key_value("yes", &Message::default().varint(2, 1)))
        .bytes(11, event)
        .bytes(13, link)
        .bytes(15, Message::default().bytes(2, "boom").varint(3, 2));
    let attribute = |key: &str, value: Value| json!({ "key": key, "value": value });
    let json = json!({
        "traceId": "01".repeat(16), "spanId": "0000000000000002", "parentSpanId": "0000000000000001",
        "traceState": "a=b", "name": "order", "kind": 2,
        "startTimeUnixNano": start_ns.to_string(), "endTimeUnixNano": start_ns + 7_000_000,
        "attributes": [
            attribute("n", json!({ "intValue": -1 })),
            attribute("big", json!({ "intValue": (1_u64 << 62).to_string() })),
            attribute("half", json!({ "doubleValue": 0.5 })),
            attribute("bytes", json!({ "bytesValue": "AAH/" })),
            attribute("list", json!({ "arrayValue": { "values": [{ "intValue": "1" }, {}] } })),
            attribute("map", json!({ "kvlistValue": { "values": [attribute("k", json!({ "stringValue": "v" }))] } })),
            attribute("yes", json!({ "boolValue": true })),
        ],
        "droppedAttributesCount": 0, "unknown": { "field": [1, 2] },
        "events": [{
            "timeUnixNano": (start_ns + 5_000).to_string(), "name": "packed",
            "attributes": [attribute("by", json!({ "stringValue": "robot" }))],
        }],
        "links": [{ "traceId": "09".repeat(16), "spanId": "0000000000000009", "traceState": "x=y" }],
        "status": { "message": "boom", "code": 2 },
    });
    (message, json)
}

fn json_request(service: &str, spans: &[Value]) -> Value {
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] },
        "scopeSpans": [{ "scope": { "name": "by-hand", "version": "1", "attributes": null }, "spans": spans }],
        "schemaUrl": "",
    }]})
}

#[test]
fn otlp_in_json_reads_as_in_protobuf() {
    let (one, other) = (viewer(), viewer());
    let (message, json) = rich(now_ns());
    assert_eq!(post_otlp(one.local_addr(), request("shop", &[message]).as_ref()).status, 200);
    let answer =
        post_json(other.local_addr(), "/v1/traces", json_request("shop", &[json]).to_string().as_bytes());
    assert_eq!(
        (answer.status, answer.text(), answer.header("content-type")),
        (200, "{}", "application/json")
    );
    let path = format!("/api/traces/{}", "01".repeat(16));
    assert_eq!(data(one.local_addr(), &path), data(other.local_addr(), &path));
}

#[test]
fn spans_in_json_without_valid_ids_are_told_and_counted() {
    let viewer = viewer();
    let (_, good) = rich(now_ns());
    let broken = |field: &str, value: &str| {
        let mut span = good.clone();
        span[field] = json!(value);
        span
    };
    let spans = [
        good.clone(),
        broken("traceId", "AQEBAQEBAQEBAQEBAQEBAQ=="),
        broken("spanId", "02"),
        broken("spanId", "000000000000000g"),
        broken("parentSpanId", "1"),
        broken("traceId", &"0".repeat(32)),
    ];
    let answer =
        post_json(viewer.local_addr(), "/v1/traces", json_request("s", &spans).to_string().as_bytes());
    assert_eq!((answer.status, &answer.json()["partialSuccess"]["rejectedSpans"]), (200, &json!("5")));
    let stats = viewer.stats();
    assert_eq!((stats.received, stats.rejected, stats.spans), (6, 5, 1));
}

#[test]
fn what_is_no_otlp_in_json_is_refused_in_json() {
    let viewer = viewer();
    let deep = format!("{}{}", r#"{"resourceSpans":"#.to_owned() + &"[".repeat(100_000), "]".repeat(100_000));
    let values = (0..20).fold(json!({}), |value, _| json!({ "arrayValue": { "values": [value] } }));
    let (_, mut nested) = rich(now_ns());
    nested["attributes"] = json!([{ "key": "deep", "value": values }]);
    let nested = json_request("s", &[nested]).to_string();
    for body in ["", "{", "[]", r#"{"resourceSpans":7}"#, deep.as_str(), nested.as_str()] {
        let answer = post_json(viewer.local_addr(), "/v1/traces", body.as_bytes());
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)), "{body:.60}");
    }
    assert_eq!((viewer.stats().malformed_requests, viewer.stats().received), (6, 0));
}

#[test]
fn json_may_be_gzip() {
    let viewer = viewer();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(json_request("s", &[rich(now_ns()).1]).to_string().as_bytes()).unwrap();
    let headers = [
        ("host", "localhost"),
        ("content-type", "application/json; charset=utf-8"),
        ("content-encoding", "gzip"),
    ];
    let answer = send(viewer.local_addr(), "POST", "/v1/traces", &headers, &gzip.finish().unwrap());
    assert_eq!((answer.status, viewer.stats().spans), (200, 1));
    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    bomb.write_all(&vec![b' '; (64 << 20) + 1]).unwrap();
    let bomb = bomb.finish().unwrap();
    for path in ["/v1/traces", "/api/v2/spans", "/api/viewer/traces"] {
        assert_eq!(send(viewer.local_addr(), "POST", path, &headers, &bomb).status, 413, "{path}");
    }
}

fn zipkin(start_us: u64) -> Value {
    json!([
        {
            "traceId": "000000000000000000000000000000ab", "id": "2", "kind": "CLIENT", "name": "get",
            "timestamp": start_us, "duration": 5_000,
            "localEndpoint": { "serviceName": "front", "ipv4": "10.0.0.1" },
            "remoteEndpoint": { "serviceName": "back", "port": 80 },
            "annotations": [
                { "timestamp": start_us + 10, "value": "sent" },
                { "timestamp": start_us + 20, "value": "retry|{\"n\":2,\"why\":\"slow\"}|0" },
            ],
            "tags": { "http.path": "/", "error": "it broke", "otel.scope.name": "lib" },
        },
        {
            "traceId": "ab", "id": "2", "kind": "SERVER", "name": "get", "shared": true,
            "timestamp": start_us + 1_000, "duration": 3_000, "localEndpoint": { "serviceName": "back" },
        },
        { "traceId": "ab", "id": "3", "parentId": "2", "name": "below", "localEndpoint": null },
        { "traceId": "ab", "id": "xyz", "name": "no id" },
    ])
}

#[test]
fn zipkins_spans_are_shown() {
    let viewer = builder().zipkin_listen(Some("127.0.0.1:0".parse().unwrap())).start().unwrap();
    let start_us = now_ns() / 1_000;
    let addr = viewer.zipkin_addr().unwrap();
    let answer = post_json(addr, "/api/v2/spans", zipkin(start_us).to_string().as_bytes());
    assert_eq!((answer.status, &answer.json()["rejectedSpans"]), (202, &json!(1)));
    let trace = data(viewer.local_addr(), "/api/traces/ab");
    let spans = trace[0]["spans"].as_array().unwrap();
    let by_service = |service: &str| {
        let of = |span: &&Value| {
            trace[0]["processes"][span["processID"].as_str().unwrap()]["serviceName"] == service
        };
        spans.iter().find(of).unwrap()
    };
    let client = by_service("front");
    let tag = |key: &str| {
        client["tags"].as_array().unwrap().iter().find(|tag| tag["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!((&client["startTime"], &client["duration"]), (&json!(start_us), &json!(5_000)));
    let tags =
        ["span.kind", "error", "otel.status_description", "peer.service", "net.host.ip", "otel.scope.name"];
    assert_eq!(
        tags.map(tag),
        [json!("client"), json!(true), json!("it broke"), json!("back"), json!("10.0.0.1"), json!("lib")]
    );
    assert_eq!(client["logs"][1]["fields"].as_array().unwrap().len(), 3);
    assert_eq!(by_service("back")["references"][0]["spanID"], client["spanID"], "a shared id is told apart");
    let empty = post_json(viewer.local_addr(), "/api/v2/spans", b"[]");
    assert_eq!((empty.status, empty.text()), (202, ""), "also on the main port");
}

#[test]
fn what_is_no_zipkin_is_refused() {
    let viewer = viewer();
    for body in ["", "{}", "[1]", r#"[{"traceId":1}]"#, r#"[{"timestamp":"x"}]"#] {
        assert_eq!(post_json(viewer.local_addr(), "/api/v2/spans", body.as_bytes()).status, 400, "{body}");
    }
    let thrift = [("host", "localhost"), ("content-type", "application/x-thrift")];
    assert_eq!(send(viewer.local_addr(), "POST", "/api/v2/spans", &thrift, b"").status, 415);
    assert_eq!(viewer.stats().malformed_requests, 6);
}

#[test]
fn what_was_downloaded_comes_back() {
    let (one, other) = (viewer(), viewer());
    let start_ns = now_ns();
    let follower = span_at(1, 3, Some(2), "after", (start_ns, 1_000_000)).bytes(
        13,
        Message::default()
            .bytes(1, trace_id(1))
            .bytes(2, span_id(2))
            .bytes(4, text_tag("opentracing.ref_type", "follows_from")),
    );
    let spans = [span_at(1, 1, None, "root", (start_ns, 9_000_000)), rich(start_ns).0, follower];
    assert_eq!(post_otlp(one.local_addr(), request("shop", &spans).as_ref()).status, 200);
    assert_eq!(
        post_otlp(one.local_addr(), request("", &[span_at(2, 1, None, "x", (start_ns, 0))]).as_ref()).status,
        200
    );
    let ids = ["01", "02"].map(|id| id.repeat(16));
    let path = format!("/api/traces?traceID={}&traceID={}", ids[0], ids[1]);
    let file = crate::http::get(one.local_addr(), &path);
    let answer = post_json(other.local_addr(), "/api/viewer/traces", &file.body);
    assert_eq!((answer.status, &answer.json()["data"]), (200, &json!(ids)), "{}", answer.text());
    assert_eq!(data(other.local_addr(), &path), data(one.local_addr(), &path));
    let single = data(one.local_addr(), &path)[0].to_string();
    let again = post_json(other.local_addr(), "/api/viewer/traces", single.as_bytes());
    assert_eq!((again.status, other.stats().duplicates), (200, 3), "one trace, known already");
    let otlp = json_request("json", &[json!({ "traceId": "07".repeat(16), "spanId": "0000000000000002" })]);
    let answer = post_json(other.local_addr(), "/api/viewer/traces", otlp.to_string().as_bytes());
    assert_eq!(answer.json()["data"], json!(["07".repeat(16)]), "OTLP is taken too");
}

#[test]
fn files_that_hold_no_traces_are_refused() {
    let viewer = viewer();
    let no_id = r#"{"data":[{"spans":[{"traceID":"x","spanID":"1"}]}]}"#;
    for body in ["", "[]", "{}", r#"{"data":7}"#, r#"{"data":[{"spans":null}]}"#, no_id, "\u{0}"] {
        let answer = post_json(viewer.local_addr(), "/api/viewer/traces", body.as_bytes());
        assert_eq!((answer.status, &answer.json()["errors"][0]["code"]), (400, &json!(400)), "{body}");
    }
    let headers = [("host", "localhost"), ("origin", "https://evil.example"), ("content-type", "text/plain")];
    let body = r#"{"spans":[{"traceID":"1","spanID":"1"}]}"#;
    assert_eq!(
        send(viewer.local_addr(), "POST", "/api/viewer/traces", &headers, body.as_bytes()).status,
        403
    );
    assert_eq!(viewer.stats().spans, 0);
}
