//! `grpc-trace-bin`, as a header and as bytes.

use serde_json::{Value, json};
use tracer_core::{SpanContext, TraceFlags};
use tracer_propagation::{Codec, ExtractError, GrpcTraceBin};

use super::{context, headers, injected, text};

pub(super) fn grpc_bin(operation: &str, input: &Value) -> Option<Value> {
    match operation {
        "extract" => extracted(input),
        "inject" => {
            let is_sampled = input["context"]["sampled"].as_bool()?;
            let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NONE };
            let context = context(&input["context"], flags)?;
            let mut outcome = injected(&GrpcTraceBin, &context);
            let bytes = GrpcTraceBin::to_bytes(&context);
            let digits = bytes.iter().flatten().map(|byte| format!("{byte:02x}"));
            outcome["bytes_hex"] = json!(digits.collect::<String>());
            Some(outcome)
        }
        _ => None,
    }
}

/// By the header, and by the bytes if there are any: they must say the same.
fn extracted(input: &Value) -> Option<Value> {
    let from_header = GrpcTraceBin.extract(&headers(input)?).map(|extracted| extracted.context);
    let outcome = outcome(from_header);
    if let Some(bytes) = input.get("bytes_hex") {
        let from_bytes = self::outcome(
            GrpcTraceBin::from_bytes(&bytes_of(text(bytes)?)?).map(Some).map_err(ExtractError::from),
        );
        if from_bytes != outcome {
            return Some(json!({ "header": outcome, "bytes": from_bytes }));
        }
    }
    Some(outcome)
}

fn outcome(extracted: Result<Option<SpanContext>, ExtractError>) -> Value {
    match extracted {
        Err(_) => json!({ "result": "invalid" }),
        Ok(None) => json!({ "result": "none" }),
        Ok(Some(context)) => json!({
            "result": if context.is_remote() { "context" } else { "a context that is not remote" },
            "trace_id": context.trace_id().to_string(),
            "span_id": context.span_id().to_string(),
            "sampled": context.is_sampled(),
        }),
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
