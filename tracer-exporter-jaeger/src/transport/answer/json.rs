//! Answers in OTLP's JSON (OTLP specification, "JSON Protobuf Encoding"): 64-bit integers are texts, and numbers
//! are read as well; `null` is a field that is not there; what is unknown is ignored.

use serde_json::Value;

use super::{Answer, printable};

/// Reads `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}`, or says why it is not that.
///
/// A negative count, which no receiver should send, is none.
pub(super) fn answer(body: &[u8]) -> Result<Answer, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
    let answer = answer.as_object().ok_or("it is no object")?;
    let partial = match answer.get("partialSuccess") {
        None | Some(Value::Null) => return Ok(Answer::default()),
        Some(partial) => partial.as_object().ok_or("partialSuccess is no object")?,
    };
    let rejected = match partial.get("rejectedSpans") {
        None | Some(Value::Null) => 0,
        Some(count) => int64(count).ok_or("rejectedSpans is no whole number")?,
    };
    let message = match partial.get("errorMessage") {
        None | Some(Value::Null) => String::new(),
        Some(message) => printable(message.as_str().ok_or("errorMessage is no text")?.as_bytes()),
    };
    Ok(Answer { rejected: u64::try_from(rejected).unwrap_or(0), message })
}

/// The message of a `google.rpc.Status`; none if it is not that.
pub(super) fn status_message(body: &[u8]) -> Option<String> {
    let status: Value = serde_json::from_slice(body).ok()?;
    Some(printable(status.get("message")?.as_str()?.as_bytes()))
}

fn int64(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        number => number.as_i64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_success_is_read_in_every_form_that_the_mapping_allows() {
        for (body, rejected, message) in [
            ("{}", 0, ""),
            (r#"{"partialSuccess":null}"#, 0, ""),
            (r#"{"partialSuccess":{}}"#, 0, ""),
            (
                r#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"too\nold"},"later":[]}"#,
                7,
                "too old",
            ),
            (r#" {"partialSuccess":{"rejectedSpans":7,"errorMessage":null}} "#, 7, ""),
            (r#"{"partialSuccess":{"rejectedSpans":"-1"}}"#, 0, ""),
            (r#"{"partialSuccess":{"rejectedSpans":null,"errorMessage":"hm"}}"#, 0, "hm"),
        ] {
            assert_eq!(answer(body.as_bytes()), Ok(Answer { rejected, message: message.into() }), "{body}");
        }
    }

    #[test]
    fn anything_else_is_told() {
        for (body, error) in [
            ("[]", "it is no object"),
            (r#"{"partialSuccess":1}"#, "partialSuccess is no object"),
            (r#"{"partialSuccess":{"rejectedSpans":"many"}}"#, "rejectedSpans is no whole number"),
            (r#"{"partialSuccess":{"rejectedSpans":1.5}}"#, "rejectedSpans is no whole number"),
            (
                r#"{"partialSuccess":{"rejectedSpans":99999999999999999999}}"#,
                "rejectedSpans is no whole number",
            ),
            (r#"{"partialSuccess":{"errorMessage":1}}"#, "errorMessage is no text"),
        ] {
            assert_eq!(answer(body.as_bytes()), Err(error.into()), "{body}");
        }
        assert!(answer(b"<html>").unwrap_err().starts_with("not JSON: "));
        assert!(answer("[".repeat(60_000).as_bytes()).unwrap_err().starts_with("not JSON: "));
    }
}
