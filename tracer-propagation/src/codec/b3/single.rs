//! `b3`: all in one header.
//!
//! ```text
//! 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90
//! │                                │                │ └ the parent's span id
//! │                                │                └ state: 0 deny, 1 accept, d debug
//! │                                └ span id
//! └ trace id, 32 or 16 digits
//!
//! b3    = state / ( trace-id "-" span-id [ "-" state ] [ "-" parent-id ] )
//! state = "0" / "1" / "d"
//! ```
//! Without a state the receiver decides; a state alone is a decision about a trace yet to begin.

use tracer_core::{SpanId, TraceId};

use super::{Ids, State, span_id, trace_id, usual_ids};
use crate::carrier::Field;
use crate::codec::error::told;
use crate::codec::{SamplingDecision, hex};
use crate::text::Buffer;

pub(super) static FIELD: Field = Field::new("b3");

/// Two ids of 32 and 16 digits, a state, a parent's id, and the delimiters between them.
pub(super) const BYTES_MAX: usize = 32 + 1 + 16 + 1 + 1 + 1 + 16;

/// Why the header `b3` is not used; the headers `x-b3-*` are then tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum B3SingleError {
    /// There are more bytes than the longest value has; so many.
    #[error("b3: {0} bytes, more than {BYTES_MAX}")]
    TooLong(u32),
    /// The trace id is not 16 or 32 lower-case hexadecimal digits.
    #[error("b3: the trace id is not 16 or 32 lower-case hexadecimal digits")]
    TraceId,
    /// The trace id is all zero.
    #[error("b3: the trace id is zero")]
    ZeroTraceId,
    /// The span id is not 16 lower-case hexadecimal digits, or there is none.
    #[error("b3: the span id is not 16 lower-case hexadecimal digits")]
    SpanId,
    /// The span id is all zero.
    #[error("b3: the span id is zero")]
    ZeroSpanId,
    /// The sampling state is none of `0`, `1` and `d`.
    #[error("b3: the sampling state is none of 0, 1, d")]
    SamplingState,
    /// The parent's span id is not 16 lower-case hexadecimal digits.
    #[error("b3: the parent span id is not 16 lower-case hexadecimal digits")]
    ParentSpanId,
    /// The parent's span id is all zero.
    #[error("b3: the parent span id is zero")]
    ZeroParentSpanId,
    /// There is a fifth part.
    #[error("b3: more than four parts")]
    Parts,
}

pub(super) fn extract(value: &[u8]) -> Result<State, B3SingleError> {
    parse_usual(value).map_or_else(|| parse(value), Ok)
}

/// The value; empty if there is nothing to write.
pub(super) fn format(State { ids, decision }: State) -> Buffer<BYTES_MAX> {
    if let (Some(Ids { trace_id, span_id, parent_id: None }), Some(decision)) = (ids, decision) {
        if hex::has_both_halves(trace_id) {
            return format_usual(trace_id, span_id, decision);
        }
    }
    let mut value = Buffer::new();
    if let Some(ids) = ids {
        value.push(hex::without_zero_half(&hex::of_trace_id(ids.trace_id)));
        value.push(b"-");
        value.push(&hex::of_span_id(ids.span_id));
    }
    if let Some(decision) = decision {
        value.push(if ids.is_some() { b"-" } else { b"" });
        value.push(&[symbol(decision)]);
    }
    if let Some(parent_id) = ids.and_then(|ids| ids.parent_id) {
        value.push(b"-");
        value.push(&hex::of_span_id(parent_id));
    }
    value
}

/// With 32 digits, a state and no parent, and so of a known length: written in its place.
fn format_usual(trace_id: TraceId, span_id: SpanId, decision: SamplingDecision) -> Buffer<BYTES_MAX> {
    let mut value = Buffer::of(b"00000000000000000000000000000000-0000000000000000-0");
    if let Some((trace_digits, [_, rest @ ..])) = value.as_mut_bytes().split_first_chunk_mut() {
        *trace_digits = hex::of_trace_id(trace_id);
        if let Some((span_digits, [.., state])) = rest.split_first_chunk_mut() {
            (*span_digits, *state) = (hex::of_span_id(span_id), symbol(decision));
        }
    }
    value
}

/// A value with 32 and 16 digits, a state or none, and no parent, read in one look.
fn parse_usual(value: &[u8]) -> Option<State> {
    let (trace_id, [b'-', rest @ ..]) = value.split_at_checked(32)? else { return None };
    let (span_id, rest) = rest.split_at_checked(16)?;
    let decision = match rest {
        [] => None,
        [b'-', state] => Some(decision(&[*state])?),
        _ => return None,
    };
    let (trace_id, span_id) = usual_ids(trace_id, span_id)?;
    Some(State { ids: Some(Ids { trace_id, span_id, parent_id: None }), decision })
}

