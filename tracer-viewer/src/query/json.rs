//! The shapes of Jaeger's JSON, field for field.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// What every answer of `/api/*` is wrapped in.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<T> {
    pub(crate) data: Option<T>,
    pub(crate) total: usize,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) errors: Option<Vec<QueryError>>,
}

/// One error in an envelope.
#[derive(Debug, Serialize)]
pub(crate) struct QueryError {
    /// An HTTP status; left out if the request as such succeeded.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) code: u16,
    pub(crate) msg: String,
    #[serde(rename = "traceID", skip_serializing_if = "String::is_empty")]
    pub(crate) trace_id: String,
}

/// A trace. Process ids are `p1`, `p2` and so on.
#[derive(Debug, Serialize)]
pub(crate) struct Trace {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) processes: BTreeMap<String, Process>,
    pub(crate) warnings: Option<Vec<String>>,
}

/// A span; times in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Span {
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
    #[serde(rename = "operationName")]
    pub(crate) operation_name: String,
    pub(crate) references: Vec<Reference>,
    #[serde(rename = "startTime")]
    pub(crate) start_us: u64,
    #[serde(rename = "duration")]
    pub(crate) duration_us: u64,
    pub(crate) tags: Vec<KeyValue>,
    pub(crate) logs: Vec<Log>,
    #[serde(rename = "processID")]
    pub(crate) process_id: String,
    pub(crate) warnings: Option<Vec<String>>,
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reference {
    #[serde(rename = "refType")]
    pub(crate) ref_type: RefType,
    #[serde(rename = "traceID")]
    pub(crate) trace_id: String,
    #[serde(rename = "spanID")]
    pub(crate) span_id: String,
}

/// How a span depends on what it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum RefType {
    #[serde(rename = "CHILD_OF")]
    ChildOf,
    #[serde(rename = "FOLLOWS_FROM")]
    FollowsFrom,
}

/// A moment in a span.
#[derive(Debug, Serialize)]
pub(crate) struct Log {
    #[serde(rename = "timestamp")]
    pub(crate) timestamp_us: u64,
    pub(crate) fields: Vec<KeyValue>,
}

/// Who made spans.
#[derive(Debug, Serialize)]
pub(crate) struct Process {
    #[serde(rename = "serviceName")]
    pub(crate) service_name: String,
    pub(crate) tags: Vec<KeyValue>,
}

/// A tag or a field of a log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    #[serde(rename = "type")]
    pub(crate) value_type: ValueType,
    pub(crate) value: JsonValue,
}

/// The type of a value, in the order in which Jaeger sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ValueType {
    String,
    Bool,
    Int64,
    Float64,
    Binary,
}

/// A value as JSON has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum JsonValue {
    Text(String),
    Bool(bool),
    Int(i64),
    Float(f64),
}

/// How often one service called another.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Dependency {
    pub(crate) parent: String,
    pub(crate) child: String,
    #[serde(rename = "callCount")]
    pub(crate) call_count: u64,
}

/// An operation of a service.
#[derive(Debug, Serialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    #[serde(rename = "spanKind")]
    pub(crate) span_kind: &'static str,
}

impl<T> Envelope<T> {
    pub(crate) const fn of(data: T, total: usize) -> Self {
        Self { data: Some(data), total, limit: 0, offset: 0, errors: None }
    }
}

impl Envelope<()> {
    pub(crate) fn error(code: u16, msg: impl Into<Cow<'static, str>>) -> Self {
        let error = QueryError { code, msg: msg.into().into_owned(), trace_id: String::new() };
        Self { data: None, total: 0, limit: 0, offset: 0, errors: Some(vec![error]) }
    }
}

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(code: &u16) -> bool {
    *code == 0
}
