//! Traces, as the viewer's query API answers them.

use std::collections::BTreeMap;

use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The query API of a viewer.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryApi<'a> {
    client: &'a Client,
    viewer: &'a str,
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Vec<Trace>>,
}

/// A trace.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    pub(super) trace_id: String,
    pub(super) spans: Vec<Span>,
    pub(super) processes: BTreeMap<String, Process>,
}

/// A span; times in microseconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
    pub(super) operation_name: String,
    #[serde(default)]
    pub(super) references: Vec<Reference>,
    #[serde(rename = "startTime")]
    pub(super) start_us: u64,
    #[serde(rename = "duration")]
    pub(super) duration_us: u64,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    #[serde(rename = "processID")]
    pub(super) process_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) ref_type: String,
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    pub(super) service_name: String,
}

impl<'a> QueryApi<'a> {
    pub(super) const fn new(client: &'a Client, viewer: &'a str) -> Self {
        Self { client, viewer }
    }

    /// A whole trace.
    ///
    /// # Errors
    /// If the viewer does not have it.
    pub(super) async fn trace(&self, trace_id: &str) -> Result<Trace, String> {
        let url = format!("{}/api/traces/{trace_id}", self.viewer);
        let failed = |error: reqwest::Error| format!("trace {trace_id}: {error}");
        let mut answer = self.client.get(url).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("trace {trace_id}: more than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        let envelope: Envelope =
            serde_json::from_slice(&body).map_err(|error| format!("trace {trace_id}: {error}"))?;
        let trace = envelope.data.and_then(|mut traces| traces.pop());
        trace.ok_or_else(|| format!("the viewer has no trace {trace_id}"))
    }
}

impl Trace {
    pub(super) fn service(&self, span: &Span) -> &str {
        self.processes.get(&span.process_id).map(|it| it.service_name.as_str()).unwrap_or_default()
    }
}

impl Span {
    pub(super) const fn end_us(&self) -> u64 {
        self.start_us.saturating_add(self.duration_us)
    }

    /// The span that waits for this one.
    pub(super) fn parent(&self) -> Option<&str> {
        self.references.iter().find(|it| it.ref_type == "CHILD_OF").map(|it| it.span_id.as_str())
    }

    /// A tag of text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).and_then(|tag| tag.value.as_str())
    }
}
