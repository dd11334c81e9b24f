//! Jaeger's `SamplingStrategyResponse` in JSON, in all the forms that it has had.
//!
//! ```text
//! {"strategyType": 0 | 1 | "PROBABILISTIC" | "RATE_LIMITING",
//!  "probabilisticSampling": {"samplingRate": 0.5},
//!  "rateLimitingSampling": {"maxTracesPerSecond": 2},
//!  "operationSampling": {"defaultSamplingProbability": 0.001, "defaultLowerBoundTracesPerSecond": 0.1,
//!    "defaultUpperBoundTracesPerSecond": 10,
//!    "perOperationStrategies": [{"operation": "GET /", "probabilisticSampling": {"samplingRate": 0.5}}]}}
//! ```
//!
//! Thrift's writers say `null` for what is not there, and numbers for `strategyType`; protobuf's leave it out.
//! Which part is there says more than `strategyType` (the comment in `sampling.proto`), which is asked only
//! between two. Fields that are unknown are ignored.

use serde_json::{Map, Value};
use tracer_core::sampler::{OperationStrategies, Strategy};

/// Reads an answer, or says what is wrong with it.
pub(crate) fn read(answer: &[u8]) -> Result<Strategy, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| format!("not JSON: {error}"))?;
    let answer = answer.as_object().ok_or("not an object")?;
    if let Some(operations) = object(answer, "operationSampling")? {
        return per_operation(operations).map(Strategy::PerOperation);
    }
    let number_in = |part, key| match object(answer, part)? {
        Some(sampling) => number_or_0(sampling, key).map(Some),
        None => Ok(None),
    };
    let probability = number_in("probabilisticSampling", "samplingRate")?.map(Strategy::Probabilistic);
    let rate = number_in("rateLimitingSampling", "maxTracesPerSecond")?.map(Strategy::RateLimiting);
    let is_rate_limiting = is_rate_limiting(answer.get("strategyType"))?;
    let found = if is_rate_limiting { rate.or(probability) } else { probability.or(rate) };
    found.ok_or_else(|| "no strategy in it".to_owned())
}

fn per_operation(sampling: &Map<String, Value>) -> Result<OperationStrategies, String> {
    let mut strategies = OperationStrategies::new(
        number_or_0(sampling, "defaultSamplingProbability")?,
        number_or_0(sampling, "defaultLowerBoundTracesPerSecond")?,
    );
    // Writers of defaults say 0 for no bound.
    let upper_bound = number_or_0(sampling, "defaultUpperBoundTracesPerSecond")?;
    if upper_bound != 0.0 {
        strategies = strategies.upper_bound(upper_bound);
    }
    let operations = match sampling.get("perOperationStrategies") {
        None | Some(Value::Null) => return Ok(strategies),
        Some(Value::Array(operations)) => operations,
        Some(_) => return Err("perOperationStrategies is no array".to_owned()),
    };
    for operation in operations {
        let operation = operation.as_object().ok_or("an operation is no object")?;
        let name = match operation.get("operation") {
            None => "",
            Some(name) => name.as_str().ok_or("an operation's name is no text")?,
        };
        // Without a share of its own it has the default.
        if let Some(sampling) = object(operation, "probabilisticSampling")? {
            strategies = strategies.operation(name, number_or_0(sampling, "samplingRate")?);
        }
    }
    Ok(strategies)
}

fn is_rate_limiting(strategy_type: Option<&Value>) -> Result<bool, String> {
    match strategy_type {
        None | Some(Value::Null) => Ok(false),
        Some(Value::String(name)) if name == "PROBABILISTIC" || name == "0" => Ok(false),
        Some(Value::String(name)) if name == "RATE_LIMITING" || name == "1" => Ok(true),
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => Ok(false),
        Some(Value::Number(number)) if number.as_f64() == Some(1.0) => Ok(true),
        Some(other) => Err(format!("unknown strategyType {}", shown(other))),
    }
}

/// An object that may be left out, or `null`.
fn object<'a>(from: &'a Map<String, Value>, key: &str) -> Result<Option<&'a Map<String, Value>>, String> {
    match from.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(format!("{key} is no object: {}", shown(other))),
    }
}

