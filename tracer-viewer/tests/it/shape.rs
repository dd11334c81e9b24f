//! What came by OTLP, as Jaeger shows it. The expectations were compared with what Jaeger 1.76
//! answers to messages of these kinds.

use serde_json::{Value, json};

use crate::http::{data, post_otlp};
use crate::otlp::{Message, key_value, now_ns, request, span_at, span_id, text_tag, trace_id};
use crate::viewer;

const TRACE: &str = "01010101010101010101010101010101";

/// Sends spans of trace 1 and gives the trace back.
fn shown(spans: &[Message]) -> Value {
    let viewer = viewer();
    assert_eq!(post_otlp(viewer.local_addr(), request("shop", spans).as_ref()).status, 200);
    data(viewer.local_addr(), &format!("/api/traces/{TRACE}"))[0].take()
}

fn plain(id: u64, parent: Option<u64>) -> Message {
    span_at(1, id, parent, "op", (now_ns(), 5_001_234))
}

fn reference(ref_type: &str, trace: &str, span: u64) -> Value {
    json!({ "refType": ref_type, "traceID": trace, "spanID": format!("{span:016x}") })
}

fn link(trace: [u8; 16], span: u64, ref_type: Option<&str>) -> Message {
    let link = Message::default().bytes(1, trace).bytes(2, span_id(span));
    match ref_type {
        Some(ref_type) => link.bytes(4, text_tag("opentracing.ref_type", ref_type)),
        None => link,
    }
}

#[test]
fn a_span_has_all_of_jaegers_fields() {
    let start_ns = now_ns();
    let event =
        Message::default().fixed64(1, start_ns + 1_500).bytes(2, "hello").bytes(3, text_tag("aa", "1"));
    let own_event =
        Message::default().fixed64(1, start_ns + 2_000).bytes(2, "ev").bytes(3, text_tag("event", "own"));
    let nameless = Message::default().fixed64(1, start_ns + 3_000).bytes(3, text_tag("message", "m"));
    let span = span_at(1, 1, None, "op", (start_ns, 5_001_234))
        .bytes(3, "a=b,c=d")
        .bytes(9, text_tag("zz", "x"))
        .bytes(11, event)
        .bytes(11, own_event)
        .bytes(11, nameless)
        .bytes(15, Message::default().bytes(2, "boom").varint(3, 2));
    let string = |key: &str, value: &str| json!({ "key": key, "type": "string", "value": value });
    let expected = json!({
        "traceID": TRACE,
        "spanID": "0000000000000001",
        "operationName": "op",
        "references": [],
        "startTime": start_ns / 1_000,
        "duration": 5_001,
        "tags": [
            { "key": "error", "type": "bool", "value": true },
            string("otel.scope.name", "by-hand"),
            string("otel.scope.version", "1"),
            string("otel.status_code", "ERROR"),
            string("otel.status_description", "boom"),
            string("span.kind", "server"),
            string("w3c.tracestate", "a=b,c=d"),
            string("zz", "x"),
        ],
        "logs": [
            { "timestamp": start_ns / 1_000 + 1, "fields": [string("event", "hello"), string("aa", "1")] },
            { "timestamp": start_ns / 1_000 + 2, "fields": [string("event", "own")] },
            { "timestamp": start_ns / 1_000 + 3, "fields": [string("message", "m")] },
        ],
        "processID": "p1",
        "warnings": null,
    });
    let trace = shown(&[span]);
    assert_eq!(trace["spans"][0], expected);
    assert_eq!(trace["processes"], json!({ "p1": { "serviceName": "shop", "tags": [] } }));
}

