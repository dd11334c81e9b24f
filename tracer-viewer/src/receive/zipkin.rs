//! Zipkin's second format in JSON: a list of spans.
//!
//! What OTLP has fields for is read from where others put it: the kind, `error`,
//! `otel.status_code`, `otel.scope.name`, and logs with fields, `name|{"key":"value"}|0`. Client
//! and server spans with one id are kept as they are; they are told apart when they are shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use tracer_core::row::record::{EventRecord, SpanRecord, Value};
use tracer_core::{SpanId, SpanKind, StatusCode, TraceId};

use super::numbers::Int;
use super::request::Request;
use super::span_writer;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Span {
    trace_id: Option<String>,
    id: Option<String>,
    parent_id: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    timestamp: Option<Int>,
    duration: Option<Int>,
    local_endpoint: Option<Endpoint>,
    remote_endpoint: Option<Endpoint>,
    annotations: Option<Vec<Annotation>>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    service_name: Option<String>,
    ipv4: Option<String>,
    ipv6: Option<String>,
    port: Option<Int>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotation {
    timestamp: Option<Int>,
    value: Option<String>,
}

/// The spans as an OTLP request; those without valid ids are refused, and counted, later.
///
/// # Errors
/// If it is no list of spans in JSON.
pub(super) fn to_protobuf(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let spans: Vec<Span> = serde_json::from_slice(json)?;
    let mut request = Request::default();
    for mut span in spans {
        let mut tags = span.tags.take().unwrap_or_default();
        let local = span.local_endpoint.take().unwrap_or_default();
        let mut resource = Vec::new();
        if let Some(service) = local.service_name.clone().filter(|name| !name.is_empty()) {
            resource.push(("service.name".to_owned(), Value::Str(service)));
        }
        let mut scope =
            |names: [&str; 2]| names.iter().find_map(|name| tags.remove(*name)).unwrap_or_default();
        let name = scope(["otel.scope.name", "otel.library.name"]);
        let version = scope(["otel.scope.version", "otel.library.version"]);
        let kind = span.kind();
        let message = span_writer::span(&span.into_record(tags, &local), kind);
        request.add(span_writer::resource(&resource), span_writer::scope(&name, &version, &[]), &message);
    }
    Ok(request.into_protobuf())
}

impl Span {
    fn kind(&self) -> Option<SpanKind> {
        match self.kind.as_deref()? {
            "CLIENT" => Some(SpanKind::Client),
            "SERVER" => Some(SpanKind::Server),
            "PRODUCER" => Some(SpanKind::Producer),
            "CONSUMER" => Some(SpanKind::Consumer),
            _ => None,
        }
    }

    fn into_record(self, mut tags: BTreeMap<String, String>, local: &Endpoint) -> SpanRecord {
        let mut record = SpanRecord::default();
        record.trace_id = trace_id(self.trace_id.as_deref().unwrap_or_default());
        record.span_id = span_id(self.id.as_deref().unwrap_or_default());
        if let Some(parent) = self.parent_id.as_deref().filter(|id| !id.is_empty()) {
            record.parent_span_id = span_id(parent);
            if !record.parent_span_id.is_valid() {
                // A span with a broken parent is no root: it is refused whole.
                record.span_id = SpanId::INVALID;
            }
        }
        record.name = self.name.unwrap_or_default();
        record.start_unix_ns = ns(self.timestamp);
        record.end_unix_ns = record.start_unix_ns.saturating_add(ns(self.duration));
        set_status(&mut record, &mut tags);
        record.trace_state = tags.remove("w3c.tracestate").unwrap_or_default();
        let tags = tags.into_iter().map(|(key, value)| (key, Value::Str(value)));
        record.attributes = tags.collect();
        if let Some(remote) = self.remote_endpoint {
            if let Some(service) = remote.service_name.clone().filter(|name| !name.is_empty()) {
                record.attributes.push(("peer.service".to_owned(), Value::Str(service)));
            }
            add_address(&mut record.attributes, "net.peer", &remote);
        }
        add_address(&mut record.attributes, "net.host", local);
        record.events = self.annotations.into_iter().flatten().map(Annotation::into_event).collect();
        record
    }
}

impl Annotation {
    fn into_event(self) -> EventRecord {
        let mut event = EventRecord::default();
        event.time_unix_ns = ns(self.timestamp);
        let text = self.value.unwrap_or_default();
        match with_fields(&text) {
            Some((name, fields)) => {
                name.clone_into(&mut event.name);
                event.attributes = fields;
            }
            None => event.name = text,
        }
        event
    }
}

/// `name|{"key":"value"}|0`: name, fields, and how many of these were dropped.
fn with_fields(text: &str) -> Option<(&str, Vec<(String, Value)>)> {
    let (name, rest) = text.split_once("|{")?;
    let (fields, dropped) = rest.rsplit_once("}|")?;
    dropped.parse::<u32>().ok()?;
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format!("{{{fields}}}")).ok()?;
    Some((name, fields.into_iter().map(|(key, value)| (key, from_json(value))).collect()))
}

/// Calls itself as deep as the parser let it be.
fn from_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Empty,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::I64(number),
            None => Value::F64(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::Str(text),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(pairs) => {
            Value::Map(pairs.into_iter().map(|(key, value)| (key, from_json(value))).collect())
        }
    }
}

/// `error` is there if a span failed, and is `true` or says why.
fn set_status(record: &mut SpanRecord, tags: &mut BTreeMap<String, String>) {
    let code = tags.remove("otel.status_code");
    let description = tags.remove("otel.status_description").unwrap_or_default();
    let error = tags.get("error").filter(|error| *error != "false").cloned();
    if error.is_some() {
        tags.remove("error");
    }
    record.status = match (code.as_deref(), &error) {
        (Some("ERROR"), _) | (None, Some(_)) => StatusCode::Error,
        (Some("OK"), _) => StatusCode::Ok,
        _ => StatusCode::Unset,
    };
    let said = error.filter(|error| error != "true").unwrap_or_default();
    record.status_message = if description.is_empty() { said } else { description };
}

fn add_address(attributes: &mut Vec<(String, Value)>, prefix: &str, endpoint: &Endpoint) {
    if let Some(ip) = endpoint.ipv4.as_ref().or(endpoint.ipv6.as_ref()).filter(|ip| !ip.is_empty()) {
        attributes.push((format!("{prefix}.ip"), Value::Str(ip.clone())));
    }
    if let Some(port) = endpoint.port.filter(|port| port.to_u64() > 0) {
        attributes.push((format!("{prefix}.port"), Value::I64(port.to_i64())));
    }
}

fn ns(us: Option<Int>) -> u64 {
    Int::or_zero(us).saturating_mul(1_000)
}

/// 1 to 32 hexadecimal digits.
pub(super) fn trace_id(text: &str) -> TraceId {
    match text.len() {
        1..=32 => TraceId::from_hex(format!("{text:0>32}").to_ascii_lowercase().as_bytes()),
        _ => None,
    }
    .unwrap_or(TraceId::INVALID)
}

/// 1 to 16 hexadecimal digits.
pub(super) fn span_id(text: &str) -> SpanId {
    match text.len() {
        1..=16 => SpanId::from_hex(format!("{text:0>16}").to_ascii_lowercase().as_bytes()),
        _ => None,
    }
    .unwrap_or(SpanId::INVALID)
}
