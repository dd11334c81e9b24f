//! Traces, as the viewer's query API answers them.

use std::collections::BTreeMap;

use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The query API of a viewer.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueryApi<'a> {
    client: &'a Client,
    viewer: &'a str,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
}

/// A trace, and what its end waited for.
#[derive(Clone, Debug)]
pub(super) struct Analysed {
    pub(super) trace: Trace,
    pub(super) critical_path: Vec<Segment>,
}

/// A trace.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    pub(super) trace_id: String,
    pub(super) spans: Vec<Span>,
    pub(super) processes: BTreeMap<String, Process>,
}

/// A span.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
    pub(super) operation_name: String,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    #[serde(rename = "processID")]
    pub(super) process_id: String,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    critical_path: Vec<Segment>,
}

/// A part of a critical path; a span may have several.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Segment {
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
    #[serde(rename = "duration")]
    pub(super) duration_us: u64,
}

impl<'a> QueryApi<'a> {
    pub(super) const fn new(client: &'a Client, viewer: &'a str) -> Self {
        Self { client, viewer }
    }

    /// A whole trace, with what the viewer found out about it.
    ///
    /// # Errors
    /// If the viewer does not have it.
    pub(super) async fn analysed(&self, trace_id: &str) -> Result<Analysed, String> {
        let traces: Vec<Trace> = self.data(&format!("/api/traces/{trace_id}")).await?;
        let trace = traces.into_iter().next().ok_or_else(|| format!("the viewer has no trace {trace_id}"))?;
        let found: Analysis = self.data(&format!("/api/viewer/traces/{trace_id}/analysis")).await?;
        Ok(Analysed { trace, critical_path: found.critical_path })
    }

    async fn data<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let failed = |error: reqwest::Error| format!("{path}: {error}");
        let mut answer = self.client.get(format!("{}{path}", self.viewer)).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("{path}: more than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        let envelope: Envelope<T> =
            serde_json::from_slice(&body).map_err(|error| format!("{path}: {error}"))?;
        envelope.data.ok_or_else(|| format!("{path}: status {}", answer.status()))
    }
}

impl Trace {
    pub(super) fn service(&self, span: &Span) -> &str {
        self.processes.get(&span.process_id).map(|it| it.service_name.as_str()).unwrap_or_default()
    }
}

impl Span {
    /// A tag of text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).and_then(|tag| tag.value.as_str())
    }
}
