//! Spans of several senders as one OTLP request.

use std::collections::BTreeMap;

use tracer_core::row::wire::put_bytes;

/// Collects spans, each with the messages of its resource and scope.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// By resource and scope: the `Span` fields of a `ScopeSpans` message.
    spans: BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>,
}

impl Request {
    pub(super) fn add(&mut self, resource: Vec<u8>, scope: Vec<u8>, span: &[u8]) {
        put_bytes(self.spans.entry((resource, scope)).or_default(), 0x12, span);
    }

    /// The `ExportTraceServiceRequest`.
    pub(super) fn into_protobuf(self) -> Vec<u8> {
        let mut out = Vec::new();
        for ((resource, scope), spans) in self.spans {
            let mut scope_spans = Vec::with_capacity(scope.len() + spans.len() + 16);
            put_bytes(&mut scope_spans, 0x0a, &scope);
            scope_spans.extend_from_slice(&spans);
            let mut resource_spans = Vec::with_capacity(resource.len() + scope_spans.len() + 16);
            put_bytes(&mut resource_spans, 0x0a, &resource);
            put_bytes(&mut resource_spans, 0x12, &scope_spans);
            put_bytes(&mut out, 0x0a, &resource_spans);
        }
        out
    }
}