/// Any value, part by part, or what is wrong with it.
fn parse(value: &[u8]) -> Result<State, B3SingleError> {
    use B3SingleError as Error;

    if value.len() > BYTES_MAX {
        return Err(Error::TooLong(told(value.len())));
    }
    if let Some(decision) = decision(value) {
        return Ok(State { ids: None, decision: Some(decision) });
    }
    let mut parts = value.split(|byte| *byte == b'-');
    let trace_id = trace_id(parts.next().unwrap_or_default(), Error::TraceId, Error::ZeroTraceId)?;
    let span_id = span_id(parts.next().unwrap_or_default(), Error::SpanId, Error::ZeroSpanId)?;
    let (decision, parent_digits) = match (parts.next(), parts.next()) {
        (Some(parent), None) if parent.len() == 16 => (None, Some(parent)),
        (Some(state), parent) => (Some(decision(state).ok_or(Error::SamplingState)?), parent),
        (None, _) => (None, None),
    };
    let parent_id = |digits| self::span_id(digits, Error::ParentSpanId, Error::ZeroParentSpanId);
    let parent_id = parent_digits.map(parent_id).transpose()?;
    if parts.next().is_some() {
        return Err(Error::Parts);
    }
    Ok(State { ids: Some(Ids { trace_id, span_id, parent_id }), decision })
}

const fn decision(state: &[u8]) -> Option<SamplingDecision> {
    match state {
        b"0" => Some(SamplingDecision::Deny),
        b"1" => Some(SamplingDecision::Accept),
        b"d" => Some(SamplingDecision::Debug),
        _ => None,
    }
}

const fn symbol(decision: SamplingDecision) -> u8 {
    match decision {
        SamplingDecision::Deny => b'0',
        SamplingDecision::Accept => b'1',
        SamplingDecision::Debug => b'd',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90";

    fn written(state: State) -> String {
        String::from_utf8(format(state).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn every_form_is_written_as_it_was_read() {
        let (ids, parent) = LONGEST.split_at(49);
        let short = ids.split_at(16).1;
        for ids in [ids, short] {
            for rest in ["", "-0", "-1", "-d", parent, "-05e3ac9a4f6e3b90"] {
                let value = format!("{ids}{rest}");
                let usual = parse_usual(value.as_bytes());
                assert!(usual.is_none() || usual == parse(value.as_bytes()).ok(), "{value}");
                assert_eq!(written(parse(value.as_bytes()).unwrap()), value);
            }
        }
        for value in ["0", "1", "d"] {
            assert_eq!(written(parse(value.as_bytes()).unwrap()), value);
        }
        assert_eq!(written(State { ids: None, decision: None }), "");
    }

    /// Whatever stands at a place, the value is refused unless it is right there.
    #[test]
    fn every_byte_at_every_place_is_right_or_refused() {
        for (at, byte) in (0..LONGEST.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut value = LONGEST.as_bytes().to_vec();
            value[at] = byte;
            let is_right = match at {
                32 | 49 | 51 => byte == b'-',
                50 => matches!(byte, b'0' | b'1' | b'd'),
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            };
            assert_eq!(parse(&value).is_ok(), is_right, "{byte:#x} at {at}");
            let short = value.split_at(51).0;
            let is_usual = parse_usual(short).is_some();
            assert!(!is_usual || parse_usual(short) == parse(short).ok(), "{byte:#x} at {at}");
            assert_eq!(is_usual, is_right || at >= 51, "{byte:#x} at {at}");
        }
    }

    #[test]
    fn every_cut_value_is_whole_at_a_part_or_refused() {
        for length in 0..LONGEST.len() {
            let cut = LONGEST.as_bytes().split_at(length).0;
            assert_eq!(parse(cut).is_ok(), matches!(length, 49 | 51), "{length}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        use B3SingleError as Error;

        let ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        let cases = [
            ("", Error::TraceId),
            ("D", Error::TraceId),
            ("4bf92f3577b34da6", Error::SpanId),
            ("4bf92f3577b34da6-", Error::SpanId),
            ("4bf92f3577b34da6-0000000000000000", Error::ZeroSpanId),
            ("0000000000000000-00f067aa0ba902b7", Error::ZeroTraceId),
            (&format!("{ids}-"), Error::SamplingState),
            (&format!("{ids}-x"), Error::SamplingState),
            (&format!("{ids}--05e3ac9a4f6e3b90"), Error::SamplingState),
            (&format!("{ids}-1-"), Error::ParentSpanId),
            (&format!("{ids}-1-0000000000000000"), Error::ZeroParentSpanId),
            (&format!("{ids}-1-05e3ac9a4f6e3b90-"), Error::TooLong(69)),
            ("4bf92f3577b34da6-00f067aa0ba902b7-1-05e3ac9a4f6e3b90-0", Error::Parts),
        ];
        for (value, error) in cases {
            assert_eq!(parse(value.as_bytes()), Err(error), "{value}");
        }
    }
}
