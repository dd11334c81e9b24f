//! Jaeger's format.

use serde_json::{Map, Value, json};
use tracer_core::{SpanContext, TraceFlags};
use tracer_propagation::{Codec, Extracted, Jaeger};

use super::{Headers, headers, injected, parent_id, text};

pub(super) fn jaeger(operation: &str, input: &Value) -> Option<Value> {
    match operation {
        "extract" => Some(extracted(&headers(input)?)),
        "inject" => Some(injected(&Jaeger, &context(&input["context"])?)),
        _ => None,
    }
}

fn extracted(carrier: &Headers) -> Value {
    let Ok(extracted) = Jaeger.extract(carrier) else {
        return json!({ "result": "invalid" });
    };
    if extracted.is_empty() {
        return json!({ "result": "none" });
    }
    let Extracted { context, debug_id, baggage, .. } = extracted;
    let baggage: Map<_, _> = baggage.iter().map(|item| (item.key.to_owned(), json!(item.value))).collect();
    let mut outcome = match context {
        None => json!({ "result": "no-trace", "baggage": baggage }),
        Some(context) => json!({
            "result": if context.is_remote() { "context" } else { "a context that is not remote" },
            "trace_id": context.trace_id().to_string(),
            "span_id": context.span_id().to_string(),
            "parent_span_id": parent_id(&context),
            "sampled": context.is_sampled(),
            "debug": context.flags().contains(TraceFlags::DEBUG),
            "firehose": context.flags().contains(TraceFlags::FIREHOSE),
            "baggage": baggage,
        }),
    };
    if let Some(debug_id) = debug_id {
        outcome["debug_id"] = json!(debug_id);
    }
    outcome
}

fn context(input: &Value) -> Option<SpanContext> {
    let bits = input["flags"].as_u64()?;
    let flags = [(1, TraceFlags::SAMPLED), (2, TraceFlags::DEBUG), (8, TraceFlags::FIREHOSE)];
    let set = flags.iter().filter(|(bit, _)| bits & bit != 0);
    let flags = set.fold(TraceFlags::NONE, |flags, (_, flag)| flags.with(*flag));
    let context = super::context(input, flags)?;
    let mut items = input["baggage"].as_object()?.iter();
    items.try_fold(context, |context, (key, value)| Some(context.with_baggage_item(key, text(value)?)))
}
