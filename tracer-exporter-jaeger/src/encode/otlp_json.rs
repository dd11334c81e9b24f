//! OTLP's JSON (OTLP specification, "JSON Protobuf Encoding"): a batch is one object on one line.
//!
//! Ids are hexadecimal, 64-bit integers are texts, bytes are base64, enumerations are numbers.

use tracer_core::row::record::{LinkRecord, SpanRecord, Value};
use tracer_core::{Batch, Losses, StatusCode};

use super::json::{put_base64, put_display, put_f64, put_hex_str, put_list, put_quoted, put_str};
use super::{Encoded, losses, read, scope_version};

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "application/json";

/// Writes a batch as a `TracesData` object, which is also an `ExportTraceServiceRequest`, without an end of line. What `out` held is replaced.
///
/// ```
/// use tracer_core::row::Rows;
/// use tracer_core::{Batch, Resource, Scope};
/// use tracer_exporter_jaeger::encode::otlp_json;
///
/// let (resource, scope) = (Resource::bare("shop"), Scope::new("cart", ""));
/// let mut line = Vec::new();
/// otlp_json::encode(&Batch::new(&resource, &scope, Rows::from_bytes(&[])?), &mut line);
/// assert!(line.starts_with(br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","#));
/// # Ok::<(), tracer_core::row::wire::WireError>(())
/// ```
pub fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    let mut encoded = Encoded::default();
    out.clear();
    out.extend_from_slice(b"{\"resourceSpans\":[{\"resource\":{\"attributes\":");
    put_attributes(out, &batch.resource.tags());
    out.extend_from_slice(b"},\"scopeSpans\":[{\"scope\":{\"name\":");
    put_str(out, batch.scope.name());
    put_text_field(out, "version", scope_version(batch.scope));
    put_losses(out, &batch.losses);
    out.extend_from_slice(b"},\"spans\":[");
    for row in batch.rows.iter() {
        let span = read(row);
        if let Some(span) = &span {
            if encoded.spans > 0 {
                out.push(b',');
            }
            put_span(out, span);
        }
        encoded.count(span.is_some());
    }
    out.extend_from_slice(b"]}]}]}");
    encoded
}

/// What was lost before, as the scope's attributes.
fn put_losses(out: &mut Vec<u8>, losses: &Losses) {
    let lost: Vec<_> = losses::attributes(losses)
        .map(|(key, count)| (key.to_owned(), Value::I64(i64::try_from(count).unwrap_or(i64::MAX))))
        .collect();
    put_own_attributes(out, &lost);
}

fn put_span(out: &mut Vec<u8>, span: &SpanRecord) {
    put_ids(out, &span.trace_id.to_bytes(), &span.span_id.to_bytes(), &span.trace_state);
    if span.parent_span_id.is_valid() {
        out.extend_from_slice(b",\"parentSpanId\":");
        put_hex_str(out, &span.parent_span_id.to_bytes());
    }
    put_count(out, "flags", span.flags);
    out.extend_from_slice(b",\"name\":");
    put_str(out, &span.name);
    put_count(out, "kind", span.kind.number().into());
    out.extend_from_slice(b",\"startTimeUnixNano\":");
    put_quoted(out, span.start_unix_ns);
    out.extend_from_slice(b",\"endTimeUnixNano\":");
    put_quoted(out, span.end_unix_ns);
    put_own_attributes(out, &span.attributes);
    put_count(out, "droppedAttributesCount", span.dropped_attributes);
    put_events(out, span);
    put_count(out, "droppedEventsCount", span.dropped_events);
    put_links(out, &span.links);
    put_count(out, "droppedLinksCount", span.dropped_links);
    put_status(out, span);
    out.push(b'}');
}

/// The beginning of a span or link.
fn put_ids(out: &mut Vec<u8>, trace_id: &[u8], span_id: &[u8], trace_state: &str) {
    out.extend_from_slice(b"{\"traceId\":");
    put_hex_str(out, trace_id);
    out.extend_from_slice(b",\"spanId\":");
    put_hex_str(out, span_id);
    put_text_field(out, "traceState", trace_state);
}

