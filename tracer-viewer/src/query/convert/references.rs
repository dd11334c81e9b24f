//! What a span refers to: its parent first, then its links.

use tracer_core::SpanId;
use tracer_core::row::record::{LinkRecord, SpanRecord, Value};

use super::super::json::{RefType, Reference};
use super::super::trace_id;

/// The references of a span that is shown with that parent, and warnings of those left out.
///
/// A link is `FOLLOWS_FROM` unless its attribute `opentracing.ref_type` says `child_of`. A link to
/// the parent itself says what kind of parent that is.
pub(super) fn of(record: &SpanRecord, parent_span_id: SpanId) -> (Vec<Reference>, Vec<String>) {
    let mut references = Vec::with_capacity(record.links.len() + 1);
    let mut warnings = Vec::new();
    let has_parent = parent_span_id.is_valid();
    if has_parent {
        references.push(Reference {
            ref_type: RefType::ChildOf,
            trace_id: trace_id::text(record.trace_id),
            span_id: parent_span_id.to_string(),
        });
    }
    for link in &record.links {
        let is_parent = has_parent && link.trace_id == record.trace_id && link.span_id == parent_span_id;
        match references.first_mut() {
            Some(parent) if is_parent => parent.ref_type = ref_type(link),
            _ if !link.trace_id.is_valid() => {
                warnings.push(format!("reference without a trace id left out: span {}", link.span_id));
            }
            _ => references.push(reference(link)),
        }
    }
    put_parent_first(&mut references, &trace_id::text(record.trace_id));
    (references, warnings)
}

/// Readers take the first reference within the trace for the parent, `CHILD_OF` before others.
fn put_parent_first(references: &mut [Reference], trace_id: &str) {
    let within = |reference: &Reference| reference.trace_id == trace_id;
    let child_of = |reference: &Reference| within(reference) && reference.ref_type == RefType::ChildOf;
    let parent = references.iter().position(child_of).or_else(|| references.iter().position(within));
    if let Some(parent) = parent {
        references.swap(0, parent);
    }
}

fn reference(link: &LinkRecord) -> Reference {
    Reference {
        ref_type: ref_type(link),
        trace_id: trace_id::text(link.trace_id),
        span_id: link.span_id.to_string(),
    }
}

fn ref_type(link: &LinkRecord) -> RefType {
    let named = link.attributes.iter().find(|(key, _)| key == "opentracing.ref_type");
    match named {
        Some((_, Value::Str(name))) if name == "child_of" => RefType::ChildOf,
        _ => RefType::FollowsFrom,
    }
}
