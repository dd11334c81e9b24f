//! The JSON of Jaeger's query API, which its page loads from files.
//!
//! ```text
//! {"data":[{"traceID":…,"spans":[…],"processes":{"p1":{"serviceName":…,"tags":[…]}},"warnings":null}, …]}
//! ```
//!
//! A trace's spans may come from several batches and processes, so [`Traces`] collects them.

use std::collections::BTreeMap;

use tracer_core::row::record::{SpanRecord, Value};
use tracer_core::{Batch, Scope, TraceId};

use super::jaeger_model::{Reference, Tag, fields, references, tags};
use super::json::{
    float_text, put_base64, put_display, put_f64, put_hex_str, put_list, put_quoted, put_str, text,
};
use super::{Encoded, process_tags, read};

/// Beyond this JavaScript loses digits, so Jaeger writes such integers as text.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Traces that become one file.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    traces: BTreeMap<[u8; 16], Trace>,
    /// The processes' JSON; a trace names them by their number.
    processes: Vec<Vec<u8>>,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
struct Trace {
    /// Spans, with commas between them.
    spans: Vec<u8>,
    /// Numbers of the processes that it has spans of.
    processes: Vec<usize>,
}

impl Traces {
    /// Adds the spans of a batch that fit: all together may take `bytes_max` bytes of JSON. Answers
    /// how many were added, and how many were not.
    pub fn add(&mut self, batch: &Batch<'_>, bytes_max: usize) -> (Encoded, usize) {
        let (mut encoded, mut over) = (Encoded::default(), 0);
        let mut process = None;
        let mut json = Vec::new();
        for row in batch.rows.iter() {
            let Some(span) = read(row) else {
                encoded.count(false);
                continue;
            };
            let process = *process.get_or_insert_with(|| self.process(batch));
            json.clear();
            put_span(&mut json, &span, batch.scope, process);
            if self.bytes + json.len() > bytes_max {
                over += 1;
                continue;
            }
            self.put(span.trace_id, &json, process);
            encoded.count(true);
        }
        (encoded, over)
    }

    /// Writes the file.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(b"{\"data\":[");
        put_list(out, &self.traces, |out, (trace_id, trace)| {
            out.extend_from_slice(b"{\"traceID\":");
            put_hex_str(out, trace_id);
            out.extend_from_slice(b",\"spans\":[");
            out.extend_from_slice(&trace.spans);
            out.extend_from_slice(b"],\"processes\":{");
            put_list(out, &trace.processes, |out, number| {
                put_process_id(out, *number);
                out.push(b':');
                out.extend_from_slice(self.processes.get(*number).map_or(b"{}", Vec::as_slice));
            });
            out.extend_from_slice(b"},\"warnings\":null}");
        });
        out.extend_from_slice(b"],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n");
    }

    /// The number of the batch's process.
    fn process(&mut self, batch: &Batch<'_>) -> usize {
        let mut json = b"{\"serviceName\":".to_vec();
        put_str(&mut json, batch.resource.service_name());
        json.extend_from_slice(b",\"tags\":[");
        put_list(&mut json, &process_tags(batch.resource), |out, (key, value)| {
            put_tag(out, Tag::Value(key, value));
        });
        json.extend_from_slice(b"]}");
        if let Some(number) = self.processes.iter().position(|known| *known == json) {
            return number;
        }
        self.bytes += json.len();
        self.processes.push(json);
        self.processes.len() - 1
    }

    fn put(&mut self, trace_id: TraceId, json: &[u8], process: usize) {
        self.bytes += json.len() + 1;
        let trace = self.traces.entry(trace_id.to_bytes()).or_default();
        if !trace.spans.is_empty() {
            trace.spans.push(b',');
        }
        trace.spans.extend_from_slice(json);
        if !trace.processes.contains(&process) {
            trace.processes.push(process);
        }
    }
}

