//! OTLP values as Jaeger shows them, and as the text that searches compare.

use std::fmt::Write;

use tracer_core::row::record::Value;

use super::json::{JsonValue, KeyValue, ValueType};

/// Beyond this JavaScript loses digits, so Jaeger sends such integers as text.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// A tag or log field.
pub(crate) fn key_value(key: &str, value: &Value) -> KeyValue {
    let (value_type, value) = match value {
        Value::Bool(truth) => (ValueType::Bool, JsonValue::Bool(*truth)),
        Value::I64(number) => (ValueType::Int64, integer(*number)),
        Value::F64(number) => (ValueType::Float64, float(*number)),
        Value::Bytes(_) => (ValueType::Binary, JsonValue::Text(text(value))),
        _ => (ValueType::String, JsonValue::Text(text(value))),
    };
    KeyValue { key: key.to_owned(), value_type, value }
}

/// A tag whose value is text.
pub(crate) fn text_tag(key: &str, value: &str) -> KeyValue {
    let value = JsonValue::Text(value.to_owned());
    KeyValue { key: key.to_owned(), value_type: ValueType::String, value }
}

/// A value as text: what `key=value` in a search is compared with.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::I64(number) => number.to_string(),
        Value::F64(number) => float_text(*number),
        Value::Bytes(bytes) => base64(bytes),
        Value::Array(_) | Value::Map(_) => escape_html(&json(value).to_string()),
        _ => String::new(),
    }
}

fn integer(number: i64) -> JsonValue {
    if number.unsigned_abs() > SAFE_INTEGER_MAX {
        return JsonValue::Text(number.to_string());
    }
    JsonValue::Int(number)
}

/// JSON has no infinities, and whole numbers are written without a point.
fn float(number: f64) -> JsonValue {
    if !number.is_finite() {
        return JsonValue::Text(float_text(number));
    }
    whole(number).map_or(JsonValue::Float(number), JsonValue::Int)
}

#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 fit")]
fn whole(number: f64) -> Option<i64> {
    const MAX: f64 = 9_007_199_254_740_991.0;
    (number.trunc() == number && number.abs() <= MAX).then_some(number as i64)
}

/// As Go and JavaScript write it: an exponent only for the very large and the very small.
fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    number.to_string()
}

/// Arrays and maps, which Jaeger has no type for; keys sorted.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::I64(number) => (*number).into(),
        Value::F64(number) => match whole(*number) {
            Some(number) => number.into(),
            None if number.is_finite() => (*number).into(),
            None => float_text(*number).into(),
        },
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        Value::Str(_) | Value::Bytes(_) => text(value).into(),
        _ => serde_json::Value::Null,
    }
}

/// Go's encoder writes these so; within JSON they stand in texts only.
fn escape_html(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// RFC 4648 section 4, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| group.get(index).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4_usize {
            let index = bits >> (18 - 6 * digit) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            text.push(if digit > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_go() {
        let list = Value::Array(vec![
            Value::Str("<a&b>".into()),
            Value::I64(-3),
            Value::F64(2.0),
            Value::F64(0.5),
            Value::Empty,
        ]);
        let map = Value::Map(vec![("z".into(), Value::Bool(true)), ("a".into(), Value::Bytes(vec![1, 2]))]);
        let cases = [
            (Value::F64(1.0), "1"),
            (Value::F64(1e21), "1e+21"),
            (Value::F64(2.5e-7), "2.5e-7"),
            (Value::F64(123_456.75), "123456.75"),
            (Value::F64(f64::NAN), "NaN"),
            (list, r#"["\u003ca\u0026b\u003e",-3,2,0.5,null]"#),
            (map, r#"{"a":"AQI=","z":true}"#),
            (Value::Bytes(b"any carnal pleas".to_vec()), "YW55IGNhcm5hbCBwbGVhcw=="),
            (Value::Empty, ""),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn integers_that_javascript_cannot_hold_are_text() {
        let max = i64::try_from(SAFE_INTEGER_MAX).unwrap();
        assert_eq!(key_value("n", &Value::I64(-max)).value, JsonValue::Int(-max));
        assert_eq!(key_value("n", &Value::I64(max + 1)).value, JsonValue::Text("9007199254740992".into()));
        assert_eq!(key_value("n", &Value::I64(i64::MIN)).value_type, ValueType::Int64);
    }
}
