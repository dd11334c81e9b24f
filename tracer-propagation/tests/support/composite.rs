//! Several formats at once.

use serde_json::{Value, json};
use tracer_propagation::{B3, Codec, Composite, Jaeger, TraceContext};

use super::{headers, text};

pub(super) fn composite(operation: &str, input: &Value) -> Option<Value> {
    if operation != "extract" {
        return None;
    }
    let carrier = headers(input)?;
    let order = input["order"].as_array()?.iter().map(text).collect::<Option<Vec<_>>>()?;
    let composite = order.iter().try_fold(Composite::new(), |composite, name| {
        Some(match *name {
            "w3c" => composite.with(TraceContext),
            "b3" => composite.with(B3::single()),
            "jaeger" => composite.with(Jaeger),
            _ => return None,
        })
    })?;
    let Ok(extracted) = composite.extract(&carrier) else {
        return Some(json!({ "result": "invalid" }));
    };
    let Some(context) = extracted.context else {
        return Some(json!({ "result": if extracted.is_empty() { "none" } else { "no-trace" } }));
    };
    // The codec that won is the first in order that reads the very same context.
    let winner = order.iter().find(|name| {
        let alone = match **name {
            "w3c" => TraceContext.extract(&carrier),
            "b3" => B3::single().extract(&carrier),
            _ => Jaeger.extract(&carrier),
        };
        alone.is_ok_and(|alone| alone.context.as_ref() == Some(&context))
    });
    Some(json!({
        "result": "context",
        "codec": winner,
        "trace_id": context.trace_id().to_string(),
        "span_id": context.span_id().to_string(),
        "sampled": context.is_sampled(),
    }))
}
