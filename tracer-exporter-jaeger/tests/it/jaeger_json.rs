//! The JSON of Jaeger's page.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tracer_exporter_jaeger::encode::jaeger_json::Traces;

use super::jaeger_model::{Seen, Tag, expected, normalized, text};
use super::spans::random_batches;

fn seen(span: &Value) -> Seen {
    let reference = |reference: &Value| {
        let follows_from = match reference["refType"].as_str().unwrap() {
            "CHILD_OF" => false,
            "FOLLOWS_FROM" => true,
            other => panic!("{other}"),
        };
        (follows_from, hex(&reference["traceID"], 32), span_id(&reference["spanID"]))
    };
    let log = |log: &Value| (log["timestamp"].as_u64().unwrap(), tags(&log["fields"]));
    Seen {
        trace_id: hex(&span["traceID"], 32),
        span_id: span_id(&span["spanID"]),
        name: span["operationName"].as_str().unwrap().into(),
        references: span["references"].as_array().unwrap().iter().map(reference).collect(),
        flags: u32::try_from(span["flags"].as_u64().unwrap()).unwrap(),
        start_us: span["startTime"].as_u64().unwrap(),
        duration_us: span["duration"].as_u64().unwrap(),
        tags: tags(&span["tags"]),
        logs: span["logs"].as_array().unwrap().iter().map(log).collect(),
    }
}

fn tags(tags: &Value) -> Vec<(String, Tag)> {
    let tag = |tag: &Value| {
        let value = &tag["value"];
        let value = match tag["type"].as_str().unwrap() {
            "string" => text(value.as_str().unwrap()),
            "bool" => Tag::Bool(value.as_bool().unwrap()),
            "int64" => {
                let digits = value.as_str();
                let beyond_javascript = |number: &i64| number.unsigned_abs() >= 1 << 53;
                let number = digits.map(|digits| digits.parse().unwrap());
                assert!(number.as_ref().is_none_or(beyond_javascript), "{value}");
                Tag::I64(number.or_else(|| value.as_i64()).unwrap())
            }
            "float64" => Tag::F64(match value.as_str() {
                Some("Infinity") => f64::INFINITY.to_bits(),
                Some("-Infinity") => f64::NEG_INFINITY.to_bits(),
                Some(other) => panic!("{other}"),
                None => value.as_f64().unwrap().to_bits(),
            }),
            "binary" => Tag::Bytes(BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()),
            other => panic!("{other}"),
        };
        (tag["key"].as_str().unwrap().to_owned(), value)
    };
    tags.as_array().unwrap().iter().map(tag).collect()
}

fn hex(digits: &Value, len: usize) -> u128 {
    let digits = digits.as_str().unwrap();
    assert_eq!(digits.len(), len);
    u128::from_str_radix(digits, 16).unwrap()
}

fn span_id(digits: &Value) -> u64 {
    u64::try_from(hex(digits, 16)).unwrap()
}

fn parse(traces: &Traces) -> Value {
    let mut file = b"left over".to_vec();
    traces.write(&mut file);
    serde_json::from_str(std::str::from_utf8(&file).unwrap()).unwrap()
}

#[test]
fn it_says_all_that_jaeger_can_see() {
    random_batches(0x5eed_0000_0000_0004, |batch, records| {
        let mut traces = Traces::default();
        let (encoded, over) = traces.add(batch, usize::MAX);
        assert_eq!((encoded.spans, encoded.unreadable, over), (records.len(), 0, 0));
        let mut seen_spans = BTreeMap::new();
        let process = json!({"p1": {"serviceName": "svc", "tags": [
            {"key": "region", "type": "string", "value": "Zürich"},
            {"key": "zone", "type": "int64", "value": 7},
            {"key": "b", "type": "bool", "value": true},
        ]}});
        for trace in parse(&traces)["data"].as_array().unwrap() {
            assert_eq!(trace["processes"], process);
            for span in trace["spans"].as_array().unwrap() {
                assert_eq!((&span["traceID"], &span["processID"]), (&trace["traceID"], &json!("p1")));
                assert_eq!(seen_spans.insert(span_id(&span["spanID"]), normalized(seen(span))), None);
            }
        }
        let expected = records.iter().map(|record| normalized(expected(record)));
        assert_eq!(seen_spans, expected.map(|span| (span.span_id, span)).collect());
    });
}

#[test]
fn a_trace_of_several_batches_is_one_and_there_is_a_limit() {
    let captured = super::spans::capture(|tracer| {
        let root = tracer.span("root").start();
        (0..9).for_each(|_| tracer.span("child").child_of(root.context()).start().finish());
        root.finish();
    });
    let rows = tracer_core::row::Rows::from_bytes(&captured.rows).unwrap();
    let scope = tracer_core::Scope::default();
    let mut traces = Traces::default();
    for service in ["a", "b", "a"] {
        let resource = tracer_core::Resource::bare(service);
        traces.add(&tracer_core::Batch::new(&resource, &scope, rows), usize::MAX);
    }
    let file = parse(&traces);
    assert_eq!(file["data"].as_array().unwrap().len(), 1);
    assert_eq!(file["data"][0]["spans"].as_array().unwrap().len(), 30);
    let services: Vec<_> = file["data"][0]["processes"].as_object().unwrap().values().collect();
    assert_eq!(
        services,
        [&json!({"serviceName": "a", "tags": []}), &json!({"serviceName": "b", "tags": []})]
    );
    let resource = tracer_core::Resource::bare("a");
    let batch = tracer_core::Batch::new(&resource, &scope, rows);
    let mut small = Traces::default();
    let (encoded, over) = small.add(&batch, 1000);
    assert_eq!(encoded.spans + over, 10);
    assert!((1..4).contains(&encoded.spans), "{encoded:?}");
    assert_eq!(parse(&small)["data"][0]["spans"].as_array().unwrap().len(), encoded.spans);
}
