//! Client and server spans with one id, as Zipkin's senders make them, are told apart.
//!
//! The server's span is given an unused id and becomes the child of the client's; what was below
//! the shared id moves below the server's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tracer_core::{SpanId, SpanKind};

use crate::store::span::StoredSpan;

/// The ids that a span is shown with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShownIds {
    pub(crate) span_id: SpanId,
    pub(crate) parent_span_id: SpanId,
}

/// Shared ids of one trace, each with the new id of its server span.
#[derive(Debug, Default)]
pub(crate) struct SharedIds(HashMap<SpanId, SpanId>);

impl SharedIds {
    pub(crate) fn of(spans: &[Arc<StoredSpan>]) -> Self {
        let of_kind = |kind| move |span: &&Arc<StoredSpan>| span.kind == Some(kind);
        let clients: HashSet<_> = spans.iter().filter(of_kind(SpanKind::Client)).map(|s| s.span_id).collect();
        let servers = spans.iter().filter(of_kind(SpanKind::Server));
        let mut shared: Vec<_> = servers.map(|s| s.span_id).filter(|id| clients.contains(id)).collect();
        if shared.is_empty() {
            return Self::default();
        }
        shared.sort_unstable();
        shared.dedup();
        let used: HashSet<_> = spans.iter().map(|span| span.span_id).collect();
        let unused = (1_u64..).map(|id| SpanId::from_bytes(id.to_be_bytes())).filter(|id| !used.contains(id));
        Self(shared.into_iter().zip(unused).collect())
    }

    /// The ids to show a span with.
    pub(crate) fn resolve(&self, span: &StoredSpan) -> ShownIds {
        let as_they_are = ShownIds { span_id: span.span_id, parent_span_id: span.parent_span_id };
        if self.0.is_empty() {
            return as_they_are;
        }
        match self.0.get(&span.span_id) {
            Some(new_id) if span.kind == Some(SpanKind::Server) => {
                ShownIds { span_id: *new_id, parent_span_id: span.span_id }
            }
            _ => {
                let parent = self.0.get(&span.parent_span_id).copied();
                ShownIds { parent_span_id: parent.unwrap_or(span.parent_span_id), ..as_they_are }
            }
        }
    }
}
