//! Two answers of Jaeger for the same trace, compared field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jaeger_json::{KeyValue, Span, Trace};

/// What a protocol cannot say, as far as Jaeger shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Losses {
    /// Nothing that Jaeger shows.
    None,
    /// All values are texts; the resource's tags are the span's; a `|` in a log's name is another
    /// character.
    Zipkin,
}

/// What differs, a line each.
#[derive(Debug, Default)]
pub(super) struct Differences(pub(super) Vec<String>);

/// Tags by their keys: type and value.
type Tags = BTreeMap<String, (String, String)>;

/// What differs between the answer for a transport that loses nothing and the one for another.
pub(super) fn differences(reference: &Trace, seen: &Trace, losses: Losses) -> Differences {
    let mut found = Differences::default();
    found.compare("trace", "spans", &reference.spans.len(), &seen.spans.len());
    for (expected, span) in reference.spans.iter().zip(&seen.spans) {
        let name = expected.operation_name.as_str();
        found.compare(name, "name", &expected.operation_name, &span.operation_name);
        found.compare(name, "id", &expected.span_id, &span.span_id);
        found.compare(name, "start", &expected.start_us, &span.start_us);
        found.compare(name, "duration", &expected.duration_us, &span.duration_us);
        found.compare(name, "references", &expected.references, &span.references);
        found.compare(name, "warnings", &expected.warnings, &span.warnings);
        found.compare(name, "service", reference.service_of(expected), seen.service_of(span));
        found.compare_tags(name, &all_tags(reference, expected, losses), &all_tags(seen, span, losses));
        found.compare(name, "logs", &logs(expected, losses), &logs(span, losses));
    }
    found
}

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug + ?Sized>(
        &mut self,
        span: &str,
        what: &str,
        expected: &T,
        seen: &T,
    ) {
        if expected != seen {
            self.0.push(format!("{span}: {what}: {seen:?}, not {expected:?}"));
        }
    }

    fn compare_tags(&mut self, span: &str, expected: &Tags, seen: &Tags) {
        for key in expected.keys().chain(seen.keys().filter(|key| !expected.contains_key(*key))) {
            self.compare(span, key, &expected.get(key), &seen.get(key));
        }
    }
}

/// A span's tags and its process's, which Zipkin does not tell apart; else each under a prefix.
fn all_tags(trace: &Trace, span: &Span, losses: Losses) -> Tags {
    let process = trace.processes.get(&span.process_id);
    let process = process.map_or(&[][..], |process| &process.tags).iter().map(|tag| ("process", tag));
    let own = span.tags.iter().map(|tag| ("span", tag));
    let named = |(of, tag): (&str, &KeyValue)| match losses {
        Losses::None => (format!("{of} {}", tag.key), typed(tag, losses)),
        Losses::Zipkin => (tag.key.clone(), typed(tag, losses)),
    };
    process.chain(own).map(named).collect()
}

fn logs(span: &Span, losses: Losses) -> Vec<(u64, Tags)> {
    let fields = |fields: &[KeyValue]| {
        let field = |field: &KeyValue| match (losses, field.key.as_str()) {
            (Losses::Zipkin, "event") => {
                let (value_type, value) = typed(field, losses);
                (field.key.clone(), (value_type, value.replace('|', "¦")))
            }
            // The fields of a log have types also there.
            _ => (field.key.clone(), typed(field, Losses::None)),
        };
        fields.iter().map(field).collect()
    };
    span.logs.iter().map(|log| (log.timestamp_us, fields(&log.fields))).collect()
}

/// The type and value of a tag; arrays, which are JSON in text, as `serde_json` writes them.
fn typed(tag: &KeyValue, losses: Losses) -> (String, String) {
    let text = match &tag.value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(array @ Value::Array(_)) => array.to_string(),
            _ => text.clone(),
        },
        other => other.to_string(),
    };
    // That a span failed is told by its status, whatever the protocol.
    let has_own_type = losses == Losses::None || tag.key == "error";
    (if has_own_type { tag.value_type.clone() } else { "any".to_owned() }, text)
}