fn put_span(out: &mut Vec<u8>, span: &SpanRecord, scope: &Scope, process: usize) {
    out.extend_from_slice(b"{\"traceID\":");
    put_hex_str(out, &span.trace_id.to_bytes());
    out.extend_from_slice(b",\"spanID\":");
    put_hex_str(out, &span.span_id.to_bytes());
    out.extend_from_slice(b",\"flags\":");
    put_display(out, span.flags & 1);
    out.extend_from_slice(b",\"operationName\":");
    put_str(out, &span.name);
    out.extend_from_slice(b",\"references\":[");
    put_list(out, references(span), put_reference);
    out.extend_from_slice(b"],\"startTime\":");
    put_display(out, span.start_unix_ns / 1000);
    out.extend_from_slice(b",\"duration\":");
    put_display(out, span.end_unix_ns.saturating_sub(span.start_unix_ns) / 1000);
    out.extend_from_slice(b",\"tags\":[");
    put_list(out, tags(span, scope), put_tag);
    out.extend_from_slice(b"],\"logs\":[");
    put_list(out, &span.events, |out, event| {
        out.extend_from_slice(b"{\"timestamp\":");
        put_display(out, event.time_unix_ns / 1000);
        out.extend_from_slice(b",\"fields\":[");
        put_list(out, fields(event), put_tag);
        out.extend_from_slice(b"]}");
    });
    out.extend_from_slice(b"],\"processID\":");
    put_process_id(out, process);
    out.extend_from_slice(b",\"warnings\":null}");
}

fn put_process_id(out: &mut Vec<u8>, number: usize) {
    put_quoted(out, format_args!("p{}", number + 1));
}

fn put_reference(out: &mut Vec<u8>, reference: Reference) {
    let ref_type = if reference.follows_from { "FOLLOWS_FROM" } else { "CHILD_OF" };
    out.extend_from_slice(b"{\"refType\":");
    put_str(out, ref_type);
    out.extend_from_slice(b",\"traceID\":");
    put_hex_str(out, &reference.trace_id.to_bytes());
    out.extend_from_slice(b",\"spanID\":");
    put_hex_str(out, &reference.span_id.to_bytes());
    out.push(b'}');
}

fn put_tag(out: &mut Vec<u8>, tag: Tag<'_>) {
    match tag {
        Tag::Str(key, text) => put_key_value(out, key, "string", |out| put_str(out, text)),
        Tag::Bool(key, truth) => put_key_value(out, key, "bool", |out| put_display(out, truth)),
        Tag::Count(key, count) => put_key_value(out, key, "int64", |out| put_display(out, count)),
        Tag::Value(key, value) => put_value(out, key, value),
    }
}

fn put_value(out: &mut Vec<u8>, key: &str, value: &Value) {
    match value {
        Value::Bool(truth) => put_key_value(out, key, "bool", |out| put_display(out, truth)),
        Value::I64(number) if number.unsigned_abs() <= SAFE_INTEGER_MAX => {
            put_key_value(out, key, "int64", |out| put_display(out, number));
        }
        Value::I64(number) => put_key_value(out, key, "int64", |out| put_quoted(out, number)),
        Value::F64(number) if number.is_finite() => {
            put_key_value(out, key, "float64", |out| put_f64(out, *number));
        }
        Value::F64(number) => put_key_value(out, key, "float64", |out| put_str(out, &float_text(*number))),
        Value::Bytes(bytes) => put_key_value(out, key, "binary", |out| put_base64(out, bytes)),
        other => put_key_value(out, key, "string", |out| put_str(out, &text(other))),
    }
}

fn put_key_value(out: &mut Vec<u8>, key: &str, value_type: &str, put: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"{\"key\":");
    put_str(out, key);
    out.extend_from_slice(b",\"type\":");
    put_str(out, value_type);
    out.extend_from_slice(b",\"value\":");
    put(out);
    out.push(b'}');
}
