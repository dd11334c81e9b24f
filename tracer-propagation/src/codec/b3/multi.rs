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
use crate::codec::{ExtractError, ExtractReason, SamplingDecision, hex};

pub(super) static TRACE_ID: Field = Field::new("x-b3-traceid");
pub(super) static SPAN_ID: Field = Field::new("x-b3-spanid");
pub(super) static PARENT_SPAN_ID: Field = Field::new("x-b3-parentspanid");
pub(super) static SAMPLED: Field = Field::new("x-b3-sampled");
pub(super) static FLAGS: Field = Field::new("x-b3-flags");

pub(super) static FIELDS: [&Field; 5] = [&TRACE_ID, &SPAN_ID, &PARENT_SPAN_ID, &SAMPLED, &FLAGS];

/// Values in the order of [`FIELDS`].
type Values<'v> = [Option<&'v [u8]>; 5];

pub(super) fn extract(
    [trace, span, parent, sampled, flags]: Values<'_>,
) -> Result<Option<State>, ExtractError> {
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

fn ids(digits: IdDigits<'_>) -> Result<Option<Ids>, ExtractError> {
    let (trace_digits, span_digits, parent_digits) = match digits {
        (None, None, None) => return Ok(None),
        (None, ..) => return Err(ExtractError::new(TRACE_ID.name(), ExtractReason::Missing)),
        (_, None, _) => return Err(ExtractError::new(SPAN_ID.name(), ExtractReason::Missing)),
        (Some(trace_digits), Some(span_digits), parent) => (trace_digits, span_digits, parent),
    };
    if let Some((trace_id, span_id)) =
        usual_ids(trace_digits, span_digits).filter(|_| parent_digits.is_none())
    {
        return Ok(Some(Ids { trace_id, span_id, parent_id: None }));
    }
    let read = |field: &'static Field, digits| {
        span_id(digits, "span id").map_err(|reason| ExtractError::new(field.name(), reason))
    };
    Ok(Some(Ids {
        trace_id: trace_id(trace_digits).map_err(|reason| ExtractError::new(TRACE_ID.name(), reason))?,
        span_id: read(&SPAN_ID, span_digits)?,
        parent_id: parent_digits.map(|digits| read(&PARENT_SPAN_ID, digits)).transpose()?,
    }))
}

fn decision(sampled: Option<&[u8]>, flags: Option<&[u8]>) -> Result<Option<SamplingDecision>, ExtractError> {
    let is = |value: &[u8], digit: &[u8], word: &[u8]| value == digit || value.eq_ignore_ascii_case(word);
    let sampled = match sampled {
        None => None,
        Some(value) if is(value, b"1", b"true") => Some(SamplingDecision::Accept),
        Some(value) if is(value, b"0", b"false") => Some(SamplingDecision::Deny),
        Some(_) => return Err(ExtractError::new(SAMPLED.name(), ExtractReason::State)),
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

    fn extract(headers: &[(&str, &str)]) -> Result<Option<State>, ExtractError> {
        super::extract(firsts(&Pairs(headers), FIELDS))
    }

    #[test]
    fn a_part_that_is_missing_or_malformed_is_named() {
        let missing = ExtractReason::Missing;
        let cases = [
            (vec![TRACE], "x-b3-spanid", missing),
            (vec![SPAN], "x-b3-traceid", missing),
            (vec![PARENT, ("x-b3-sampled", "1")], "x-b3-traceid", missing),
            (
                vec![TRACE, SPAN, ("x-b3-parentspanid", "")],
                "x-b3-parentspanid",
                ExtractReason::Hex("span id"),
            ),
            (vec![TRACE, SPAN, ("x-b3-sampled", "2")], "x-b3-sampled", ExtractReason::State),
            (vec![("x-b3-sampled", "d"), ("x-b3-flags", "1")], "x-b3-sampled", ExtractReason::State),
            (
                vec![("X-B3-TraceId", "0000000000000000"), SPAN],
                "x-b3-traceid",
                ExtractReason::ZeroId("trace id"),
            ),
        ];
        for (headers, field, reason) in cases {
            assert_eq!(extract(&headers), Err(ExtractError::new(field, reason)), "{headers:?}");
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
