//! Records as OTLP messages: what comes in another format is kept like what comes by OTLP.

use tracer_core::SpanKind;
use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::row::wire::{put_bytes, put_varint};

/// A `Span` message. `kind` is that of the record, or `None` if the sender did not say.
pub(crate) fn span(record: &SpanRecord, kind: Option<SpanKind>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    put_bytes(&mut out, 0x0a, &record.trace_id.to_bytes());
    put_bytes(&mut out, 0x12, &record.span_id.to_bytes());
    put_text(&mut out, 0x1a, &record.trace_state);
    if record.parent_span_id.is_valid() {
        put_bytes(&mut out, 0x22, &record.parent_span_id.to_bytes());
    }
    put_bytes(&mut out, 0x2a, record.name.as_bytes());
    if let Some(kind) = kind {
        out.extend_from_slice(&[0x30, kind.number()]);
    }
    put_fixed64(&mut out, 0x39, record.start_unix_ns);
    put_fixed64(&mut out, 0x41, record.end_unix_ns);
    put_attributes(&mut out, 0x4a, &record.attributes);
    put_count(&mut out, 0x50, record.dropped_attributes);
    for event in &record.events {
        put_bytes(&mut out, 0x5a, &self::event(event));
    }
    put_count(&mut out, 0x60, record.dropped_events);
    for link in &record.links {
        put_bytes(&mut out, 0x6a, &self::link(link));
    }
    put_count(&mut out, 0x70, record.dropped_links);
    put_status(&mut out, record);
    if record.flags != 0 {
        // Field 16 needs a key of two bytes.
        out.extend_from_slice(&[0x85, 0x01]);
        out.extend_from_slice(&record.flags.to_le_bytes());
    }
    out
}

/// A `Resource` message.
pub(super) fn resource(attributes: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    put_attributes(&mut out, 0x0a, attributes);
    out
}

/// An `InstrumentationScope` message.
pub(super) fn scope(name: &str, version: &str, attributes: &[(String, Value)]) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(&mut out, 0x0a, name);
    put_text(&mut out, 0x12, version);
    put_attributes(&mut out, 0x1a, attributes);
    out
}

fn event(event: &EventRecord) -> Vec<u8> {
    let mut out = Vec::new();
    put_fixed64(&mut out, 0x09, event.time_unix_ns);
    put_text(&mut out, 0x12, &event.name);
    put_attributes(&mut out, 0x1a, &event.attributes);
    out
}

fn link(link: &LinkRecord) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, 0x0a, &link.trace_id.to_bytes());
    put_bytes(&mut out, 0x12, &link.span_id.to_bytes());
    put_text(&mut out, 0x1a, &link.trace_state);
    put_attributes(&mut out, 0x22, &link.attributes);
    if link.flags != 0 {
        out.push(0x35);
        out.extend_from_slice(&link.flags.to_le_bytes());
    }
    out
}

fn put_status(out: &mut Vec<u8>, record: &SpanRecord) {
    let code = record.status.number();
    if code == 0 && record.status_message.is_empty() {
        return;
    }
    let mut status = Vec::new();
    put_text(&mut status, 0x12, &record.status_message);
    status.extend_from_slice(&[0x18, code]);
    put_bytes(out, 0x7a, &status);
}

fn put_attributes(out: &mut Vec<u8>, key: u8, attributes: &[(String, Value)]) {
    for (name, value) in attributes {
        put_bytes(out, key, &key_value(name, value));
    }
}

fn key_value(name: &str, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, 0x0a, name.as_bytes());
    put_bytes(&mut out, 0x12, &any_value(value));
    out
}

/// Calls itself as deep as the value is; whoever makes values bounds that.
fn any_value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Str(text) => put_bytes(&mut out, 0x0a, text.as_bytes()),
        Value::Bool(truth) => out.extend_from_slice(&[0x10, u8::from(*truth)]),
        Value::I64(number) => {
            out.push(0x18);
            put_varint(&mut out, u64::from_le_bytes(number.to_le_bytes()));
        }
        Value::F64(number) => put_fixed64(&mut out, 0x21, number.to_bits()),
        Value::Array(items) => {
            let items = items.iter().fold(Vec::new(), |mut all, item| {
                put_bytes(&mut all, 0x0a, &any_value(item));
                all
            });
            put_bytes(&mut out, 0x2a, &items);
        }
        Value::Map(pairs) => {
            let mut all = Vec::new();
            put_attributes(&mut all, 0x0a, pairs);
            put_bytes(&mut out, 0x32, &all);
        }
        Value::Bytes(bytes) => put_bytes(&mut out, 0x3a, bytes),
        _ => {}
    }
    out
}

fn put_text(out: &mut Vec<u8>, key: u8, text: &str) {
    if !text.is_empty() {
        put_bytes(out, key, text.as_bytes());
    }
}

fn put_fixed64(out: &mut Vec<u8>, key: u8, value: u64) {
    out.push(key);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_count(out: &mut Vec<u8>, key: u8, count: u32) {
    if count > 0 {
        out.push(key);
        put_varint(out, u64::from(count));
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{SpanId, StatusCode, TraceId};

    use super::*;

    /// A record with all that there is.
    fn full() -> SpanRecord {
        let mut record = SpanRecord::default();
        record.trace_id = TraceId::from_bytes([1; 16]);
        record.span_id = SpanId::from_bytes([2; 8]);
        record.parent_span_id = SpanId::from_bytes([3; 8]);
        record.name = "name".to_owned();
        record.kind = SpanKind::Producer;
        (record.start_unix_ns, record.end_unix_ns) = (u64::MAX, 1);
        let values = [
            Value::Str("é".into()),
            Value::Bool(true),
            Value::I64(-1),
            Value::F64(0.5),
            Value::Bytes(vec![0, 255]),
            Value::Empty,
            Value::Array(vec![Value::I64(i64::MIN), Value::Array(vec![])]),
            Value::Map(vec![(String::new(), Value::Bool(false))]),
        ];
        record.attributes = values.into_iter().map(|value| ("key".to_owned(), value)).collect();
        let mut event = EventRecord::default();
        (event.time_unix_ns, event.name) = (7, "event".to_owned());
        event.attributes = record.attributes.clone();
        record.events = vec![event, EventRecord::default()];
        let mut link = LinkRecord::default();
        (link.trace_id, link.span_id) = (record.trace_id, record.span_id);
        (link.trace_state, link.flags) = ("a=b".to_owned(), 0x101);
        link.attributes = record.attributes.clone();
        record.links = vec![link];
        (record.status, record.status_message) = (StatusCode::Error, "boom".to_owned());
        (record.trace_state, record.flags) = ("c=d".to_owned(), 0x301);
        (record.dropped_attributes, record.dropped_events, record.dropped_links) = (1, 300, u32::MAX);
        record
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        let record = full();
        assert_eq!(SpanRecord::decode(&span(&record, Some(record.kind))).unwrap(), record);
        let plain = SpanRecord::default();
        let mut read = SpanRecord::decode(&span(&plain, None)).unwrap();
        read.kind = plain.kind;
        assert_eq!(read, plain);
    }
}
