//! JSON text, written straight into a buffer.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tracer_core::row::record::Value;

/// Appends a JSON string with its quotes. What HTML could misread is escaped too, so that the text
/// can stand in a page.
pub(super) fn put_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = special.split_first() {
            put_escaped(out, *byte);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0x7f)
}

fn put_escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            put_hex(out, &[byte]);
        }
    }
}

/// Appends lower-case hexadecimal digits.
pub(super) fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xf] {
            out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
        }
    }
}

/// Appends hexadecimal digits in quotes.
pub(super) fn put_hex_str(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    put_hex(out, bytes);
    out.push(b'"');
}

/// Appends what a value displays as: a number.
pub(super) fn put_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // A vector takes everything.
    let _ = write!(out, "{value}");
}

/// Appends what a value displays as, in quotes: for integers that JavaScript would round.
pub(super) fn put_quoted(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    let _ = write!(out, "\"{value}\"");
}

/// Appends bytes as base64 text.
pub(super) fn put_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    put_quoted(out, BASE64_STANDARD.encode(bytes));
}

/// Appends a float; JSON has no infinities, which are texts, as proto3's JSON mapping has them.
pub(super) fn put_f64(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        // With a point or an exponent, so that it stays a float.
        put_display(out, format_args!("{number:?}"));
    } else {
        put_quoted(out, float_text(number));
    }
}

/// A float as text.
pub(super) fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    match (number.is_infinite(), number > 0.0) {
        (true, true) => "Infinity".into(),
        (true, false) => "-Infinity".into(),
        (false, _) => number.to_string(),
    }
}

/// Appends a value as the plain JSON that it resembles: for formats without arrays and maps.
pub(super) fn put_plain(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(text) => put_str(out, text),
        Value::Bool(truth) => put_display(out, truth),
        Value::I64(number) => put_display(out, number),
        Value::F64(number) => put_f64(out, *number),
        Value::Bytes(bytes) => put_base64(out, bytes),
        Value::Array(items) => {
            out.push(b'[');
            put_list(out, items, put_plain);
            out.push(b']');
        }
        Value::Map(pairs) => put_plain_map(out, pairs),
        _ => out.extend_from_slice(b"null"),
    }
}

/// Appends pairs as a plain JSON object.
pub(super) fn put_plain_map(out: &mut Vec<u8>, pairs: &[(String, Value)]) {
    out.push(b'{');
    put_list(out, pairs, |out, (key, value)| {
        put_str(out, key);
        out.push(b':');
        put_plain(out, value);
    });
    out.push(b'}');
}

/// Appends elements with commas between them.
pub(super) fn put_list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut put: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put(out, item);
    }
}

/// A value as text: itself if it is one, else as [`put_plain`] writes it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::F64(number) => float_text(*number),
        Value::Bytes(bytes) => BASE64_STANDARD.encode(bytes),
        Value::Empty => String::new(),
        other => {
            let mut json = Vec::new();
            put_plain(&mut json, other);
            String::from_utf8_lossy(&json).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(put: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        put(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_survives_and_none_can_end_a_script() {
        let text: String = (0..0x300).chain([0x2028, 0x1f980]).filter_map(char::from_u32).collect();
        let json = written(|out| put_str(out, &text));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        assert!(!json.contains(['<', '>', '&', '\n', '\0']));
    }

    #[test]
    fn values_are_the_json_that_they_resemble() {
        let value = Value::Array(vec![
            Value::Str("a\"<b".into()),
            Value::I64(i64::MIN),
            Value::F64(1e300),
            Value::F64(f64::NEG_INFINITY),
            Value::Bool(true),
            Value::Bytes(vec![0, 255]),
            Value::Empty,
            Value::Map(vec![("k".into(), Value::F64(-0.5))]),
        ]);
        let json: serde_json::Value = serde_json::from_str(&text(&value)).unwrap();
        let expected =
            serde_json::json!(["a\"<b", i64::MIN, 1e300, "-Infinity", true, "AP8=", null, {"k": -0.5}]);
        assert_eq!(json, expected);
    }

    #[test]
    fn values_as_text() {
        let cases = [
            (Value::Str("as it is <".into()), "as it is <"),
            (Value::F64(f64::NAN), "NaN"),
            (Value::F64(2.5), "2.5"),
            (Value::Bytes(vec![1, 2]), "AQI="),
            (Value::Empty, ""),
            (Value::Bool(false), "false"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
    }
}
