//! Jaeger's `PostSpansRequest`, as its gRPC port takes it (`collector.proto` and `model.proto` of
//! jaeger-idl).
//!
//! ```text
//! PostSpansRequest = 0a LEN Batch
//! Batch   = (0a LEN Span)*  12 LEN Process
//! Span    = 0a trace id  12 span id  1a name  22 LEN SpanRef  28 flags  32 LEN Timestamp
//!           3a LEN Duration  42 LEN KeyValue  4a LEN Log
//! KeyValue = 0a LEN key  10 type  1a text | 20 truth | 28 integer | 31 float | 3a bytes
//! ```

use tracer_core::row::record::{SpanRecord, Value};
use tracer_core::row::wire::{put_bytes, put_varint, varint_len};
use tracer_core::{Batch, Scope};

use super::jaeger_model::{Reference, Tag, fields, references, tags};
use super::{Encoded, json, process_tags, read};

// `ValueType` of the schema.
const BOOL: u8 = 1;
const INT64: u8 = 2;
const FLOAT64: u8 = 3;
const BINARY: u8 = 4;

const NS_PER_S: u64 = 1_000_000_000;

/// Writes a batch as a `PostSpansRequest`. What `out` held is replaced.
pub fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    let mut encoded = Encoded::default();
    out.clear();
    put_message(out, 0x0a, |out| {
        for row in batch.rows.iter() {
            let span = read(row);
            if let Some(span) = &span {
                put_message(out, 0x0a, |out| put_span(out, span, batch.scope));
            }
            encoded.count(span.is_some());
        }
        put_message(out, 0x12, |out| {
            put_bytes(out, 0x0a, batch.resource.service_name().as_bytes());
            for (key, value) in &process_tags(batch.resource) {
                put_tag(out, 0x12, Tag::Value(key, value));
            }
        });
    });
    encoded
}

fn put_span(out: &mut Vec<u8>, span: &SpanRecord, scope: &Scope) {
    put_bytes(out, 0x0a, &span.trace_id.to_bytes());
    put_bytes(out, 0x12, &span.span_id.to_bytes());
    put_bytes(out, 0x1a, span.name.as_bytes());
    for reference in references(span) {
        put_message(out, 0x22, |out| put_reference(out, reference));
    }
    put_number(out, 0x28, u64::from(span.flags & 1));
    put_message(out, 0x32, |out| put_time(out, span.start_unix_ns));
    put_message(out, 0x3a, |out| put_time(out, span.end_unix_ns.saturating_sub(span.start_unix_ns)));
    for tag in tags(span, scope) {
        put_tag(out, 0x42, tag);
    }
    for event in &span.events {
        put_message(out, 0x4a, |out| {
            put_message(out, 0x0a, |out| put_time(out, event.time_unix_ns));
            for field in fields(event) {
                put_tag(out, 0x12, field);
            }
        });
    }
}

fn put_reference(out: &mut Vec<u8>, reference: Reference) {
    put_bytes(out, 0x0a, &reference.trace_id.to_bytes());
    put_bytes(out, 0x12, &reference.span_id.to_bytes());
    put_number(out, 0x18, u64::from(reference.follows_from));
}

/// A `Timestamp` or `Duration`: seconds and nanoseconds.
fn put_time(out: &mut Vec<u8>, ns: u64) {
    put_number(out, 0x08, ns / NS_PER_S);
    put_number(out, 0x10, ns % NS_PER_S);
}

fn put_tag(out: &mut Vec<u8>, field_key: u8, tag: Tag<'_>) {
    put_message(out, field_key, |out| match tag {
        Tag::Str(key, text) => put_text(out, key, text),
        Tag::Bool(key, truth) => put_bool(out, key, truth),
        Tag::Count(key, count) => put_i64(out, key, i64::from(count)),
        Tag::Value(key, value) => put_value(out, key, value),
    });
}

fn put_value(out: &mut Vec<u8>, key: &str, value: &Value) {
    match value {
        Value::Str(text) => put_text(out, key, text),
        Value::Bool(truth) => put_bool(out, key, *truth),
        Value::I64(number) => put_i64(out, key, *number),
        Value::F64(number) => {
            put_head(out, key, FLOAT64);
            out.push(0x31);
            out.extend_from_slice(&number.to_le_bytes());
        }
        Value::Bytes(bytes) => {
            put_head(out, key, BINARY);
            put_bytes(out, 0x3a, bytes);
        }
        other => put_text(out, key, &json::text(other)),
    }
}

fn put_text(out: &mut Vec<u8>, key: &str, text: &str) {
    // The type "text" is 0, which is not written.
    put_bytes(out, 0x0a, key.as_bytes());
    put_bytes(out, 0x1a, text.as_bytes());
}

fn put_bool(out: &mut Vec<u8>, key: &str, truth: bool) {
    put_head(out, key, BOOL);
    put_number(out, 0x20, u64::from(truth));
}

fn put_i64(out: &mut Vec<u8>, key: &str, number: i64) {
    put_head(out, key, INT64);
    put_number(out, 0x28, u64::from_le_bytes(number.to_le_bytes()));
}

fn put_head(out: &mut Vec<u8>, key: &str, value_type: u8) {
    put_bytes(out, 0x0a, key.as_bytes());
    out.extend_from_slice(&[0x10, value_type]);
}

fn put_number(out: &mut Vec<u8>, field_key: u8, number: u64) {
    if number > 0 {
        out.push(field_key);
        put_varint(out, number);
    }
}

/// Appends a message, whose length is known when it is written: then it is moved to make room.
fn put_message(out: &mut Vec<u8>, field_key: u8, put: impl FnOnce(&mut Vec<u8>)) {
    out.push(field_key);
    let begin = out.len();
    put(out);
    let len = (out.len() - begin) as u64;
    let len_bytes = varint_len(len);
    put_varint(out, len);
    if let Some(message) = out.get_mut(begin..) {
        message.rotate_right(len_bytes);
    }
}
