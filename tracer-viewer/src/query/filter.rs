//! Which traces a search finds: those with a span that meets all conditions.

use std::collections::HashMap;
use std::sync::Arc;

use tracer_core::StatusCode;
use tracer_core::row::record::Value;

use super::convert::{log_fields, span_tags};
use super::json::{JsonValue, KeyValue};
use super::params::Filter;
use super::value::text;
use crate::store::span::StoredSpan;
use crate::store::{Source, Trace};

/// A source and its tags as text.
type SourceTags = (Arc<Source>, Vec<(String, String)>);

/// Applies one filter to many traces.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    filter: &'a Filter,
    /// Tags of processes and scopes, decoded once a search. The source is kept, so that no other
    /// can take its address.
    sources: HashMap<*const Source, SourceTags>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(filter: &'a Filter) -> Self {
        Self { filter, sources: HashMap::new() }
    }

    /// Whether a trace has a span that is asked for.
    pub(crate) fn finds(&mut self, trace: &Trace) -> bool {
        let spans = || trace.spans.iter();
        let Filter { error, text, .. } = self.filter;
        (!error || spans().any(|span| span.is_error()))
            && spans().any(|span| self.matches(span))
            && text.as_deref().is_none_or(|wanted| spans().any(|span| has_in_logs(span, wanted)))
    }

    fn matches(&mut self, span: &StoredSpan) -> bool {
        let Filter { service, operation, start_unix_ns, duration_ns, tags, .. } = self.filter;
        let within = |value: u64, range: (u64, u64)| range.0 <= value && value <= range.1;
        let (service, operation) = (service.as_deref(), operation.as_deref());
        service.is_none_or(|service| service == &**span.source.service())
            && operation.is_none_or(|operation| operation == &*span.name)
            && within(span.start_unix_ns, *start_unix_ns)
            && within(span.duration_ns(), *duration_ns)
            && (tags.is_empty() || self.has_all_tags(span))
    }

    fn has_all_tags(&mut self, span: &StoredSpan) -> bool {
        let record = span.record();
        let span_tags = span_tags(span, &record);
        let in_logs: Vec<_> = record.events.iter().flat_map(log_fields).collect();
        let wanted_tags = &self.filter.tags;
        let source_tags = self.source_tags(&span.source);
        let found = |key: &str, wanted: &str| {
            let has =
                |tags: &[KeyValue]| tags.iter().any(|tag| tag.key == key && is_text(&tag.value, wanted));
            has(&span_tags) || has(&in_logs) || source_tags.iter().any(|(k, v)| k == key && v == wanted)
        };
        let is_success = record.status == StatusCode::Ok;
        wanted_tags
            .iter()
            .all(|(key, wanted)| found(key, wanted) || (key == "error" && wanted == "false" && is_success))
    }

    fn source_tags(&mut self, source: &Arc<Source>) -> &[(String, String)] {
        let (_, tags) = self.sources.entry(Arc::as_ptr(source)).or_insert_with(|| {
            let tags = source.process_tags().into_iter().chain(source.scope_tags());
            let as_text = |(key, value): (String, Value)| (key, text(&value));
            (Arc::clone(source), tags.map(as_text).collect())
        });
        tags
    }
}

/// Whether a field of a log contains a text, whatever the case.
fn has_in_logs(span: &StoredSpan, wanted: &str) -> bool {
    let has = |field: &KeyValue| match &field.value {
        JsonValue::Text(text) => text.to_lowercase().contains(wanted),
        JsonValue::Bool(truth) => truth.to_string().contains(wanted),
        JsonValue::Int(number) => number.to_string().contains(wanted),
        JsonValue::Float(number) => text(&Value::F64(*number)).contains(wanted),
    };
    span.has_events && span.record().events.iter().any(|event| log_fields(event).iter().any(has))
}

fn is_text(value: &JsonValue, wanted: &str) -> bool {
    match value {
        JsonValue::Text(text) => text == wanted,
        JsonValue::Bool(truth) => truth.to_string() == wanted,
        JsonValue::Int(number) => number.to_string() == wanted,
        JsonValue::Float(number) => text(&Value::F64(*number)) == wanted,
    }
}
