//! Traces in OTLP's JSON, as `/api/v3` answers them.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};
use tracer_core::SpanKind;
use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};

use super::value::base64;
use crate::analysis::warnings::Warnings;
use crate::store::span::StoredSpan;
use crate::store::{Source, Trace};

/// Where Jaeger puts warnings.
const WARNINGS: &str = "@jaeger@warnings";

/// The `resourceSpans` of a trace: a group for each pair of resource and scope, by its first span;
/// spans by their start. Warnings are left out of `raw` ones.
pub(super) fn resource_spans(trace: &Trace, raw: bool) -> Vec<Json> {
    let mut warnings = if raw { Warnings::default() } else { Warnings::of(trace) };
    let mut spans: Vec<&StoredSpan> = trace.spans.iter().map(|span| &**span).collect();
    spans.sort_by_key(|span| span.start_unix_ns);
    let mut groups: Vec<(&Source, Vec<Json>)> = Vec::new();
    let mut known: HashMap<*const Source, usize> = HashMap::new();
    for stored in spans {
        let source = &*stored.source;
        let group = *known.entry(std::ptr::from_ref(source)).or_insert_with(|| {
            groups.push((source, Vec::new()));
            groups.len() - 1
        });
        let json = span(&stored.record(), stored.kind, warnings.take(stored));
        if let Some((_, spans)) = groups.get_mut(group) {
            spans.push(json);
        }
    }
    groups.into_iter().map(|(source, spans)| of_source(source, spans)).collect()
}

fn of_source(source: &Source, spans: Vec<Json>) -> Json {
    let mut scope = Map::new();
    put_text(&mut scope, "name", source.scope_name());
    put_text(&mut scope, "version", source.scope_version());
    put_attributes(&mut scope, &source.scope_tags());
    let mut resource = Map::new();
    put_attributes(&mut resource, &source.resource_tags());
    json!({ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] })
}

fn span(record: &SpanRecord, kind: Option<SpanKind>, warnings: Vec<String>) -> Json {
    let mut json = Map::new();
    json.insert("traceId".to_owned(), record.trace_id.to_string().into());
    json.insert("spanId".to_owned(), record.span_id.to_string().into());
    put_text(&mut json, "traceState", &record.trace_state);
    if record.parent_span_id.is_valid() {
        json.insert("parentSpanId".to_owned(), record.parent_span_id.to_string().into());
    }
    put_count(&mut json, "flags", record.flags);
    put_text(&mut json, "name", &record.name);
    put_count(&mut json, "kind", kind.map_or(0, |kind| kind.number().into()));
    json.insert("startTimeUnixNano".to_owned(), record.start_unix_ns.to_string().into());
    json.insert("endTimeUnixNano".to_owned(), record.end_unix_ns.to_string().into());
    let mut attributes: Vec<_> = record.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    if !warnings.is_empty() {
        let warnings = warnings.into_iter().map(Value::Str).collect();
        attributes.push(attribute(WARNINGS, &Value::Array(warnings)));
    }
    put_list(&mut json, "attributes", attributes);
    put_count(&mut json, "droppedAttributesCount", record.dropped_attributes);
    put_list(&mut json, "events", record.events.iter().map(event).collect());
    put_count(&mut json, "droppedEventsCount", record.dropped_events);
    put_list(&mut json, "links", record.links.iter().map(link).collect());
    put_count(&mut json, "droppedLinksCount", record.dropped_links);
    let mut status = Map::new();
    put_text(&mut status, "message", &record.status_message);
    put_count(&mut status, "code", record.status.number().into());
    json.insert("status".to_owned(), status.into());
    json.into()
}

fn event(event: &EventRecord) -> Json {
    let mut json = Map::new();
    json.insert("timeUnixNano".to_owned(), event.time_unix_ns.to_string().into());
    put_text(&mut json, "name", &event.name);
    put_attributes(&mut json, &event.attributes);
    json.into()
}

fn link(link: &LinkRecord) -> Json {
    let mut json = Map::new();
    json.insert("traceId".to_owned(), link.trace_id.to_string().into());
    json.insert("spanId".to_owned(), link.span_id.to_string().into());
    put_text(&mut json, "traceState", &link.trace_state);
    put_attributes(&mut json, &link.attributes);
    put_count(&mut json, "flags", link.flags);
    json.into()
}

fn attribute(key: &str, value: &Value) -> Json {
    json!({ "key": key, "value": any_value(value) })
}

/// Calls itself as deep as the decoder of spans lets values be.
fn any_value(value: &Value) -> Json {
    match value {
        Value::Str(text) => json!({ "stringValue": text }),
        Value::Bool(truth) => json!({ "boolValue": truth }),
        Value::I64(number) => json!({ "intValue": number.to_string() }),
        Value::F64(number) if number.is_finite() => json!({ "doubleValue": number }),
        Value::F64(number) if number.is_nan() => json!({ "doubleValue": "NaN" }),
        Value::F64(number) => {
            json!({ "doubleValue": if *number > 0.0 { "Infinity" } else { "-Infinity" } })
        }
        Value::Bytes(bytes) => json!({ "bytesValue": base64(bytes) }),
        Value::Array(items) => {
            json!({ "arrayValue": { "values": items.iter().map(any_value).collect::<Vec<_>>() } })
        }
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| attribute(key, value)).collect();
            json!({ "kvlistValue": { "values": pairs } })
        }
        _ => json!({}),
    }
}

fn put_attributes(json: &mut Map<String, Json>, attributes: &[(String, Value)]) {
    put_list(json, "attributes", attributes.iter().map(|(key, value)| attribute(key, value)).collect());
}

fn put_list(json: &mut Map<String, Json>, key: &str, list: Vec<Json>) {
    if !list.is_empty() {
        json.insert(key.to_owned(), list.into());
    }
}

fn put_text(json: &mut Map<String, Json>, key: &str, text: &str) {
    if !text.is_empty() {
        json.insert(key.to_owned(), text.into());
    }
}

fn put_count(json: &mut Map<String, Json>, key: &str, count: u32) {
    if count > 0 {
        json.insert(key.to_owned(), count.into());
    }
}
