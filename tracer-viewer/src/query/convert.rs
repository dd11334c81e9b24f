//! A trace as Jaeger shows what came by OTLP.
//!
//! Tags and log fields are sorted as Jaeger sorts them; spans by their start.

mod references;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tracer_core::StatusCode;
use tracer_core::row::record::{EventRecord, SpanRecord};

use super::json::{JsonValue, KeyValue, Log, Process, Span, Trace, ValueType};
use super::trace_id;
use super::value::{key_value, text_tag};
use crate::analysis::clock_skew::Adjusted;
use crate::analysis::shared_ids::SharedIds;
use crate::analysis::warnings::Warnings;
use crate::store::span::StoredSpan;
use crate::store::{self, Source};

/// Span tags that are moved to the process.
const LIBRARY_KEYS: [&str; 5] = [
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
];

/// The whole trace.
pub(crate) fn trace(trace: &store::Trace) -> Trace {
    with_warnings(trace, Warnings::of(trace))
}

/// The whole trace by its root's clock; each span that was moved has a warning that says so.
pub(crate) fn adjusted(adjusted: &Adjusted) -> Trace {
    with_warnings(&adjusted.trace, Warnings::of_adjusted(adjusted))
}

fn with_warnings(trace: &store::Trace, mut warnings: Warnings) -> Trace {
    let shared_ids = SharedIds::of(&trace.spans);
    let mut processes = Processes::default();
    let mut spans: Vec<&Arc<StoredSpan>> = trace.spans.iter().collect();
    spans.sort_by_key(|span| span.start_unix_ns);
    let spans = spans.into_iter().map(|stored| {
        let mut span = span(stored, &shared_ids, &mut processes);
        let more = warnings.take(stored);
        if !more.is_empty() {
            span.warnings.get_or_insert_default().extend(more);
        }
        span
    });
    let spans = spans.collect();
    Trace { trace_id: trace_id::text(trace.id), spans, processes: processes.into_map(), warnings: None }
}

/// All tags of a span: its own, and those that say what OTLP has fields for.
pub(crate) fn span_tags(stored: &StoredSpan, record: &SpanRecord) -> Vec<KeyValue> {
    let mut tags = Vec::with_capacity(record.attributes.len() + 6);
    for (key, value) in [
        ("otel.scope.name", stored.source.scope_name()),
        ("otel.scope.version", stored.source.scope_version()),
    ] {
        if !value.is_empty() {
            tags.push(text_tag(key, value));
        }
    }
    tags.extend(record.attributes.iter().map(|(key, value)| key_value(key, value)));
    if let Some(kind) = stored.kind {
        tags.push(text_tag("span.kind", kind.as_str()));
    }
    match record.status {
        StatusCode::Unset => {}
        StatusCode::Ok => tags.push(text_tag("otel.status_code", "OK")),
        StatusCode::Error => {
            tags.push(text_tag("otel.status_code", "ERROR"));
            let value = JsonValue::Bool(true);
            tags.push(KeyValue { key: "error".into(), value_type: ValueType::Bool, value });
        }
    }
    if !record.status_message.is_empty() {
        tags.push(text_tag("otel.status_description", &record.status_message));
    }
    if !record.trace_state.is_empty() {
        tags.push(text_tag("w3c.tracestate", &record.trace_state));
    }
    tags
}

/// The fields of a log: the event's name first.
pub(crate) fn log_fields(event: &EventRecord) -> Vec<KeyValue> {
    let mut fields = Vec::with_capacity(event.attributes.len() + 1);
    let has_own = event.attributes.iter().any(|(key, _)| key == "event");
    if !event.name.is_empty() && !has_own {
        fields.push(text_tag("event", &event.name));
    }
    fields.extend(event.attributes.iter().map(|(key, value)| key_value(key, value)));
    fields
}

fn span<'a>(stored: &'a StoredSpan, shared_ids: &SharedIds, processes: &mut Processes<'a>) -> Span {
    let record = stored.record();
    let ids = shared_ids.resolve(stored);
    let (references, warnings) = references::of(&record, ids.parent_span_id);
    let (library_tags, mut tags): (Vec<_>, Vec<_>) =
        span_tags(stored, &record).into_iter().partition(|tag| LIBRARY_KEYS.contains(&&*tag.key));
    let process = processes.index_of(&stored.source, library_tags);
    sort(&mut tags);
    Span {
        trace_id: trace_id::text(stored.trace_id),
        span_id: ids.span_id.to_string(),
        operation_name: record.name,
        references,
        start_us: stored.start_unix_ns / 1_000,
        duration_us: stored.duration_ns() / 1_000,
        tags,
        logs: record.events.iter().map(log).collect(),
        process_id: format!("p{}", process + 1),
        warnings: (!warnings.is_empty()).then_some(warnings),
    }
}

fn log(event: &EventRecord) -> Log {
    let mut fields = log_fields(event);
    let name = fields.iter().position(|field| field.key == "event" && field.value_type == ValueType::String);
    let sorted_from = match name {
        Some(index) => {
            fields.swap(0, index);
            1
        }
        None => 0,
    };
    if let Some(rest) = fields.get_mut(sorted_from..) {
        sort(rest);
    }
    Log { timestamp_us: event.time_unix_ns / 1_000, fields }
}

fn sort(tags: &mut [KeyValue]) {
    tags.sort_by(|a, b| a.key.cmp(&b.key).then(a.value_type.cmp(&b.value_type)));
}

/// The processes of one trace, one per resource (and per tags that were moved to it), in the order
/// in which they appear.
#[derive(Debug, Default)]
struct Processes<'a> {
    known: HashMap<(&'a [u8], String), usize>,
    list: Vec<Process>,
}

impl<'a> Processes<'a> {
    fn index_of(&mut self, source: &'a Source, library_tags: Vec<KeyValue>) -> usize {
        let moved = if library_tags.is_empty() { String::new() } else { format!("{library_tags:?}") };
        *self.known.entry((source.resource(), moved)).or_insert_with(|| {
            let tags = source.process_tags();
            let tags = tags.iter().map(|(key, value)| key_value(key, value)).chain(library_tags).collect();
            self.list.push(Process { service_name: source.service().to_string(), tags });
            self.list.len() - 1
        })
    }

    fn into_map(self) -> BTreeMap<String, Process> {
        let numbered = self.list.into_iter().enumerate();
        numbered
            .map(|(index, mut process)| {
                sort(&mut process.tags);
                (format!("p{}", index + 1), process)
            })
            .collect()
    }
}
