//! What Jaeger is to see of a span, written down apart from the encoders, and the readers that say
//! what it does see: Apache's Thrift, prost, `serde_json`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tracer_core::row::record::{EventRecord, SpanRecord, Value};
use tracer_core::{SpanKind, StatusCode};

/// A span in Jaeger's terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    pub(crate) name: String,
    /// Whether it is `FOLLOWS_FROM`, trace, span. The parent stands first.
    pub(crate) references: Vec<(bool, u128, u64)>,
    pub(crate) flags: u32,
    pub(crate) start_us: u64,
    pub(crate) duration_us: u64,
    pub(crate) tags: Vec<(String, Tag)>,
    pub(crate) logs: Vec<(u64, Vec<(String, Tag)>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tag {
    Str(String),
    Bool(bool),
    I64(i64),
    /// By its bits, so that each zero and NaN equals itself.
    F64(u64),
    Bytes(Vec<u8>),
}

pub(crate) fn text(text: &str) -> Tag {
    Tag::Str(text.into())
}

/// What is to be seen of a span of the scope `lib` 1.2.
pub(crate) fn expected(span: &SpanRecord) -> Seen {
    Seen {
        trace_id: u128::from_be_bytes(span.trace_id.to_bytes()),
        span_id: u64::from_be_bytes(span.span_id.to_bytes()),
        name: span.name.clone(),
        references: references(span),
        flags: span.flags & 1,
        start_us: span.start_unix_ns / 1000,
        duration_us: (span.end_unix_ns - span.start_unix_ns) / 1000,
        tags: tags(span),
        logs: span.events.iter().map(log).collect(),
    }
}

fn tags(span: &SpanRecord) -> Vec<(String, Tag)> {
    let mut tags = vec![("otel.scope.name".into(), text("lib")), ("otel.scope.version".into(), text("1.2"))];
    tags.extend(span.attributes.iter().map(pair));
    let kind = match span.kind {
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    };
    tags.push(("span.kind".into(), text(kind)));
    match span.status {
        StatusCode::Unset => {}
        StatusCode::Ok => tags.push(("otel.status_code".into(), text("OK"))),
        StatusCode::Error => tags.push(("otel.status_code".into(), text("ERROR"))),
    }
    if !span.status_message.is_empty() {
        tags.push(("otel.status_description".into(), text(&span.status_message)));
    }
    if !span.trace_state.is_empty() {
        tags.push(("w3c.tracestate".into(), text(&span.trace_state)));
    }
    if span.status == StatusCode::Error {
        tags.push(("error".into(), Tag::Bool(true)));
    }
    let dropped = [
        ("otel.dropped_attributes_count", span.dropped_attributes),
        ("otel.dropped_events_count", span.dropped_events),
        ("otel.dropped_links_count", span.dropped_links),
    ];
    for (key, count) in dropped {
        if count > 0 {
            tags.push((key.into(), Tag::I64(count.into())));
        }
    }
    tags
}

fn log(event: &EventRecord) -> (u64, Vec<(String, Tag)>) {
    let name = (!event.name.is_empty()).then(|| ("event".to_owned(), text(&event.name)));
    (event.time_unix_ns / 1000, name.into_iter().chain(event.attributes.iter().map(pair)).collect())
}

fn references(span: &SpanRecord) -> Vec<(bool, u128, u64)> {
    let trace_id = u128::from_be_bytes(span.trace_id.to_bytes());
    let parent = u64::from_be_bytes(span.parent_span_id.to_bytes());
    let links = span.links.iter().map(|link| {
        let of_parent = ("opentracing.ref_type".to_owned(), Value::Str("child_of".into()));
        let follows_from = !link.attributes.contains(&of_parent);
        let (trace_id, span_id) = (link.trace_id.to_bytes(), link.span_id.to_bytes());
        (follows_from, u128::from_be_bytes(trace_id), u64::from_be_bytes(span_id))
    });
    let links: Vec<_> = links.collect();
    let Some(of_parent) = (parent != 0).then_some((trace_id, parent)) else {
        return links;
    };
    let said = links.iter().rfind(|(_, trace, span)| (*trace, *span) == of_parent);
    let first = (said.is_some_and(|(follows_from, ..)| *follows_from), trace_id, parent);
    let others = links.iter().copied().filter(|(_, trace, span)| (*trace, *span) != of_parent);
    std::iter::once(first).chain(others).collect()
}

fn pair((key, value): &(String, Value)) -> (String, Tag) {
    let tag = match value {
        Value::Str(value) => text(value),
        Value::Bool(value) => Tag::Bool(*value),
        Value::I64(value) => Tag::I64(*value),
        Value::F64(value) => Tag::F64(value.to_bits()),
        Value::Bytes(value) => Tag::Bytes(value.clone()),
        other => Tag::Str(json(other).to_string()),
    };
    (key.clone(), tag)
}

/// An array of a tag as JSON.
pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Str(value) => value.as_str().into(),
        Value::Bool(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        Value::F64(value) if value.is_finite() => (*value).into(),
        Value::F64(value) if *value > 0.0 => "Infinity".into(),
        Value::F64(_) => "-Infinity".into(),
        Value::Bytes(value) => BASE64_STANDARD.encode(value).into(),
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        _ => serde_json::Value::Null,
    }
}

/// The same with the texts of arrays as `serde_json` writes them.
pub(crate) fn normalized(mut seen: Seen) -> Seen {
    let normalize = |(_, tag): &mut (String, Tag)| {
        let Tag::Str(text) = tag else { return };
        if let Ok(array @ serde_json::Value::Array(_)) = serde_json::from_str(text) {
            *text = array.to_string();
        }
    };
    seen.tags.iter_mut().for_each(normalize);
    seen.logs.iter_mut().flat_map(|(_, fields)| fields).for_each(normalize);
    seen
}
