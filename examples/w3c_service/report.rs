//! What a service answers: what it knows of the trace, and what those that it called answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracer_core::SpanContext;

/// A call that is asked for: where to, and the calls to ask for there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) arguments: Vec<Value>,
}

/// A service's answer.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    service: String,
    trace_id: String,
    /// The server's span.
    span_id: String,
    /// The caller's span; none if the trace begins here.
    parent_id: Option<String>,
    sampled: bool,
    baggage: BTreeMap<String, String>,
    calls: Vec<Called>,
}

/// A call that was made.
#[derive(Debug, Serialize)]
pub(crate) struct Called {
    pub(crate) url: String,
    /// The client's span.
    pub(crate) span_id: Option<String>,
    /// What was answered, if that was JSON.
    pub(crate) answer: Option<Value>,
    pub(crate) error: Option<String>,
}

impl Report {
    pub(crate) fn new(service: &str, context: &SpanContext, calls: Vec<Called>) -> Self {
        let parent_id = Some(context.parent_id()).filter(|id| id.is_valid());
        let items = context.baggage().iter();
        Self {
            service: service.to_owned(),
            trace_id: context.trace_id().to_string(),
            span_id: context.span_id().to_string(),
            parent_id: parent_id.map(|id| id.to_string()),
            sampled: context.is_sampled(),
            baggage: items.map(|item| (item.key.to_owned(), item.value.to_owned())).collect(),
            calls,
        }
    }
}
