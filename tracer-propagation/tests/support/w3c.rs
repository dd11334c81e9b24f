//! W3C Trace Context and Baggage.

use serde_json::{Value, json};
use tracer_core::{Baggage, BaggageProperty, SpanContext, TraceFlags, TraceState};
use tracer_propagation::{Codec, Extracted, TraceContext, W3cBaggage};

use super::{Headers, headers, injected, span_id, text};

pub(super) fn trace_context(operation: &str, input: &Value) -> Option<Value> {
    match operation {
        "extract" => Some(extracted_context(&headers(input)?)),
        "inject" => Some(injected(&TraceContext, &context(&input["context"])?)),
        "forward" => forwarded_context(input),
        "tracestate" => Some(json!({ "tracestate": changed_tracestate(input)? })),
        _ => None,
    }
}

pub(super) fn baggage(operation: &str, input: &Value) -> Option<Value> {
    match operation {
        "extract" => Some(extracted_baggage(&headers(input)?)),
        "inject" => Some(injected(&W3cBaggage, &SpanContext::from_baggage(entries(&input["entries"])?))),
        "forward" => {
            let extracted = W3cBaggage.extract(&headers(input)?).unwrap_or_else(Extracted::from);
            Some(injected(&W3cBaggage, &extracted.parent().unwrap_or_default()))
        }
        _ => None,
    }
}

fn extracted_context(carrier: &Headers) -> Value {
    let context = match TraceContext.extract(carrier) {
        Err(_) => return json!({ "result": "invalid" }),
        Ok(Extracted { context: None, .. }) => return json!({ "result": "none" }),
        Ok(Extracted { context: Some(context), .. }) => context,
    };
    let members: Vec<_> = context.trace_state().into_iter().flat_map(TraceState::iter).collect();
    json!({
        "result": if context.is_remote() { "context" } else { "a context that is not remote" },
        "trace_id": context.trace_id().to_string(),
        "span_id": context.span_id().to_string(),
        "sampled": context.is_sampled(),
        "random": context.flags().contains(TraceFlags::RANDOM),
        "tracestate": members,
    })
}

fn forwarded_context(input: &Value) -> Option<Value> {
    let incoming = TraceContext.extract(&headers(input)?).ok()?.context?;
    let state = incoming.trace_state().cloned().unwrap_or_default();
    let outgoing = SpanContext::new(incoming.trace_id(), span_id(&input["new_span_id"])?, incoming.flags());
    Some(injected(&TraceContext, &outgoing.with_trace_state(state)))
}

fn changed_tracestate(input: &Value) -> Option<String> {
    let mut state = TraceState::parse(text(&input["tracestate"])?.as_bytes()).ok()?;
    for change in input["ops"].as_array()? {
        match text(&change[0])? {
            // A refused pair leaves the list as it was.
            "set" => drop(state.insert(text(&change[1])?, text(&change[2])?)),
            "delete" => state.remove(text(&change[1])?),
            "truncate" => state.truncate(usize::try_from(change[1].as_u64()?).ok()?),
            _ => return None,
        }
    }
    Some(state.to_string())
}

fn context(input: &Value) -> Option<SpanContext> {
    let flags = u8::from_str_radix(text(&input["flags"])?, 16).ok()?;
    let mut state = TraceState::default();
    for member in input["tracestate"].as_array()? {
        state.push(text(&member[0])?, text(&member[1])?).ok()?;
    }
    Some(super::context(input, TraceFlags::from_w3c(flags))?.with_trace_state(state))
}

fn extracted_baggage(carrier: &Headers) -> Value {
    let extracted = W3cBaggage.extract(carrier);
    if !carrier.iter().any(|(name, _)| name.eq_ignore_ascii_case("baggage")) {
        let result = if extracted == Ok(Extracted::default()) { "none" } else { "something" };
        return json!({ "result": result });
    }
    let extracted = extracted.unwrap_or_else(Extracted::from);
    let mut entries: Vec<_> = extracted
        .baggage
        .iter()
        .map(|item| {
            let properties: Vec<_> = item.properties.iter().map(|p| json!([p.key, p.value])).collect();
            json!({ "key": item.key, "value": item.value, "properties": properties })
        })
        .collect();
    entries.reverse();
    json!({ "result": "baggage", "entries": entries })
}

fn entries(list: &Value) -> Option<Baggage> {
    list.as_array()?.iter().try_fold(Baggage::new(), |baggage, entry| {
        let property = |pair: &Value| {
            Some(BaggageProperty { key: text(&pair[0])?.into(), value: pair[1].as_str().map(Into::into) })
        };
        let properties = entry["properties"].as_array()?.iter().map(property).collect::<Option<_>>()?;
        Some(baggage.with_item_and_properties(text(&entry["key"])?, text(&entry["value"])?, properties))
    })
}
