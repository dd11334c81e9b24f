//! A span as all of Jaeger's models have it: references, tags and logs.
//!
//! For the encoders that are not on the fast path: they read rows as
//! [`SpanRecord`]s, and this says in which order, and under which names, everything comes.

use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::{Scope, SpanId, TraceId};

use super::{names, scope_version};

/// A tag or a log's field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tag<'a> {
    Str(&'a str, &'a str),
    Bool(&'a str, bool),
    Count(&'a str, u32),
    Value(&'a str, &'a Value),
}

/// A reference to another span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) follows_from: bool,
}

/// All tags of a span: the scope's, its own, and what there is no other field for.
pub(super) fn tags<'a>(span: &'a SpanRecord, scope: &'a Scope) -> impl Iterator<Item = Tag<'a>> {
    let scope_tags =
        [Tag::Str(names::SCOPE_NAME, scope.name()), Tag::Str(names::SCOPE_VERSION, scope_version(scope))];
    let own = span.attributes.iter().map(|(key, value)| Tag::Value(key, value));
    let status = names::status(span.status);
    let texts = [
        Tag::Str(names::SPAN_KIND, span.kind.as_str()),
        Tag::Str(names::STATUS_CODE, status),
        Tag::Str(names::STATUS_DESCRIPTION, &span.status_message),
        Tag::Str(names::TRACE_STATE, &span.trace_state),
    ];
    let has_error_tag = span.attribute(names::ERROR).is_some();
    let error = (status == "ERROR" && !has_error_tag).then_some(Tag::Bool(names::ERROR, true));
    let counts = [
        Tag::Count(names::DROPPED_ATTRIBUTES, span.dropped_attributes),
        Tag::Count(names::DROPPED_EVENTS, span.dropped_events),
        Tag::Count(names::DROPPED_LINKS, span.dropped_links),
    ];
    let said = |tag: &Tag<'_>| !matches!(tag, Tag::Str(_, "") | Tag::Count(_, 0));
    let scope_tags = scope_tags.into_iter().filter(said);
    let last = texts.into_iter().chain(error).chain(counts).filter(said);
    scope_tags.chain(own).chain(last)
}

/// The fields of a log: its name as `event`, unless it has such a field, and its own.
pub(super) fn fields(event: &EventRecord) -> impl Iterator<Item = Tag<'_>> {
    let has_event = event.attributes.iter().any(|(key, _)| key == names::EVENT);
    let name = (!event.name.is_empty() && !has_event).then_some(Tag::Str(names::EVENT, &event.name));
    name.into_iter().chain(event.attributes.iter().map(|(key, value)| Tag::Value(key, value)))
}

/// All references, the parent's first. A link to the parent says what kind of reference that is.
pub(super) fn references(span: &SpanRecord) -> Vec<Reference> {
    let parent = Reference { trace_id: span.trace_id, span_id: span.parent_span_id, follows_from: false };
    let mut references = Vec::with_capacity(1 + span.links.len());
    if span.parent_span_id.is_valid() {
        references.push(parent);
    }
    for link in &span.links {
        let reference = link_reference(link);
        match references.first_mut() {
            Some(first) if (reference.trace_id, reference.span_id) == (parent.trace_id, parent.span_id) => {
                first.follows_from = reference.follows_from;
            }
            _ => references.push(reference),
        }
    }
    references
}

fn link_reference(link: &LinkRecord) -> Reference {
    let is_child = link
        .attributes
        .iter()
        .any(|(key, value)| key == names::REF_TYPE && *value == Value::Str(names::CHILD_OF.into()));
    Reference { trace_id: link.trace_id, span_id: link.span_id, follows_from: !is_child }
}
