//! Zipkin's JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tracer_core::row::record::{SpanRecord, Value as Attribute};
use tracer_core::{SpanKind, StatusCode};
use tracer_exporter_jaeger::encode::zipkin::encode;

use super::jaeger_model::json as plain;
use super::spans::{capture, random_batches};

/// A value as Zipkin's only type.
fn text(value: &Attribute) -> String {
    match plain(value) {
        Value::String(text) => text,
        // Rust writes the floats themselves as serde_json does not.
        other => match value {
            Attribute::F64(number) => number.to_string(),
            _ => other.to_string(),
        },
    }
}

fn expected_tags(span: &SpanRecord) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            tags.insert(key.to_owned(), value.to_owned());
        }
    };
    put("region", "Zürich");
    put("zone", "7");
    put("b", "true");
    put("otel.scope.name", "lib");
    put("otel.scope.version", "1.2");
    put("span.kind", if span.kind == SpanKind::Internal { "internal" } else { "" });
    put("otel.status_description", &span.status_message);
    put("w3c.tracestate", &span.trace_state);
    match span.status {
        StatusCode::Unset => {}
        StatusCode::Ok => put("otel.status_code", "Ok"),
        StatusCode::Error => {
            put("otel.status_code", "ERROR");
            put("error", "true");
        }
    }
    let dropped = [
        ("otel.dropped_attributes_count", span.dropped_attributes),
        ("otel.dropped_events_count", span.dropped_events),
        ("otel.dropped_links_count", span.dropped_links),
    ];
    for (key, count) in dropped.into_iter().filter(|(_, count)| *count > 0) {
        put(key, &count.to_string());
    }
    tags.extend(span.attributes.iter().map(|(key, value)| (key.clone(), text(value))));
    tags
}

/// A text that is JSON as `serde_json` writes it.
fn normalized(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(array @ Value::Array(_)) => array.to_string(),
        _ => text.to_owned(),
    }
}

fn object(pairs: &[(String, Attribute)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
}

fn check_tags(tags: &Map<String, Value>, record: &SpanRecord) {
    let mut seen: BTreeMap<String, String> =
        tags.iter().map(|(key, value)| (key.clone(), normalized(value.as_str().unwrap()))).collect();
    for (index, link) in record.links.iter().enumerate() {
        let link_text = seen.remove(&format!("otlp.link.{index}")).unwrap();
        let mut parts = link_text.splitn(4, '|');
        assert_eq!(parts.next().unwrap().as_bytes(), link.trace_id.to_hex());
        assert_eq!(parts.next().unwrap().as_bytes(), link.span_id.to_hex());
        let state = parts.next().unwrap();
        assert!(state == link.trace_state || state.is_empty() && link.trace_state.contains('|'));
        let attributes = parts.next().unwrap().strip_suffix("|0").unwrap();
        assert_eq!(serde_json::from_str::<Value>(attributes).unwrap(), object(&link.attributes));
    }
    let expected: BTreeMap<_, _> =
        expected_tags(record).into_iter().map(|(key, value)| (key, normalized(&value))).collect();
    assert_eq!(seen, expected);
}

fn check_annotations(annotations: &Value, record: &SpanRecord) {
    let annotations = annotations.as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(annotations.len(), record.events.len());
    for (annotation, event) in annotations.iter().zip(&record.events) {
        assert_eq!(annotation["timestamp"], json!(event.time_unix_ns / 1000));
        let value = annotation["value"].as_str().unwrap();
        let (name, fields) = value.split_once('|').unwrap_or((value, "{}|0"));
        assert_eq!(name, event.name.replace('|', "¦"));
        let fields: Value = serde_json::from_str(fields.strip_suffix("|0").unwrap()).unwrap();
        assert_eq!(fields, object(&event.attributes));
    }
}

#[test]
fn it_says_all_that_zipkin_and_the_collector_read() {
    random_batches(0x5eed_0000_0000_0005, |batch, records| {
        let mut out = b"left over".to_vec();
        assert_eq!(encode(batch, &mut out).spans, records.len());
        let spans: Vec<Map<String, Value>> = serde_json::from_slice(&out).unwrap();
        assert_eq!(spans.len(), records.len());
        for (mut span, record) in spans.into_iter().zip(records) {
            let hex = |digits: &[u8]| json!(std::str::from_utf8(digits).unwrap());
            check_tags(span.remove("tags").unwrap().as_object().unwrap(), record);
            check_annotations(&span.remove("annotations").unwrap_or_default(), record);
            let mut expected = json!({
                "traceId": hex(&record.trace_id.to_hex()),
                "id": hex(&record.span_id.to_hex()),
                "name": record.name,
                "timestamp": record.start_unix_ns / 1000,
                "duration": ((record.end_unix_ns - record.start_unix_ns) / 1000).max(1),
                "localEndpoint": {"serviceName": "svc"},
            });
            if record.parent_span_id.is_valid() {
                expected["parentId"] = hex(&record.parent_span_id.to_hex());
            }
            if record.kind != SpanKind::Internal {
                expected["kind"] = json!(record.kind.as_str().to_uppercase());
            }
            assert_eq!(Value::Object(span), expected);
        }
    });
}

#[test]
fn the_other_side_is_named_and_no_error_is_made_up() {
    let captured = capture(|tracer| {
        tracer.span("call").tag("peer.service", "bank").tag("error", "false").start().finish();
        tracer.span("call").tag("error", "no money").start().finish();
    });
    let rows = tracer_core::row::Rows::from_bytes(&captured.rows).unwrap();
    let (resource, scope) = (tracer_core::Resource::bare("svc"), tracer_core::Scope::default());
    let mut out = Vec::new();
    encode(&tracer_core::Batch::new(&resource, &scope, rows), &mut out);
    let spans: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(spans[0]["remoteEndpoint"], json!({"serviceName": "bank"}));
    assert_eq!(spans[0]["tags"]["peer.service"], "bank");
    assert_eq!(spans[0]["tags"]["error"], Value::Null);
    assert_eq!(spans[1]["tags"]["error"], "no money");
}
