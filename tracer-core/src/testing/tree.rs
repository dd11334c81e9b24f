//! A trace as text, for assertions and for people.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::FinishedSpan;
use crate::context::SpanId;
use crate::row::record::Value;
use crate::span::{SpanKind, StatusCode};

/// Draws spans as trees, roots in the order of their start:
///
/// ```text
/// GET /dispatch (server) http.response.status_code=200
///   · Found drivers count=10
/// ├─ GET /customer (client)
/// └─ FindNearest (client) [error: timeout] retries=3
/// ```
///
/// Name, kind if it is not internal, error, tags, logs. The service is named where the spans have
/// several; the sampler's two tags are left out. A span whose parent is not among them is drawn as
/// a root.
#[must_use]
pub fn tree(spans: &[FinishedSpan]) -> String {
    let ids: HashSet<_> = spans.iter().map(|span| span.span_id).collect();
    let mut children: HashMap<SpanId, Vec<&FinishedSpan>> = HashMap::new();
    let mut roots = Vec::new();
    for span in spans {
        match span.parent_span_id {
            parent if ids.contains(&parent) => children.entry(parent).or_default().push(span),
            _ => roots.push(span),
        }
    }
    let services: HashSet<_> = spans.iter().map(|span| &span.service).collect();
    let mut drawing = Drawing { text: String::new(), children, with_service: services.len() > 1 };
    roots.sort_by_key(|span| span.start_unix_ns);
    for root in roots {
        drawing.span(root, "", "");
    }
    drawing.text
}

struct Drawing<'a> {
    text: String,
    children: HashMap<SpanId, Vec<&'a FinishedSpan>>,
    with_service: bool,
}

impl Drawing<'_> {
    /// Draws a span behind `first`, and everything below it behind `rest`.
    fn span(&mut self, span: &FinishedSpan, first: &str, rest: &str) {
        self.text.push_str(first);
        self.headline(span);
        let mut children = self.children.remove(&span.span_id).unwrap_or_default();
        children.sort_by_key(|child| child.start_unix_ns);
        let bar = if children.is_empty() || first.is_empty() { "  " } else { "│ " };
        for event in &span.events {
            let _ = write!(self.text, "{rest}{bar}· {}", event.name);
            self.pairs(&event.attributes);
        }
        let last = children.len().saturating_sub(1);
        for (index, child) in children.into_iter().enumerate() {
            let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.span(child, &format!("{rest}{branch}"), &format!("{rest}{below}"));
        }
    }

    fn headline(&mut self, span: &FinishedSpan) {
        if self.with_service {
            let _ = write!(self.text, "{} :: ", span.service);
        }
        self.text.push_str(&span.name);
        if span.kind != SpanKind::Internal {
            let _ = write!(self.text, " ({})", span.kind.as_str());
        }
        match (span.status, span.status_message.as_str()) {
            (StatusCode::Error, "") => self.text.push_str(" [error]"),
            (StatusCode::Error, message) => drop(write!(self.text, " [error: {message}]")),
            _ => {}
        }
        self.pairs(&span.attributes);
    }

    fn pairs(&mut self, pairs: &[(String, Value)]) {
        for (key, value) in pairs.iter().filter(|(key, _)| !key.starts_with("sampler.")) {
            let _ = write!(self.text, " {key}={value}");
        }
        self.text.push('\n');
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Str(text) => f.write_str(text),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::I64(number) => write!(f, "{number}"),
            Self::F64(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Array(items) => write_list(f, "[", items, "]"),
            Self::Map(pairs) => {
                f.write_str("{")?;
                for (index, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_list(f: &mut std::fmt::Formatter<'_>, open: &str, items: &[Value], close: &str) -> std::fmt::Result {
    f.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        match item {
            Value::Str(text) => write!(f, "{text:?}")?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str(close)
}
