//! Zipkin v2 JSON: a list of spans (`zipkin2-api.yaml` of zipkin-api).
//!
//! Zipkin knows texts only, and has neither links nor fields of logs. They are written as the
//! OpenTelemetry Collector writes them, so that it, and Jaeger, read them back:
//!
//! ```text
//! log with fields  name|{"key":value,…}|0                           as the annotation's value
//! link             trace id|span id|tracestate|{"key":value,…}|0    as the tag otlp.link.0, .1, …
//! ```

use std::collections::BTreeMap;

use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord};
use tracer_core::{Batch, Scope, SpanKind, StatusCode};

use super::jaeger_model::{Tag, tags};
use super::json::{put_display, put_hex, put_hex_str, put_list, put_plain_map, put_str, text};
use super::{Encoded, names, process_tags, read};

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "application/json";

/// The tag that becomes the name of the other side.
const PEER_SERVICE: &str = "peer.service";

/// The specification says `OK`; but of its spellings the collector, and so Jaeger, reads only this one
/// and the older `STATUS_CODE_OK`, and drops any other.
const STATUS_OK: &str = "Ok";

/// Writes a batch as a JSON list of Zipkin spans. What `out` held is replaced.
pub fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    let mut encoded = Encoded::default();
    let process: Vec<(String, String)> =
        process_tags(batch.resource).iter().map(|(key, value)| (key.clone(), text(value))).collect();
    let service = batch.resource.service_name();
    out.clear();
    out.push(b'[');
    for row in batch.rows.iter() {
        let span = read(row);
        if let Some(span) = &span {
            if encoded.spans > 0 {
                out.push(b',');
            }
            put_span(out, span, service, all_tags(span, batch.scope, &process));
        }
        encoded.count(span.is_some());
    }
    out.push(b']');
    encoded
}

fn put_span(out: &mut Vec<u8>, span: &SpanRecord, service: &str, tags: BTreeMap<String, String>) {
    out.extend_from_slice(b"{\"traceId\":");
    put_hex_str(out, &span.trace_id.to_bytes());
    if span.parent_span_id.is_valid() {
        out.extend_from_slice(b",\"parentId\":");
        put_hex_str(out, &span.parent_span_id.to_bytes());
    }
    out.extend_from_slice(b",\"id\":");
    put_hex_str(out, &span.span_id.to_bytes());
    if let Some(kind) = kind(span.kind) {
        out.extend_from_slice(b",\"kind\":");
        put_str(out, kind);
    }
    out.extend_from_slice(b",\"name\":");
    put_str(out, &span.name);
    put_times(out, span);
    put_endpoint(out, "localEndpoint", service);
    if let Some(peer) = tags.get(PEER_SERVICE) {
        put_endpoint(out, "remoteEndpoint", peer);
    }
    put_annotations(out, &span.events);
    if !tags.is_empty() {
        out.extend_from_slice(b",\"tags\":{");
        put_list(out, tags, |out, (key, value)| {
            put_str(out, &key);
            out.push(b':');
            put_str(out, &value);
        });
        out.push(b'}');
    }
    out.push(b'}');
}

/// In Zipkin zero means "not known", so a span takes a microsecond at least.
fn put_times(out: &mut Vec<u8>, span: &SpanRecord) {
    let timestamp_us = span.start_unix_ns / 1000;
    if timestamp_us > 0 {
        out.extend_from_slice(b",\"timestamp\":");
        put_display(out, timestamp_us);
    }
    out.extend_from_slice(b",\"duration\":");
    put_display(out, (span.end_unix_ns.saturating_sub(span.start_unix_ns) / 1000).max(1));
}

fn put_endpoint(out: &mut Vec<u8>, name: &str, service: &str) {
    out.push(b',');
    put_str(out, name);
    out.extend_from_slice(b":{\"serviceName\":");
    put_str(out, service);
    out.push(b'}');
}

fn put_annotations(out: &mut Vec<u8>, events: &[EventRecord]) {
    if events.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"annotations\":[");
    put_list(out, events, |out, event| {
        out.extend_from_slice(b"{\"timestamp\":");
        put_display(out, event.time_unix_ns / 1000);
        out.extend_from_slice(b",\"value\":");
        put_str(out, &annotation(event));
        out.push(b'}');
    });
    out.push(b']');
}

/// The collector takes an annotation apart at each `|`, and refuses the whole request over one that
/// it cannot; so there is none in a name.
fn annotation(event: &EventRecord) -> String {
    let name = event.name.replace('|', "\u{a6}");
    if event.attributes.is_empty() {
        return name;
    }
    let mut fields = Vec::new();
    put_plain_map(&mut fields, &event.attributes);
    format!("{name}|{}|0", String::from_utf8_lossy(&fields))
}

/// A span's tags, its process's, and what there is no field for; a span's own go first.
fn all_tags(span: &SpanRecord, scope: &Scope, process: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = process.iter().cloned().collect();
    for tag in tags(span, scope) {
        let (key, value) = match tag {
            Tag::Str(names::SPAN_KIND, _) if span.kind != SpanKind::Internal => continue,
            Tag::Str(key @ names::STATUS_CODE, "OK") => (key, STATUS_OK.to_owned()),
            Tag::Str(key, text) => (key, text.to_owned()),
            Tag::Bool(key, truth) => (key, truth.to_string()),
            Tag::Count(key, count) => (key, count.to_string()),
            Tag::Value(key, value) => (key, text(value)),
        };
        all.insert(key.to_owned(), value);
    }
    // To Zipkin the tag alone means that the span failed, whatever its value.
    if span.status != StatusCode::Error && all.get(names::ERROR).is_some_and(|error| error == "false") {
        all.remove(names::ERROR);
    }
    for (index, link) in span.links.iter().enumerate() {
        all.insert(format!("otlp.link.{index}"), link_text(link));
    }
    all
}

fn link_text(link: &LinkRecord) -> String {
    let mut out = Vec::new();
    put_hex(&mut out, &link.trace_id.to_bytes());
    out.push(b'|');
    put_hex(&mut out, &link.span_id.to_bytes());
    out.push(b'|');
    // One with this character could not be told from the rest.
    if !link.trace_state.contains('|') {
        out.extend_from_slice(link.trace_state.as_bytes());
    }
    out.push(b'|');
    put_plain_map(&mut out, &link.attributes);
    out.extend_from_slice(b"|0");
    String::from_utf8_lossy(&out).into_owned()
}

const fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Internal => None,
        SpanKind::Server => Some("SERVER"),
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
    }
}