#[test]
fn values_have_jaegers_types() {
    let any = Message::default;
    let array = any().bytes(
        5,
        any()
            .bytes(1, any().varint(3, 1))
            .bytes(1, any().bytes(1, "<a>"))
            .bytes(1, any().fixed64(4, 2.5_f64.to_bits())),
    );
    let values: [(&str, Message, Value); 9] = [
        ("a", any().varint(2, 0), json!({ "type": "bool", "value": false })),
        ("b", any().varint(3, 42), json!({ "type": "int64", "value": 42 })),
        ("c", any().varint(3, u64::MAX), json!({ "type": "int64", "value": -1 })),
        ("d", any().varint(3, 1 << 60), json!({ "type": "int64", "value": "1152921504606846976" })),
        ("e", any().fixed64(4, 1.5_f64.to_bits()), json!({ "type": "float64", "value": 1.5 })),
        ("f", any().fixed64(4, 2.0_f64.to_bits()), json!({ "type": "float64", "value": 2 })),
        ("g", any().bytes(7, [0, 1, 255]), json!({ "type": "binary", "value": "AAH/" })),
        ("h", array, json!({ "type": "string", "value": "[1,\"\\u003ca\\u003e\",2.5]" })),
        ("i", any(), json!({ "type": "string", "value": "" })),
    ];
    let span =
        values.iter().fold(plain(1, None), |span, (key, value, _)| span.bytes(9, key_value(key, value)));
    let trace = shown(&[span]);
    for (index, (key, _, expected)) in values.iter().enumerate() {
        let tag = &trace["spans"][0]["tags"][index];
        assert_eq!(tag["key"], *key);
        assert_eq!(json!({ "type": tag["type"], "value": tag["value"] }), *expected, "{key}");
    }
}

#[test]
fn parents_and_links_become_references() {
    let other = "ffffffffffffffffffffffffffffffff";
    let cases = [
        (plain(5, Some(1)), vec![reference("CHILD_OF", TRACE, 1)]),
        (
            plain(5, Some(1))
                .bytes(13, link([255; 16], 9, None))
                .bytes(13, link([255; 16], 10, Some("child_of"))),
            vec![
                reference("CHILD_OF", TRACE, 1),
                reference("FOLLOWS_FROM", other, 9),
                reference("CHILD_OF", other, 10),
            ],
        ),
        (
            plain(5, Some(1)).bytes(13, link(trace_id(1), 1, Some("follows_from"))),
            vec![reference("FOLLOWS_FROM", TRACE, 1)],
        ),
        (
            plain(5, None)
                .bytes(13, link(trace_id(1), 1, None))
                .bytes(13, link(trace_id(1), 2, Some("child_of"))),
            vec![reference("CHILD_OF", TRACE, 2), reference("FOLLOWS_FROM", TRACE, 1)],
        ),
        (
            plain(5, None).bytes(13, link([255; 16], 9, Some("odd"))),
            vec![reference("FOLLOWS_FROM", other, 9)],
        ),
    ];
    for (span, expected) in cases {
        assert_eq!(shown(&[span])["spans"][0]["references"], json!(expected));
    }
    let trace = shown(&[plain(5, None).bytes(13, link([0; 16], 9, None))]);
    assert_eq!(trace["spans"][0]["references"], json!([]));
    assert_eq!(trace["spans"][0]["warnings"].as_array().unwrap().len(), 1, "left out, and said");
}

#[test]
fn a_server_span_with_its_clients_id_becomes_its_child() {
    let client = plain(2, Some(1)).varint(6, 3);
    let server = plain(2, Some(1)).bytes(5, "server");
    let below = plain(3, Some(2)).bytes(5, "below");
    let trace = shown(&[plain(1, None), client, server, below]);
    let spans = trace["spans"].as_array().unwrap();
    let of = |name: &str| spans.iter().find(|span| span["operationName"] == name).unwrap();
    assert_eq!(of("server")["spanID"], "0000000000000004", "the first id that is free");
    assert_eq!(of("server")["references"], json!([reference("CHILD_OF", TRACE, 2)]));
    assert_eq!(of("below")["references"], json!([reference("CHILD_OF", TRACE, 4)]));
}

#[test]
fn a_span_that_ends_before_it_starts_takes_no_time() {
    let backwards = plain(1, None).fixed64(7, 2_000_000).fixed64(8, 1_000_000);
    let span = &shown(&[backwards])["spans"][0];
    assert_eq!((span["startTime"].as_u64(), span["duration"].as_u64()), (Some(2_000), Some(0)));
}