/// A number, also as text (proto3's JSON mapping allows that); left out, it is 0.
fn number_or_0(from: &Map<String, Value>, key: &str) -> Result<f64, String> {
    let number = match from.get(key) {
        None | Some(Value::Null) => Some(0.0),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    number.ok_or_else(|| format!("{key} is no number: {}", from.get(key).map(shown).unwrap_or_default()))
}

/// The beginning of a value, for a message.
fn shown(value: &Value) -> String {
    const CHARS_MAX: usize = 40;
    value.to_string().chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operations(default: f64, lower: f64) -> OperationStrategies {
        OperationStrategies::new(default, lower)
    }

    #[test]
    fn every_form_that_a_jaeger_has_ever_answered_is_read() {
        let cases = [
            (
                r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#,
                Strategy::Probabilistic(0.5),
            ),
            // Thrift 0.9.2, as v2 answers.
            (
                r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":1},"rateLimitingSampling":null,"operationSampling":null}"#,
                Strategy::Probabilistic(1.0),
            ),
            (
                r#"{"strategyType":"1","rateLimitingSampling":{"maxTracesPerSecond":7}}"#,
                Strategy::RateLimiting(7.0),
            ),
            (
                r#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":0.5}}"#,
                Strategy::RateLimiting(0.5),
            ),
            (
                r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":"0.25"}}"#,
                Strategy::RateLimiting(0.25),
            ),
            // What is there says more than the type.
            (r#"{"rateLimitingSampling":{"maxTracesPerSecond":3}}"#, Strategy::RateLimiting(3.0)),
            (
                r#"{"strategyType":0,"rateLimitingSampling":{"maxTracesPerSecond":3}}"#,
                Strategy::RateLimiting(3.0),
            ),
            (
                r#"{"strategyType":1,"probabilisticSampling":{"samplingRate":0.1},"rateLimitingSampling":{"maxTracesPerSecond":3}}"#,
                Strategy::RateLimiting(3.0),
            ),
            (r#"{"probabilisticSampling":{}}"#, Strategy::Probabilistic(0.0)),
            (
                r#"{"strategyType":"PROBABILISTIC","new":[{}],"probabilisticSampling":{"samplingRate":1e-5,"x":null}}"#,
                Strategy::Probabilistic(1e-5),
            ),
            (
                r#"{"strategyType":0,"probabilisticSampling":{"samplingRate":0.9},"operationSampling":{"defaultSamplingProbability":0.2,"defaultLowerBoundTracesPerSecond":0.1,"perOperationStrategies":[{"operation":"GET /","probabilisticSampling":{"samplingRate":0.4}},{"operation":"none"},{"operation":"é\"","probabilisticSampling":{"samplingRate":1}}],"defaultUpperBoundTracesPerSecond":0}}"#,
                Strategy::PerOperation(operations(0.2, 0.1).operation("GET /", 0.4).operation("é\"", 1.0)),
            ),
            (
                r#"{"operationSampling":{"defaultSamplingProbability":0.2,"defaultUpperBoundTracesPerSecond":5.5,"perOperationStrategies":null}}"#,
                Strategy::PerOperation(operations(0.2, 0.0).upper_bound(5.5)),
            ),
        ];
        for (answer, strategy) in cases {
            assert_eq!(read(answer.as_bytes()), Ok(strategy), "{answer}");
        }
    }

    #[test]
    fn what_is_no_strategy_is_told() {
        let cases = [
            ("", "not JSON: "),
            ("{", "not JSON: "),
            ("[]", "not an object"),
            ("null", "not an object"),
            ("{}", "no strategy in it"),
            (r#"{"strategyType":0,"probabilisticSampling":null}"#, "no strategy in it"),
            (r#"{"strategyType":2,"probabilisticSampling":{}}"#, "unknown strategyType 2"),
            (r#"{"strategyType":"LUCK","probabilisticSampling":{}}"#, "unknown strategyType \"LUCK\""),
            (r#"{"strategyType":{},"probabilisticSampling":{}}"#, "unknown strategyType {}"),
            (r#"{"probabilisticSampling":[1]}"#, "probabilisticSampling is no object: [1]"),
            (r#"{"probabilisticSampling":{"samplingRate":"much"}}"#, "samplingRate is no number: \"much\""),
            (r#"{"probabilisticSampling":{"samplingRate":true}}"#, "samplingRate is no number: true"),
            (r#"{"operationSampling":{"perOperationStrategies":{}}}"#, "perOperationStrategies is no array"),
            (r#"{"operationSampling":{"perOperationStrategies":[1]}}"#, "an operation is no object"),
            (
                r#"{"operationSampling":{"perOperationStrategies":[{"operation":1}]}}"#,
                "an operation's name is no text",
            ),
        ];
        for (answer, reason) in cases {
            let error = read(answer.as_bytes()).unwrap_err();
            assert!(error.starts_with(reason), "{answer}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes()).is_err());
        let long = format!(r#"{{"strategyType":"{}"}}"#, "x".repeat(100_000));
        assert!(read(long.as_bytes()).unwrap_err().len() < 100);
    }
}
