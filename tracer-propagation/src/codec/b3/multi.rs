//! `x-b3-*`: a header for each part.
//!
//! ```text
//! x-b3-traceid      = trace-id       32 or 16 digits
//! x-b3-spanid       = span-id        with the trace id, or neither
//! x-b3-parentspanid = span-id        if there is a parent
//! x-b3-sampled      = "0" / "1" / "false" / "true"    the words in any case, for old senders
//! x-b3-flags        = "1"            debug, whatever is sampled; any other value says nothing
//! ```
//! Without `x-b3-sampled` and debug the receiver decides; without ids they are a decision alone.

use super::{Ids, State, span_id, trace_id, usual_ids};
use crate::carrier::Field;
use crate::codec::{SamplingDecision, hex};

pub(super) static TRACE_ID: Field = Field::new("x-b3-traceid");
pub(super) static SPAN_ID: Field = Field::new("x-b3-spanid");
pub(super) static PARENT_SPAN_ID: Field = Field::new("x-b3-parentspanid");
pub(super) static SAMPLED: Field = Field::new("x-b3-sampled");
pub(super) static FLAGS: Field = Field::new("x-b3-flags");

pub(super) static FIELDS: [&Field; 5] = [&TRACE_ID, &SPAN_ID, &PARENT_SPAN_ID, &SAMPLED, &FLAGS];

/// Why the headers `x-b3-*` are not used. One of them is enough: they say then nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum B3MultiError {
    /// There is no trace id, but another one.
    #[error("x-b3-traceid: missing beside the other ids")]
    NoTraceId,
    /// The trace id is not 16 or 32 lower-case hexadecimal digits.
    #[error("x-b3-traceid: not 16 or 32 lower-case hexadecimal digits")]
    TraceId,
    /// The trace id is all zero.
    #[error("x-b3-traceid: zero")]
    ZeroTraceId,
    /// There is no span id, but a trace id.
    #[error("x-b3-spanid: missing beside the other ids")]
    NoSpanId,
    /// The span id is not 16 lower-case hexadecimal digits.
    #[error("x-b3-spanid: not 16 lower-case hexadecimal digits")]
    SpanId,
    /// The span id is all zero.
    #[error("x-b3-spanid: zero")]
    ZeroSpanId,
    /// The parent's span id is not 16 lower-case hexadecimal digits.
    #[error("x-b3-parentspanid: not 16 lower-case hexadecimal digits")]
    ParentSpanId,
    /// The parent's span id is all zero.
    #[error("x-b3-parentspanid: zero")]
    ZeroParentSpanId,
    /// The sampling state is none of `0`, `1`, `false` and `true`.
    #[error("x-b3-sampled: none of 0, 1, false, true")]
    Sampled,
}

impl B3MultiError {
    /// The header's name.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::NoTraceId | Self::TraceId | Self::ZeroTraceId => TRACE_ID.name(),
            Self::NoSpanId | Self::SpanId | Self::ZeroSpanId => SPAN_ID.name(),
            Self::ParentSpanId | Self::ZeroParentSpanId => PARENT_SPAN_ID.name(),
            Self::Sampled => SAMPLED.name(),
        }
    }
}

/// Values in the order of [`FIELDS`].
type Values<'v> = [Option<&'v [u8]>; 5];

pub(super) fn extract(
    [trace, span, parent, sampled, flags]: Values<'_>,
) -> Result<Option<State>, B3MultiError> {
    let (ids, decision) = (ids((trace, span, parent))?, decision(sampled, flags)?);
    Ok((ids.is_some() || decision.is_some()).then_some(State { ids, decision }))
}

/// What is written: the digits of ids, and the decision.
pub(super) struct Written {
    ids: Option<([u8; 32], [u8; 16])>,
    parent_id: Option<[u8; 16]>,
    decision: Option<SamplingDecision>,
}

pub(super) fn format(State { ids, decision }: State) -> Written {
    Written {
        ids: ids.map(|ids| (hex::of_trace_id(ids.trace_id), hex::of_span_id(ids.span_id))),
        parent_id: ids.and_then(|ids| ids.parent_id).map(hex::of_span_id),
        decision,
    }
}

impl Written {
    /// `None` for headers that have nothing to say.
    pub(super) fn values(&self) -> Values<'_> {
        let trace_id = self.ids.as_ref().map(|(trace_id, _)| hex::without_zero_half(trace_id));
        let span_id = self.ids.as_ref().map(|(_, span_id)| span_id.as_slice());
        let parent_id = self.parent_id.as_ref().map(<[u8; 16]>::as_slice);
        let (sampled, flags): (Option<&[u8]>, Option<&[u8]>) = match self.decision {
            Some(SamplingDecision::Debug) => (None, Some(b"1")),
            Some(SamplingDecision::Accept) => (Some(b"1"), None),
            Some(SamplingDecision::Deny) => (Some(b"0"), None),
            None => (None, None),
        };
        [trace_id, span_id, parent_id, sampled, flags]
    }
}

