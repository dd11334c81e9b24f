//! The JSON of Jaeger's query API (`/api/*`), as far as tests read it.
//!
//! Everything is kept as it came: ids as text, times in microseconds, values as JSON.
//! Lists that a server writes as `null` read as empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The envelope round every answer.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Envelope<T> {
    /// What was asked for; absent when there are only errors.
    pub data: Option<T>,
    /// What went wrong, if anything.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub errors: Vec<QueryError>,
}

/// One error of the query API.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct QueryError {
    /// An HTTP status, or 0.
    #[serde(default)]
    pub code: i64,
    /// Text for people.
    #[serde(default)]
    pub msg: String,
}

/// A trace: its spans, and the processes they point at.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Trace {
    /// 32 hexadecimal digits.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// In no particular order.
    #[serde(deserialize_with = "null_as_empty")]
    pub spans: Vec<Span>,
    /// By the id that [`Span::process_id`] names.
    pub processes: BTreeMap<String, Process>,
    /// What the server remarked on the whole trace.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub warnings: Vec<String>,
}

/// One span.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Span {
    /// The trace's id again.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// 16 hexadecimal digits.
    #[serde(rename = "spanID")]
    pub span_id: String,
    /// The operation.
    #[serde(rename = "operationName")]
    pub operation_name: String,
    /// What it refers to; a root has none.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub references: Vec<Reference>,
    /// Microseconds since 1970.
    #[serde(rename = "startTime")]
    pub start_us: u64,
    /// Microseconds.
    #[serde(rename = "duration")]
    pub duration_us: u64,
    /// Tags.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tags: Vec<KeyValue>,
    /// Logs, in the order they were exported.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub logs: Vec<Log>,
    /// A key of [`Trace::processes`].
    #[serde(rename = "processID")]
    pub process_id: String,
    /// What the server remarked on this span.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub warnings: Vec<String>,
}

/// A reference to another span.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Reference {
    /// `CHILD_OF` or `FOLLOWS_FROM`.
    #[serde(rename = "refType")]
    pub ref_type: String,
    /// The trace it points into.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// The span it points at.
    #[serde(rename = "spanID")]
    pub span_id: String,
}

/// A moment in a span.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Log {
    /// Microseconds since 1970.
    #[serde(rename = "timestamp")]
    pub timestamp_us: u64,
    /// What was logged.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub fields: Vec<KeyValue>,
}

/// A key, the name of its type, and the value.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// `string`, `bool`, `int64`, `float64` or `binary`.
    #[serde(rename = "type")]
    pub value_type: String,
    /// The value.
    pub value: Value,
}

/// What emitted spans.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Process {
    /// The service.
    #[serde(rename = "serviceName")]
    pub service_name: String,
    /// Tags of the process.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub tags: Vec<KeyValue>,
}

/// One edge of the service graph.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Dependency {
    /// The calling service.
    pub parent: String,
    /// The called service.
    pub child: String,
    /// How often.
    #[serde(rename = "callCount")]
    pub call_count: u64,
}

impl Trace {
    /// The name of the service a span belongs to; empty if its process is missing.
    #[must_use]
    pub fn service_of(&self, span: &Span) -> &str {
        self.processes.get(&span.process_id).map_or("", |process| process.service_name.as_str())
    }

    /// The end of the last span, in microseconds since 1970.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.spans.iter().map(Span::end_us).max().unwrap_or(0)
    }
}

impl Span {
    /// Start plus duration, in microseconds since 1970.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.start_us.saturating_add(self.duration_us)
    }

    /// The value of a tag as text (strings bare, all else as JSON).
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<String> {
        value_of(&self.tags, key)
    }

    /// The value of the first of several keys that is there.
    #[must_use]
    pub fn tag_of_any(&self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.tag(key))
    }

    /// Whether the span carries `error=true`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.tag("error").is_some_and(|value| value == "true")
    }
}

impl Log {
    /// The value of a field as text (strings bare, all else as JSON).
    #[must_use]
    pub fn field(&self, key: &str) -> Option<String> {
        value_of(&self.fields, key)
    }

    /// What was logged: the field `event`, by which Jaeger shows an event's name, or
    /// `message`, the older form.
    #[must_use]
    pub fn message(&self) -> String {
        self.field("event").or_else(|| self.field("message")).unwrap_or_default()
    }
}

fn value_of(pairs: &[KeyValue], key: &str) -> Option<String> {
    let pair = pairs.iter().find(|pair| pair.key == key)?;
    Some(match &pair.value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"data":[{"traceID":"0af7","spans":[{"traceID":"0af7","spanID":"b7ad",
        "operationName":"op","references":null,"startTime":5,"duration":7,
        "tags":[{"key":"error","type":"bool","value":true},{"key":"n","type":"int64","value":3}],
        "logs":[{"timestamp":6,"fields":[{"key":"event","type":"string","value":"hello"}]}],
        "processID":"p1","warnings":null}],
        "processes":{"p1":{"serviceName":"s","tags":[]}},"warnings":null}],
        "total":0,"limit":0,"offset":0,"errors":null}"#;

    #[test]
    fn reads_an_answer_with_null_lists() {
        let answer: Envelope<Vec<Trace>> = serde_json::from_str(ANSWER).unwrap();
        let trace = &answer.data.unwrap()[0];
        let span = &trace.spans[0];
        assert_eq!(trace.service_of(span), "s");
        assert_eq!((span.end_us(), trace.end_us()), (12, 12));
        assert!(span.is_error() && span.references.is_empty());
        assert_eq!(span.tag("n").as_deref(), Some("3"));
        assert_eq!(span.logs[0].message(), "hello");
        assert!(answer.errors.is_empty());
    }

    #[test]
    fn refuses_a_span_without_its_start() {
        let text = ANSWER.replace("\"startTime\":5,", "");
        assert!(serde_json::from_str::<Envelope<Vec<Trace>>>(&text).is_err());
    }

    #[test]
    fn a_missing_process_has_no_name() {
        let span = Span { process_id: "p9".into(), ..Span::default() };
        assert_eq!(Trace::default().service_of(&span), "");
    }
}
