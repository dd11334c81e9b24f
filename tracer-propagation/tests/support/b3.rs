//! B3.

use serde_json::{Value, json};
use tracer_core::{SpanContext, TraceFlags};
use tracer_propagation::{B3, Codec, Extracted, SamplingDecision};

use super::{Headers, context, forwarded, headers, injected, parent_id, span_id, text};

pub(super) fn b3(operation: &str, input: &Value) -> Option<Value> {
    match operation {
        "extract" => Some(extracted(&headers(input)?)),
        "inject" => written(codec(&input["options"])?, &input["context"]),
        "forward" => {
            let mut extracted = B3::single().extract(&headers(input)?).ok()?;
            if let Some(incoming) = extracted.context {
                let span_id = span_id(&input["new_span_id"])?;
                extracted.context = Some(SpanContext::new(incoming.trace_id(), span_id, incoming.flags()));
            }
            Some(forwarded(&codec(&input["options"])?, &extracted))
        }
        _ => None,
    }
}

fn extracted(carrier: &Headers) -> Value {
    let Ok(Extracted { context, decision, .. }) = B3::single().extract(carrier) else {
        return json!({ "result": "invalid" });
    };
    let sampling = match decision {
        None => "defer",
        Some(SamplingDecision::Accept) => "accept",
        Some(SamplingDecision::Deny) => "deny",
        Some(SamplingDecision::Debug) => "debug",
        Some(_) => "unknown",
    };
    let Some(context) = context else {
        return match decision {
            None => json!({ "result": "none" }),
            Some(_) => json!({ "result": "sampling-only", "sampling": sampling }),
        };
    };
    let mut outcome = json!({
        "result": if context.is_remote() { "context" } else { "a context that is not remote" },
        "trace_id": context.trace_id().to_string(),
        "span_id": context.span_id().to_string(),
        "parent_span_id": parent_id(&context),
        "sampling": sampling,
    });
    if decision.is_some() {
        outcome["sampled"] = json!(context.is_sampled());
    }
    outcome
}

/// A context with ids is a span's; a decision alone can only be passed on.
fn written(codec: B3, input: &Value) -> Option<Value> {
    let (decision, flags) = match text(&input["sampling"])? {
        "defer" => (None, TraceFlags::DEFERRED),
        "accept" => (Some(SamplingDecision::Accept), TraceFlags::SAMPLED),
        "deny" => (Some(SamplingDecision::Deny), TraceFlags::NONE),
        "debug" => (Some(SamplingDecision::Debug), TraceFlags::SAMPLED.with(TraceFlags::DEBUG)),
        _ => return None,
    };
    let context = context(input, flags)?;
    if context.is_valid() {
        return Some(injected(&codec, &context));
    }
    let mut extracted = Extracted::default();
    extracted.decision = decision;
    extracted.context = Some(context);
    Some(forwarded(&codec, &extracted))
}

fn codec(options: &Value) -> Option<B3> {
    let codec = match text(&options["format"])? {
        "single" => B3::single(),
        "multi" => B3::multi(),
        _ => return None,
    };
    Some(if options["parent"] == true { codec.with_parent_id() } else { codec })
}
