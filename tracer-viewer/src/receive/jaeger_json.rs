//! Traces as Jaeger's query API and its page write them: what was downloaded comes back.
//!
//! The inverse of what the query API does: tags that OTLP has fields for become these.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::{SpanKind, StatusCode, TraceId};

use super::numbers::{Int, base64};
use super::request::Request;
use super::span_writer;
use super::zipkin::{span_id, trace_id};

/// An answer of the query API, or one trace of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    data: Option<Vec<Trace>>,
    spans: Option<Vec<Span>>,
    processes: Option<BTreeMap<String, Process>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Trace {
    spans: Option<Vec<Span>>,
    processes: Option<BTreeMap<String, Process>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Process {
    service_name: Option<String>,
    tags: Option<Vec<KeyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    /// In files of old versions.
    #[serde(rename = "parentSpanID")]
    parent_span_id: Option<String>,
    operation_name: Option<String>,
    references: Option<Vec<Reference>>,
    start_time: Option<Int>,
    duration: Option<Int>,
    tags: Option<Vec<KeyValue>>,
    logs: Option<Vec<Log>>,
    #[serde(rename = "processID")]
    process_id: Option<String>,
    /// In files of old versions.
    process: Option<Process>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    ref_type: String,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Log {
    timestamp: Option<Int>,
    fields: Option<Vec<KeyValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyValue {
    key: String,
    #[serde(rename = "type")]
    value_type: Option<String>,
    value: serde_json::Value,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// An OTLP request.
    pub(super) request: Vec<u8>,
    /// The traces, each once, in the order of the file.
    pub(super) traces: Vec<TraceId>,
}

/// The traces of a file as an OTLP request.
///
/// # Errors
/// If it is not JSON, or a field has a wrong type.
pub(super) fn load(json: &[u8]) -> Result<Loaded, serde_json::Error> {
    let file: File = serde_json::from_slice(json)?;
    let mut traces = file.data.unwrap_or_default();
    traces.push(Trace { spans: file.spans, processes: file.processes });
    let (mut request, mut loaded, mut seen) = (Request::default(), Loaded::default(), HashSet::new());
    for trace in traces {
        let processes = trace.processes.unwrap_or_default();
        for span in trace.spans.into_iter().flatten() {
            let id = trace_id(&span.trace_id);
            if id.is_valid() && seen.insert(id) {
                loaded.traces.push(id);
            }
            let process = span.process.as_ref();
            let process = process.or_else(|| processes.get(span.process_id.as_deref().unwrap_or_default()));
            let resource = process.map(Process::resource).unwrap_or_default();
            add(&mut request, resource, span);
        }
    }
    loaded.request = request.into_protobuf();
    Ok(loaded)
}

fn add(request: &mut Request, resource: Vec<u8>, span: Span) {
    let mut tags: Vec<_> = span.tags.iter().flatten().map(KeyValue::pair).collect();
    let name = take_text(&mut tags, "otel.scope.name");
    let version = take_text(&mut tags, "otel.scope.version");
    let kind = kind(&take_text(&mut tags, "span.kind"));
    let message = span_writer::span(&span.into_record(tags), kind);
    request.add(resource, span_writer::scope(&name, &version, &[]), &message);
}

impl Process {
    fn resource(&self) -> Vec<u8> {
        let name = ("service.name".to_owned(), Value::Str(self.service_name.clone().unwrap_or_default()));
        let tags = self.tags.iter().flatten().map(KeyValue::pair);
        span_writer::resource(&std::iter::once(name).chain(tags).collect::<Vec<_>>())
    }
}

impl Span {
    fn into_record(self, mut tags: Vec<(String, Value)>) -> SpanRecord {
        let mut record = SpanRecord::default();
        record.trace_id = trace_id(&self.trace_id);
        record.span_id = span_id(&self.span_id);
        record.name = self.operation_name.unwrap_or_default();
        record.start_unix_ns = Int::or_zero(self.start_time).saturating_mul(1_000);
        let duration_ns = Int::or_zero(self.duration).saturating_mul(1_000);
        record.end_unix_ns = record.start_unix_ns.saturating_add(duration_ns);
        record.parent_span_id = span_id(self.parent_span_id.as_deref().unwrap_or_default());
        set_references(&mut record, &self.references.unwrap_or_default());
        set_status(&mut record, &mut tags);
        record.trace_state = take_text(&mut tags, "w3c.tracestate");
        record.attributes = tags;
        record.events = self.logs.into_iter().flatten().map(Log::into_event).collect();
        record
    }
}

impl Log {
    fn into_event(self) -> EventRecord {
        let mut fields: Vec<_> = self.fields.iter().flatten().map(KeyValue::pair).collect();
        let mut event = EventRecord::default();
        event.time_unix_ns = Int::or_zero(self.timestamp).saturating_mul(1_000);
        event.name = take_text(&mut fields, "event");
        event.attributes = fields;
        event
    }
}

impl KeyValue {
    fn pair(&self) -> (String, Value) {
        (self.key.clone(), self.typed())
    }

    /// The value by its type; if they do not agree, the value as it is.
    fn typed(&self) -> Value {
        let text = self.value.as_str();
        let typed = match self.value_type.as_deref() {
            Some("int64") => {
                self.value.as_i64().or_else(|| text.and_then(|text| text.parse().ok())).map(Value::I64)
            }
            Some("float64") => self.value.as_f64().or_else(|| text.and_then(float)).map(Value::F64),
            Some("bool") => match text {
                Some("true") => Some(Value::Bool(true)),
                Some("false") => Some(Value::Bool(false)),
                _ => self.value.as_bool().map(Value::Bool),
            },
            Some("binary") => text.and_then(base64).map(Value::Bytes),
            _ => None,
        };
        typed.unwrap_or_else(|| match &self.value {
            serde_json::Value::Bool(truth) => Value::Bool(*truth),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(number) => Value::I64(number),
                None => Value::F64(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Value::Str(text.clone()),
            serde_json::Value::Null => Value::Str(String::new()),
            other => Value::Str(other.to_string()),
        })
    }
}

/// As the query API writes those that JSON has no number for.
fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

/// The first reference within the trace is the parent, `CHILD_OF` before others.
fn set_references(record: &mut SpanRecord, references: &[Reference]) {
    let within = |reference: &&Reference| trace_id(&reference.trace_id) == record.trace_id;
    let parent = references.iter().filter(within).find(|reference| reference.is_child_of());
    let parent = parent.or_else(|| references.iter().find(within));
    if let Some(parent) = parent {
        record.parent_span_id = span_id(&parent.span_id);
    }
    for reference in references {
        let is_parent = parent.is_some_and(|parent| std::ptr::eq(parent, reference));
        if !(is_parent && reference.is_child_of()) {
            record.links.push(reference.link());
        }
    }
}

impl Reference {
    fn is_child_of(&self) -> bool {
        self.ref_type == "CHILD_OF"
    }

    fn link(&self) -> LinkRecord {
        let ref_type = if self.is_child_of() { "child_of" } else { "follows_from" };
        let mut link = LinkRecord::default();
        link.trace_id = trace_id(&self.trace_id);
        link.span_id = span_id(&self.span_id);
        link.attributes = vec![("opentracing.ref_type".to_owned(), Value::Str(ref_type.to_owned()))];
        link
    }
}

fn set_status(record: &mut SpanRecord, tags: &mut Vec<(String, Value)>) {
    let code = take_text(tags, "otel.status_code");
    record.status_message = take_text(tags, "otel.status_description");
    let is_error = |tag: &(String, Value)| tag.0 == "error" && tag.1 == Value::Bool(true);
    let has_error = tags.iter().any(is_error);
    tags.retain(|tag| !is_error(tag));
    record.status = match code.as_str() {
        "ERROR" => StatusCode::Error,
        "OK" => StatusCode::Ok,
        _ if has_error => StatusCode::Error,
        _ => StatusCode::Unset,
    };
}

/// The text of a tag, which is taken away; empty if there is none.
fn take_text(tags: &mut Vec<(String, Value)>, key: &str) -> String {
    let found = tags.iter().position(|(name, value)| name == key && matches!(value, Value::Str(_)));
    match found.map(|found| tags.remove(found)) {
        Some((_, Value::Str(text))) => text,
        _ => String::new(),
    }
}

fn kind(text: &str) -> Option<SpanKind> {
    let kinds =
        [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    kinds.into_iter().find(|kind| kind.as_str() == text)
}
