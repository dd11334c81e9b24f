//! A trace taken apart: each span with its role, its parent and its depth.

use std::collections::{BTreeMap, HashMap};

use super::role::Role;
use crate::jaeger_json::{Span, Trace};

/// A trace with what every check needs to know of it, worked out once.
#[derive(Debug)]
pub(super) struct Dissected<'a> {
    pub(super) trace: &'a Trace,
    pub(super) parts: Vec<Part<'a>>,
}

/// One span of a dissected trace.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) span: &'a Span,
    pub(super) service: &'a str,
    /// `None` for a span that a dispatch does not have.
    pub(super) role: Option<Role>,
    /// The span its first reference points at, if it is in the trace.
    pub(super) parent: Option<&'a Span>,
    /// Steps to a span without a parent; `None` on a cycle.
    pub(super) depth: Option<usize>,
}

impl<'a> Dissected<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let by_id: HashMap<&str, &Span> =
            trace.spans.iter().map(|span| (span.span_id.as_str(), span)).collect();
        let parts = trace
            .spans
            .iter()
            .map(|span| {
                let parent = parent_of(span, &by_id);
                Part {
                    span,
                    service: trace.service_of(span),
                    role: Role::of(span, parent),
                    parent,
                    depth: depth_of(span, &by_id),
                }
            })
            .collect();
        Self { trace, parts }
    }

    /// The spans of a role, in the order they started.
    pub(super) fn of(&self, role: Role) -> Vec<&'a Span> {
        let mut spans: Vec<&Span> =
            self.parts.iter().filter(|part| part.role == Some(role)).map(|part| part.span).collect();
        spans.sort_by_key(|span| (span.start_us, span.end_us()));
        spans
    }

    /// The first span of a role.
    ///
    /// # Errors
    /// A message that names the role, if the trace has none.
    pub(super) fn one(&self, role: Role) -> Result<&'a Span, String> {
        self.of(role).first().copied().ok_or_else(|| format!("no {role:?} span"))
    }

    /// The redis errors, as the count of spans tells them: each failed `GetDriver` is tried
    /// again, so what there is beyond ten was caused by an error.
    pub(super) fn redis_errors(&self) -> usize {
        self.of(Role::GetDriver).len().saturating_sub(Role::GetDriver.spec().count)
    }

    /// Calls from one service to another, counted as Jaeger counts them for its graph.
    pub(super) fn edges(&self) -> BTreeMap<(String, String), u64> {
        let mut edges = BTreeMap::new();
        for part in &self.parts {
            let Some(parent) = part.parent else { continue };
            let caller = self.trace.service_of(parent);
            if caller != part.service {
                *edges.entry((caller.to_owned(), part.service.to_owned())).or_insert(0) += 1;
            }
        }
        edges
    }
}

fn parent_of<'a>(span: &Span, by_id: &HashMap<&str, &'a Span>) -> Option<&'a Span> {
    let reference = span.references.first()?;
    by_id.get(reference.span_id.as_str()).copied()
}

fn depth_of(span: &Span, by_id: &HashMap<&str, &Span>) -> Option<usize> {
    let mut at = parent_of(span, by_id);
    for depth in 0..=by_id.len() {
        let Some(parent) = at else { return Some(depth) };
        at = parent_of(parent, by_id);
    }
    None
}
