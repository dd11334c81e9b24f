//! What may be sent, by the formats' own grammars: written apart from the codecs, and stricter than
//! what they read.

use crate::headers::Headers;

/// The characters of a token (RFC 9110, section 5.6.2) that are neither letters nor digits.
const TOKEN_MARKS: &[u8] = b"!#$%&'*+-.^_`|~";

/// The most bytes of all baggage in one format.
const BAGGAGE_BYTES_MAX: usize = 8192;

/// The most members of all baggage in one format.
const BAGGAGE_MEMBERS_MAX: usize = 180;

/// That all headers are legal, none is there twice, and those of one format fit together.
///
/// # Panics
/// If not.
pub fn check_sent(headers: &Headers) {
    for (name, value) in headers {
        assert_eq!(name, &name.to_ascii_lowercase());
        let repeats = headers.iter().filter(|(other, _)| other == name).count();
        assert!(repeats == 1, "{name} is there {repeats} times");
        assert!(is_legal(name, value), "{name}: {}", value.escape_ascii());
    }
    let has = |wanted: &str| headers.iter().any(|(name, _)| name == wanted);
    assert!(has("traceparent") || !has("tracestate"), "a tracestate alone");
    assert_eq!(has("x-b3-traceid"), has("x-b3-spanid"));
    assert!(has("x-b3-traceid") || !has("x-b3-parentspanid"), "a parent of nothing");
    assert!(!(has("x-b3-sampled") && has("x-b3-flags")), "debug implies sampled");
    let items = headers.iter().filter(|(name, _)| name.starts_with("uberctx-"));
    let bytes: Vec<usize> = items.map(|(name, value)| name.len() - 8 + value.len()).collect();
    assert!(bytes.len() <= BAGGAGE_MEMBERS_MAX && bytes.iter().sum::<usize>() <= BAGGAGE_BYTES_MAX);
}

/// Whether a value may be sent in a header of that name.
#[must_use]
pub fn is_legal(name: &str, value: &[u8]) -> bool {
    match name {
        "traceparent" => is_traceparent(value),
        "tracestate" => is_tracestate(value),
        "baggage" => is_baggage(value),
        "b3" => is_b3(value),
        "x-b3-traceid" => is_id(value, &[16, 32]),
        "x-b3-spanid" | "x-b3-parentspanid" => is_id(value, &[16]),
        "x-b3-sampled" => matches!(value, b"0" | b"1"),
        "x-b3-flags" => value == b"1",
        "uber-trace-id" => is_uber_trace_id(value),
        "jaeger-debug-id" => !value.is_empty() && value.len() <= 3 * 1024,
        "grpc-trace-bin" => base64(value).is_some_and(|block| is_trace_block(&block)),
        _ => match name.strip_prefix("uberctx-") {
            Some(key) => is_token(key.as_bytes()) && is_url_encoded(value),
            None => false,
        },
    }
}

/// Trace Context Level 2, section 3.2, version 00.
fn is_traceparent(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    match parts[..] {
        [b"00", trace_id, span_id, [b'0', flags]] => {
            is_id(trace_id, &[32]) && is_id(span_id, &[16]) && matches!(flags, b'0'..=b'3')
        }
        _ => false,
    }
}

/// Trace Context Level 2, section 3.3, without blanks around members or empty ones, each key once.
#[must_use]
pub fn is_tracestate(value: &[u8]) -> bool {
    let mut keys = Vec::new();
    for member in value.split(|byte| *byte == b',') {
        let Some(equals) = member.iter().position(|byte| *byte == b'=') else { return false };
        let (key, value) = (&member[..equals], &member[equals + 1..]);
        let key_char =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(byte);
        let starts = key.first().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let value_char = |byte: &u8| (b' '..=b'~').contains(byte) && !b",=".contains(byte);
        let ends = value.last().is_some_and(|byte| *byte != b' ');
        let fits = key.len() <= 256 && value.len() <= 256;
        if !(starts && ends && fits && key.iter().all(key_char) && value.iter().all(value_char)) {
            return false;
        }
        keys.push(key);
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    count <= 32 && keys.len() == count
}

/// W3C Baggage, section 3.3, without blanks around anything.
fn is_baggage(value: &[u8]) -> bool {
    let octets = |value: &[u8]| value.iter().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(byte));
    let pair = |text: &[u8], may_lack_value: bool| match text.iter().position(|byte| *byte == b'=') {
        Some(equals) => is_token(&text[..equals]) && octets(&text[equals + 1..]),
        None => may_lack_value && is_token(text),
    };
    let is_member = |member: &[u8]| {
        let mut parts = member.split(|byte| *byte == b';');
        parts.next().is_some_and(|first| pair(first, false)) && parts.all(|property| pair(property, true))
    };
    let mut members = value.split(|byte| *byte == b',');
    value.len() <= BAGGAGE_BYTES_MAX
        && members.clone().count() <= BAGGAGE_MEMBERS_MAX
        && members.all(is_member)
}

/// A state alone, or ids with a state and a parent.
fn is_b3(value: &[u8]) -> bool {
    let is_state = |text: &[u8]| matches!(text, b"0" | b"1" | b"d");
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b'-').collect();
    match parts[..] {
        [state] => is_state(state),
        [trace_id, span_id, ref more @ ..] => {
            let ids = is_id(trace_id, &[16, 32]) && is_id(span_id, &[16]);
            ids && match *more {
                [] => true,
                [either] => is_state(either) || is_id(either, &[16]),
                [state, parent_id] => is_state(state) && is_id(parent_id, &[16]),
                _ => false,
            }
        }
        [] => false,
    }
}

/// Jaeger's client libraries, "Propagation format".
fn is_uber_trace_id(value: &[u8]) -> bool {
    let parts: Vec<&[u8]> = value.split(|byte| *byte == b':').collect();
    match parts[..] {
        [trace_id, span_id, parent_id, [flags]] => {
            is_id(trace_id, &[16, 32])
                && is_id(span_id, &[16])
                && (parent_id == b"0" || is_id(parent_id, &[16]))
                && is_digit(flags)
        }
        _ => false,
    }
}

/// Lower-case digits in one of these numbers, not all zero.
fn is_id(value: &[u8], lengths: &[usize]) -> bool {
    lengths.contains(&value.len()) && value.iter().all(is_digit) && value.iter().any(|byte| *byte != b'0')
}

const fn is_digit(byte: &u8) -> bool {
    matches!(*byte, b'0'..=b'9' | b'a'..=b'f')
}

/// OpenCensus's binary encoding, the fields in the order of their ids.
fn is_trace_block(block: &[u8]) -> bool {
    let is_set = |id: &[u8]| id.iter().any(|byte| *byte != 0);
    match block {
        [0, 0, fields @ ..] if fields.len() == 27 => {
            is_set(&fields[..16])
                && fields[16] == 1
                && is_set(&fields[17..25])
                && fields[25] == 2
                && fields[26] <= 1
        }
        _ => false,
    }
}

/// The bytes of a text without padding whose unused bits are zero.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for character in text {
        let value = ALPHABET.iter().position(|other| other == character)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0 && held < 6).then_some(bytes)
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || TOKEN_MARKS.contains(byte))
}

/// RFC 3986's unreserved characters and whole escapes.
fn is_url_encoded(value: &[u8]) -> bool {
    let mut rest = value;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
            (byte, after) if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => after,
            _ => return false,
        };
    }
    true
}