type IdDigits<'v> = (Option<&'v [u8]>, Option<&'v [u8]>, Option<&'v [u8]>);

fn ids(digits: IdDigits<'_>) -> Result<Option<Ids>, B3MultiError> {
    use B3MultiError as Error;

    let (trace_digits, span_digits, parent_digits) = match digits {
        (None, None, None) => return Ok(None),
        (None, ..) => return Err(Error::NoTraceId),
        (_, None, _) => return Err(Error::NoSpanId),
        (Some(trace_digits), Some(span_digits), parent) => (trace_digits, span_digits, parent),
    };
    if let Some((trace_id, span_id)) =
        usual_ids(trace_digits, span_digits).filter(|_| parent_digits.is_none())
    {
        return Ok(Some(Ids { trace_id, span_id, parent_id: None }));
    }
    let parent_id = |digits| span_id(digits, Error::ParentSpanId, Error::ZeroParentSpanId);
    Ok(Some(Ids {
        trace_id: trace_id(trace_digits, Error::TraceId, Error::ZeroTraceId)?,
        span_id: span_id(span_digits, Error::SpanId, Error::ZeroSpanId)?,
        parent_id: parent_digits.map(parent_id).transpose()?,
    }))
}

fn decision(sampled: Option<&[u8]>, flags: Option<&[u8]>) -> Result<Option<SamplingDecision>, B3MultiError> {
    let is = |value: &[u8], digit: &[u8], word: &[u8]| value == digit || value.eq_ignore_ascii_case(word);
    let sampled = match sampled {
        None => None,
        Some(value) if is(value, b"1", b"true") => Some(SamplingDecision::Accept),
        Some(value) if is(value, b"0", b"false") => Some(SamplingDecision::Deny),
        Some(_) => return Err(B3MultiError::Sampled),
    };
    let is_debug = flags == Some(b"1");
    Ok(if is_debug { Some(SamplingDecision::Debug) } else { sampled })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;
    use crate::codec::field::firsts;

    const TRACE: (&str, &str) = ("X-B3-TraceId", "4bf92f3577b34da6a3ce929d0e0e4736");
    const SPAN: (&str, &str) = ("X-B3-SpanId", "00f067aa0ba902b7");
    const PARENT: (&str, &str) = ("X-B3-ParentSpanId", "05e3ac9a4f6e3b90");

    fn extract(headers: &[(&str, &str)]) -> Result<Option<State>, B3MultiError> {
        super::extract(firsts(&Pairs(headers), FIELDS))
    }

    #[test]
    fn a_part_that_is_missing_or_malformed_is_named() {
        use B3MultiError as Error;

        let cases = [
            (vec![TRACE], Error::NoSpanId),
            (vec![SPAN], Error::NoTraceId),
            (vec![PARENT, ("x-b3-sampled", "1")], Error::NoTraceId),
            (vec![("x-b3-traceid", ""), SPAN], Error::TraceId),
            (vec![("X-B3-TraceId", "0000000000000000"), SPAN], Error::ZeroTraceId),
            (vec![TRACE, ("x-b3-spanid", "00F067AA0BA902B7")], Error::SpanId),
            (vec![TRACE, ("x-b3-spanid", "0000000000000000")], Error::ZeroSpanId),
            (vec![TRACE, SPAN, ("x-b3-parentspanid", "")], Error::ParentSpanId),
            (vec![TRACE, SPAN, ("x-b3-parentspanid", "0000000000000000")], Error::ZeroParentSpanId),
            (vec![TRACE, SPAN, ("x-b3-sampled", "2")], Error::Sampled),
            (vec![("x-b3-sampled", "d"), ("x-b3-flags", "1")], Error::Sampled),
        ];
        for (headers, error) in cases {
            assert_eq!(extract(&headers), Err(error), "{headers:?}");
            assert!(error.to_string().starts_with(error.field()), "{error}");
        }
    }

    #[test]
    fn flags_other_than_debug_say_nothing() {
        for value in ["", "0", "2", "d", "true", "11"] {
            assert_eq!(extract(&[("x-b3-flags", value)]), Ok(None), "{value}");
        }
        let debug = Some(State { ids: None, decision: Some(SamplingDecision::Debug) });
        assert_eq!(extract(&[("x-b3-flags", " 1\t")]), Ok(debug));
    }
}
