//! Every case of `vectors/*.json`: what a codec reads and writes, by the specifications' rules.
//!
//! All cases of a file run before it fails, so that one run shows all that is wrong.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use serde_json::{Value, json};
use tracer_core::{Baggage, BaggageProperty, SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use tracer_propagation::{Codec, Extracted, TraceContext, W3cBaggage};

/// Headers as a message carries them: in order, with repeats.
type Headers = Vec<(String, Vec<u8>)>;

#[test]
fn trace_context() {
    run(include_str!("vectors/trace-context.json"), 183, |op, input| match op {
        "extract" => extracted_context(&headers(input)),
        "inject" => injected(&TraceContext, &context(&input["context"])),
        "forward" => forwarded_context(input),
        "tracestate" => json!({ "tracestate": changed_tracestate(input) }),
        _ => json!({ "unknown op": op }),
    });
}

#[test]
fn baggage() {
    run(include_str!("vectors/baggage.json"), 97, |op, input| match op {
        "extract" => extracted_baggage(&headers(input)),
        "inject" => injected(&W3cBaggage, &SpanContext::from_baggage(entries(&input["entries"]))),
        "forward" => {
            let extracted = W3cBaggage.extract(&headers(input)).unwrap();
            injected(&W3cBaggage, &extracted.parent().unwrap_or_default())
        }
        _ => json!({ "unknown op": op }),
    });
}

fn run(file: &str, count: usize, outcome: impl Fn(&str, &Value) -> Value) {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), count, "cases in the file");
    let failures: Vec<_> = cases.iter().filter_map(|case| failure(case, &outcome)).collect();
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
}

fn failure(case: &Value, outcome: impl Fn(&str, &Value) -> Value) -> Option<String> {
    let mut expected = case["expect"].clone();
    expected.as_object_mut()?.remove("equivalent");
    let actual = outcome(case["op"].as_str()?, &case["in"]);
    let (id, why) = (&case["id"], &case["why"]);
    (actual != expected).then(|| format!("{id} {why}\n  expected {expected}\n  actual   {actual}"))
}

/// In the order of the wire, names as they are written there.
fn headers(input: &Value) -> Headers {
    let pairs = input["headers"].as_array().unwrap().iter();
    pairs.map(|pair| (text(&pair[0]).to_owned(), text(&pair[1]).as_bytes().to_vec())).collect()
}

fn injected(codec: &dyn Codec, context: &SpanContext) -> Value {
    // Stale headers that must not survive.
    let mut carrier: Headers =
        codec.fields().iter().map(|field| (field.name().to_uppercase(), b"stale=1".to_vec())).collect();
    // A vector may hold more than can be sent; what is sent is compared.
    let _ = codec.inject(context, &mut carrier);
    let mut list: Vec<_> = carrier
        .iter()
        .map(|(name, value)| json!([name, String::from_utf8(value.clone()).unwrap()]))
        .collect();
    list.sort_by_key(Value::to_string);
    json!({ "headers": list })
}

fn extracted_context(carrier: &Headers) -> Value {
    let Ok(Extracted { context, .. }) = TraceContext.extract(carrier) else {
        return json!({ "result": "invalid" });
    };
    let Some(context) = context else {
        return json!({ "result": "none" });
    };
    assert!(context.is_remote());
    let members: Vec<_> = context.trace_state().into_iter().flat_map(TraceState::iter).collect();
    json!({
        "result": "context",
        "trace_id": context.trace_id().to_string(),
        "span_id": context.span_id().to_string(),
        "sampled": context.is_sampled(),
        "random": context.flags().contains(TraceFlags::RANDOM),
        "tracestate": members,
    })
}

fn forwarded_context(input: &Value) -> Value {
    let incoming = TraceContext.extract(&headers(input)).unwrap().context.unwrap();
    let span_id = SpanId::from_hex(text(&input["new_span_id"]).as_bytes()).unwrap();
    let state = incoming.trace_state().cloned().unwrap_or_default();
    let outgoing = SpanContext::new(incoming.trace_id(), span_id, incoming.flags()).with_trace_state(state);
    injected(&TraceContext, &outgoing)
}

fn changed_tracestate(input: &Value) -> String {
    let mut state = TraceState::default();
    for member in text(&input["tracestate"]).split(',').filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=').unwrap();
        state.push(key, value).unwrap();
    }
    for op in input["ops"].as_array().unwrap() {
        match text(&op[0]) {
            // A refused pair leaves the list as it was.
            "set" => drop(state.insert(text(&op[1]), text(&op[2]))),
            "delete" => state.remove(text(&op[1])),
            "truncate" => state.truncate(usize::try_from(op[1].as_u64().unwrap()).unwrap()),
            other => panic!("unknown operation {other}"),
        }
    }
    state.to_string()
}

fn context(input: &Value) -> SpanContext {
    let flags = u8::from_str_radix(text(&input["flags"]), 16).unwrap();
    let mut state = TraceState::default();
    for member in input["tracestate"].as_array().unwrap() {
        state.push(text(&member[0]), text(&member[1])).unwrap();
    }
    SpanContext::new(
        TraceId::from_hex(text(&input["trace_id"]).as_bytes()).unwrap(),
        SpanId::from_hex(text(&input["span_id"]).as_bytes()).unwrap(),
        TraceFlags::from_w3c(flags),
    )
    .with_trace_state(state)
}

fn extracted_baggage(carrier: &Headers) -> Value {
    if !carrier.iter().any(|(name, _)| name.eq_ignore_ascii_case("baggage")) {
        assert_eq!(W3cBaggage.extract(carrier), Ok(Extracted::default()));
        return json!({ "result": "none" });
    }
    let extracted = W3cBaggage.extract(carrier).unwrap_or_else(Extracted::from);
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

fn entries(list: &Value) -> Baggage {
    list.as_array().unwrap().iter().fold(Baggage::new(), |baggage, entry| {
        let properties = entry["properties"].as_array().unwrap().iter();
        let properties = properties
            .map(|pair| BaggageProperty {
                key: text(&pair[0]).into(),
                value: pair[1].as_str().map(Into::into),
            })
            .collect();
        baggage.with_item_and_properties(text(&entry["key"]), text(&entry["value"]), properties)
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
