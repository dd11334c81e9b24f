//! Cases of codecs, as data: a file has a codec's name and a list of cases, each with an operation,
//! its input, and the outcome that is expected.
//!
//! Shared by the tests and by the example `conformance`. A case that cannot be read fails.

mod b3;
mod composite;
mod grpc_bin;
mod jaeger;
#[cfg(feature = "http")]
mod mesh;
mod w3c;

use serde_json::{Value, json};
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::{Codec, Extracted, InjectError};

/// Headers as a message carries them: in order, with repeats.
type Headers = Vec<(String, Vec<u8>)>;

/// What came of a file.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) codec: String,
    pub(crate) cases: usize,
    pub(crate) failures: Vec<Failure>,
}

/// A case whose outcome is another one than expected.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) id: String,
    pub(crate) expected: Value,
    pub(crate) actual: Value,
}

/// Runs all cases of a file.
///
/// # Errors
/// What is wrong with the file, if it is none of cases.
pub(crate) fn run(file: &str) -> Result<Report, String> {
    let file: Value = serde_json::from_str(file).map_err(|error| error.to_string())?;
    let codec = file["codec"].as_str().ok_or("no codec is named")?;
    let cases = file["cases"].as_array().ok_or("there is no list of cases")?;
    let outcome = outcome_of(codec).ok_or_else(|| format!("unknown codec {codec:?}"))?;
    let failures = cases.iter().filter_map(|case| failure(case, outcome)).collect();
    Ok(Report { codec: codec.to_owned(), cases: cases.len(), failures })
}

/// What a codec makes of an operation's input; `None` if that cannot be read.
type Outcome = fn(operation: &str, input: &Value) -> Option<Value>;

fn outcome_of(codec: &str) -> Option<Outcome> {
    Some(match codec {
        "w3c-trace-context" => w3c::trace_context,
        "w3c-baggage" => w3c::baggage,
        "b3" => b3::b3,
        "grpc-trace-bin" => grpc_bin::grpc_bin,
        "composite" => composite::composite,
        #[cfg(feature = "http")]
        "mesh-headers" => mesh::mesh,
        "jaeger" => jaeger::jaeger,
        _ => return None,
    })
}

fn failure(case: &Value, outcome: Outcome) -> Option<Failure> {
    let mut expected = case["expect"].clone();
    if let Some(members) = expected.as_object_mut() {
        members.remove("equivalent");
    }
    sort_headers(&mut expected);
    let operation = case["op"].as_str().unwrap_or_default();
    let mut actual = outcome(operation, &case["in"]).unwrap_or_else(|| json!("the case cannot be read"));
    sort_headers(&mut actual);
    let id = case["id"].as_str().unwrap_or("without an id").to_owned();
    (actual != expected).then_some(Failure { id, expected, actual })
}

/// Headers are compared as sets, names in any case.
fn sort_headers(outcome: &mut Value) {
    let Some(headers) = outcome.get_mut("headers").and_then(Value::as_array_mut) else { return };
    for name in headers.iter_mut().filter_map(|header| header.get_mut(0)) {
        *name = json!(name.as_str().unwrap_or_default().to_ascii_lowercase());
    }
    headers.sort_by_key(Value::to_string);
}

/// In the order of the wire, names as they are written there.
fn headers(input: &Value) -> Option<Headers> {
    let header = |pair: &Value| Some((text(&pair[0])?.to_owned(), text(&pair[1])?.as_bytes().to_vec()));
    input["headers"].as_array()?.iter().map(header).collect()
}

fn injected(codec: &dyn Codec, context: &SpanContext) -> Value {
    written(codec, |carrier| codec.inject(context, carrier))
}

fn forwarded(codec: &dyn Codec, extracted: &Extracted) -> Value {
    written(codec, |carrier| codec.forward(extracted, carrier))
}

fn written(codec: &dyn Codec, write: impl FnOnce(&mut Headers) -> Result<(), InjectError>) -> Value {
    // Stale headers that must not survive.
    let fields = codec.fields().iter().map(|field| field.name().to_uppercase());
    let prefixed = codec.prefixes().iter().map(|prefix| format!("{prefix}stale"));
    let mut carrier: Headers = fields.chain(prefixed).map(|name| (name, b"stale=1".to_vec())).collect();
    // A vector may hold more than can be sent; what is sent is compared.
    let _ = write(&mut carrier);
    json!({ "headers": listed(&carrier) })
}

fn listed(headers: &Headers) -> Vec<Value> {
    headers.iter().map(|(name, value)| json!([name, String::from_utf8_lossy(value)])).collect()
}

/// A context of the ids in the input.
fn context(input: &Value, flags: TraceFlags) -> Option<SpanContext> {
    let trace_id = TraceId::from_hex(text(&input["trace_id"])?.as_bytes())?;
    let context = SpanContext::new(trace_id, span_id(&input["span_id"])?, flags);
    Some(match &input["parent_span_id"] {
        Value::Null => context,
        parent_id => context.with_parent_id(span_id(parent_id)?),
    })
}

fn span_id(value: &Value) -> Option<SpanId> {
    SpanId::from_hex(text(value)?.as_bytes())
}

/// The parent's id of a context, or null.
fn parent_id(context: &SpanContext) -> Option<String> {
    Some(context.parent_id()).filter(|id| id.is_valid()).map(|id| id.to_string())
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}
