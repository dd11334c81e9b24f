//! What the reader of rows must make of a message, from what prost made of it.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::{SpanId, SpanKind, StatusCode, TraceId};

pub(crate) fn record(span: &Span) -> SpanRecord {
    let mut record = SpanRecord::default();
    record.trace_id = trace_id(&span.trace_id);
    record.span_id = span_id(&span.span_id);
    record.parent_span_id = span_id(&span.parent_span_id);
    record.name.clone_from(&span.name);
    record.kind = kind(span.kind);
    record.start_unix_ns = span.start_time_unix_nano;
    record.end_unix_ns = span.end_time_unix_nano;
    record.attributes = pairs(&span.attributes);
    for event in &span.events {
        let mut copy = EventRecord::default();
        copy.time_unix_ns = event.time_unix_nano;
        copy.name.clone_from(&event.name);
        copy.attributes = pairs(&event.attributes);
        record.events.push(copy);
    }
    for link in &span.links {
        let mut copy = LinkRecord::default();
        copy.trace_id = trace_id(&link.trace_id);
        copy.span_id = span_id(&link.span_id);
        copy.trace_state.clone_from(&link.trace_state);
        copy.attributes = pairs(&link.attributes);
        copy.flags = link.flags;
        record.links.push(copy);
    }
    if let Some(said) = &span.status {
        record.status = status(said.code);
        record.status_message.clone_from(&said.message);
    }
    record.trace_state.clone_from(&span.trace_state);
    record.flags = span.flags;
    record.dropped_attributes = span.dropped_attributes_count;
    record.dropped_events = span.dropped_events_count;
    record.dropped_links = span.dropped_links_count;
    record
}

fn pairs(pairs: &[KeyValue]) -> Vec<(String, Value)> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map_or(Value::Empty, value))).collect()
}

fn value(from: &AnyValue) -> Value {
    match from.value.as_ref() {
        None => Value::Empty,
        Some(any_value::Value::StringValue(text)) => Value::Str(text.clone()),
        Some(any_value::Value::BoolValue(truth)) => Value::Bool(*truth),
        Some(any_value::Value::IntValue(number)) => Value::I64(*number),
        Some(any_value::Value::DoubleValue(number)) => Value::F64(*number),
        Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(bytes.clone()),
        Some(any_value::Value::ArrayValue(array)) => Value::Array(array.values.iter().map(value).collect()),
        Some(other) => panic!("no tag has such a value: {other:?}"),
    }
}

fn trace_id(bytes: &[u8]) -> TraceId {
    bytes.try_into().map_or(TraceId::INVALID, TraceId::from_bytes)
}

fn span_id(bytes: &[u8]) -> SpanId {
    bytes.try_into().map_or(SpanId::INVALID, SpanId::from_bytes)
}

fn kind(number: i32) -> SpanKind {
    match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => panic!("no kind has the number {number}"),
    }
}

fn status(number: i32) -> StatusCode {
    match number {
        1 => StatusCode::Ok,
        2 => StatusCode::Error,
        _ => panic!("no status that says anything has the number {number}"),
    }
}