fn put_events(out: &mut Vec<u8>, span: &SpanRecord) {
    if span.events.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"events\":[");
    put_list(out, &span.events, |out, event| {
        out.extend_from_slice(b"{\"timeUnixNano\":");
        put_quoted(out, event.time_unix_ns);
        put_text_field(out, "name", &event.name);
        put_own_attributes(out, &event.attributes);
        out.push(b'}');
    });
    out.push(b']');
}

fn put_links(out: &mut Vec<u8>, links: &[LinkRecord]) {
    if links.is_empty() {
        return;
    }
    out.extend_from_slice(b",\"links\":[");
    put_list(out, links, |out, link| {
        put_ids(out, &link.trace_id.to_bytes(), &link.span_id.to_bytes(), &link.trace_state);
        put_own_attributes(out, &link.attributes);
        put_count(out, "flags", link.flags);
        out.push(b'}');
    });
    out.push(b']');
}

fn put_status(out: &mut Vec<u8>, span: &SpanRecord) {
    let code = match span.status {
        StatusCode::Unset if span.status_message.is_empty() => return,
        status => status.number(),
    };
    out.extend_from_slice(b",\"status\":{\"code\":");
    put_display(out, code);
    put_text_field(out, "message", &span.status_message);
    out.push(b'}');
}

/// Attributes as a field that follows others, if there are any.
fn put_own_attributes(out: &mut Vec<u8>, attributes: &[(String, Value)]) {
    if !attributes.is_empty() {
        out.extend_from_slice(b",\"attributes\":");
        put_attributes(out, attributes);
    }
}

fn put_attributes(out: &mut Vec<u8>, attributes: &[(String, Value)]) {
    out.push(b'[');
    put_list(out, attributes, |out, (key, value)| {
        out.extend_from_slice(b"{\"key\":");
        put_str(out, key);
        out.extend_from_slice(b",\"value\":");
        put_value(out, value);
        out.push(b'}');
    });
    out.push(b']');
}

/// An `AnyValue`.
fn put_value(out: &mut Vec<u8>, value: &Value) {
    let mut put_typed = |name: &str, put: &dyn Fn(&mut Vec<u8>)| {
        out.push(b'{');
        put_str(out, name);
        out.push(b':');
        put(out);
        out.push(b'}');
    };
    match value {
        Value::Str(text) => put_typed("stringValue", &|out| put_str(out, text)),
        Value::Bool(truth) => put_typed("boolValue", &|out| put_display(out, truth)),
        Value::I64(number) => put_typed("intValue", &|out| put_quoted(out, number)),
        Value::F64(number) => put_typed("doubleValue", &|out| put_f64(out, *number)),
        Value::Bytes(bytes) => put_typed("bytesValue", &|out| put_base64(out, bytes)),
        Value::Array(items) => put_typed("arrayValue", &|out| {
            out.extend_from_slice(b"{\"values\":[");
            put_list(out, items, put_value);
            out.extend_from_slice(b"]}");
        }),
        Value::Map(pairs) => put_typed("kvlistValue", &|out| {
            out.extend_from_slice(b"{\"values\":");
            put_attributes(out, pairs);
            out.push(b'}');
        }),
        _ => out.extend_from_slice(b"{}"),
    }
}

/// A field of text that follows others; an empty one is left out.
fn put_text_field(out: &mut Vec<u8>, name: &str, text: &str) {
    if !text.is_empty() {
        out.push(b',');
        put_str(out, name);
        out.push(b':');
        put_str(out, text);
    }
}

/// A number that follows other fields; zero is left out.
fn put_count(out: &mut Vec<u8>, name: &str, count: u32) {
    if count > 0 {
        out.push(b',');
        put_str(out, name);
        out.push(b':');
        put_display(out, count);
    }
}
