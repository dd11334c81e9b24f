//! OTLP's JSON: protobuf's JSON mapping, but ids in hexadecimal digits.
//!
//! Field names in lowerCamelCase; unknown ones are ignored, `null` is as good as left out, 64-bit
//! numbers are text or numbers, enumerations are numbers.

use serde::{Deserialize, de};
use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::row::wire::put_bytes;
use tracer_core::{SpanId, SpanKind, StatusCode, TraceId};

use super::numbers::{Float, Int, base64};
use super::span_writer;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    resource_spans: Option<Vec<ResourceSpans>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceSpans {
    resource: Option<Resource>,
    scope_spans: Option<Vec<ScopeSpans>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resource {
    attributes: Option<Vec<KeyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ScopeSpans {
    scope: Option<Scope>,
    spans: Option<Vec<Span>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scope {
    name: Option<String>,
    version: Option<String>,
    attributes: Option<Vec<KeyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Span {
    trace_id: Option<String>,
    span_id: Option<String>,
    trace_state: Option<String>,
    parent_span_id: Option<String>,
    name: Option<String>,
    kind: Option<Int>,
    start_time_unix_nano: Option<Int>,
    end_time_unix_nano: Option<Int>,
    attributes: Option<Vec<KeyValue>>,
    dropped_attributes_count: Option<Int>,
    events: Option<Vec<Event>>,
    dropped_events_count: Option<Int>,
    links: Option<Vec<Link>>,
    dropped_links_count: Option<Int>,
    status: Option<Status>,
    flags: Option<Int>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    time_unix_nano: Option<Int>,
    name: Option<String>,
    attributes: Option<Vec<KeyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Link {
    trace_id: Option<String>,
    span_id: Option<String>,
    trace_state: Option<String>,
    attributes: Option<Vec<KeyValue>>,
    flags: Option<Int>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    message: Option<String>,
    code: Option<Int>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyValue {
    key: Option<String>,
    value: Option<AnyValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AnyValue {
    string_value: Option<String>,
    bool_value: Option<bool>,
    int_value: Option<Int>,
    double_value: Option<Float>,
    array_value: Option<Array>,
    kvlist_value: Option<KeyValueList>,
    bytes_value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Array {
    values: Option<Vec<AnyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyValueList {
    values: Option<Vec<KeyValue>>,
}

/// The `ExportTraceServiceRequest` in protobuf.
///
/// Spans with ids of a wrong length are written with an id that is refused later, and counted there.
///
/// # Errors
/// If it is not JSON, or a field has a wrong type.
pub(super) fn to_protobuf(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    // Serde would take a list for the fields in their order.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(de::Error::custom("not an object"));
    }
    let request: Request = serde_json::from_slice(json)?;
    let mut out = Vec::with_capacity(json.len() / 2);
    for resource_spans in request.resource_spans.into_iter().flatten() {
        let attributes = resource_spans.resource.unwrap_or_default().attributes;
        let mut message = Vec::new();
        put_bytes(&mut message, 0x0a, &span_writer::resource(&pairs(attributes)));
        for scope_spans in resource_spans.scope_spans.into_iter().flatten() {
            put_bytes(&mut message, 0x12, &scope_spans.into_protobuf());
        }
        put_bytes(&mut out, 0x0a, &message);
    }
    Ok(out)
}

impl ScopeSpans {
    fn into_protobuf(self) -> Vec<u8> {
        let scope = self.scope.unwrap_or_default();
        let (name, version) = (scope.name.unwrap_or_default(), scope.version.unwrap_or_default());
        let mut message = Vec::new();
        put_bytes(&mut message, 0x0a, &span_writer::scope(&name, &version, &pairs(scope.attributes)));
        for span in self.spans.into_iter().flatten() {
            let kind = span.kind.as_ref().and_then(|kind| kind_of(kind.to_u64()));
            put_bytes(&mut message, 0x12, &span_writer::span(&span.into_record(), kind));
        }
        message
    }
}

impl Span {
    fn into_record(self) -> SpanRecord {
        let mut record = SpanRecord::default();
        record.trace_id = trace_id(self.trace_id.as_deref());
        record.span_id = span_id(self.span_id.as_deref());
        if let Some(parent) = self.parent_span_id.as_deref().filter(|id| !id.is_empty()) {
            match hex::<8>(parent) {
                Some(parent) => record.parent_span_id = SpanId::from_bytes(parent),
                // A span with a broken parent is no root: it is refused whole.
                None => record.span_id = SpanId::INVALID,
            }
        }
        record.trace_state = self.trace_state.unwrap_or_default();
        record.name = self.name.unwrap_or_default();
        record.start_unix_ns = Int::or_zero(self.start_time_unix_nano);
        record.end_unix_ns = Int::or_zero(self.end_time_unix_nano);
        record.attributes = pairs(self.attributes);
        record.events = self.events.into_iter().flatten().map(Event::into_record).collect();
        record.links = self.links.into_iter().flatten().map(Link::into_record).collect();
        let status = self.status.unwrap_or_default();
        record.status_message = status.message.unwrap_or_default();
        record.status = match Int::or_zero(status.code) {
            1 => StatusCode::Ok,
            2 => StatusCode::Error,
            _ => StatusCode::Unset,
        };
        record.flags = count(self.flags);
        record.dropped_attributes = count(self.dropped_attributes_count);
        record.dropped_events = count(self.dropped_events_count);
        record.dropped_links = count(self.dropped_links_count);
        record
    }
}

impl Event {
    fn into_record(self) -> EventRecord {
        let mut record = EventRecord::default();
        record.time_unix_ns = Int::or_zero(self.time_unix_nano);
        record.name = self.name.unwrap_or_default();
        record.attributes = pairs(self.attributes);
        record
    }
}

impl Link {
    fn into_record(self) -> LinkRecord {
        let mut record = LinkRecord::default();
        record.trace_id = trace_id(self.trace_id.as_deref());
        record.span_id = span_id(self.span_id.as_deref());
        record.trace_state = self.trace_state.unwrap_or_default();
        record.attributes = pairs(self.attributes);
        record.flags = count(self.flags);
        record
    }
}

impl AnyValue {
    /// Calls itself as deep as the parser let it be.
    fn into_value(self) -> Value {
        if let Some(text) = self.string_value {
            return Value::Str(text);
        }
        if let Some(truth) = self.bool_value {
            return Value::Bool(truth);
        }
        if let Some(number) = self.int_value {
            return Value::I64(number.to_i64());
        }
        if let Some(Float(number)) = self.double_value {
            return Value::F64(number);
        }
        if let Some(array) = self.array_value {
            return Value::Array(array.values.into_iter().flatten().map(Self::into_value).collect());
        }
        if let Some(list) = self.kvlist_value {
            return Value::Map(pairs(list.values));
        }
        // What is no base64 is kept as the text that it is.
        self.bytes_value.map_or(Value::Empty, |text| base64(&text).map_or(Value::Str(text), Value::Bytes))
    }
}

fn pairs(list: Option<Vec<KeyValue>>) -> Vec<(String, Value)> {
    let pair = |pair: KeyValue| (pair.key.unwrap_or_default(), pair.value.unwrap_or_default().into_value());
    list.into_iter().flatten().map(pair).collect()
}

fn count(number: Option<Int>) -> u32 {
    u32::try_from(Int::or_zero(number)).unwrap_or(u32::MAX)
}

const fn kind_of(number: u64) -> Option<SpanKind> {
    match number {
        1 => Some(SpanKind::Internal),
        2 => Some(SpanKind::Server),
        3 => Some(SpanKind::Client),
        4 => Some(SpanKind::Producer),
        5 => Some(SpanKind::Consumer),
        _ => None,
    }
}

fn trace_id(text: Option<&str>) -> TraceId {
    text.and_then(hex::<16>).map_or(TraceId::INVALID, TraceId::from_bytes)
}

fn span_id(text: Option<&str>) -> SpanId {
    text.and_then(hex::<8>).map_or(SpanId::INVALID, SpanId::from_bytes)
}

/// Exactly as many bytes, in digits of either case.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}
