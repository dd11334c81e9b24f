//! `traceparent`: which span calls, in which trace, and whether it is recorded.
//!
//! ```text
//! 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//! │  │                                │                └ flags: 01 sampled, 02 random trace id
//! │  │                                └ parent-id, 16 digits, not all zero
//! │  └ trace-id, 32 digits, not all zero
//! └ version
//!
//! traceparent = version "-" trace-id "-" parent-id "-" trace-flags [ "-" *OCTET ]
//! version     = 2HEXDIGLC    "ff" is forbidden; 00 ends after the flags, a higher one need not
//! HEXDIGLC    = 0-9 / a-f    lower case only, in all four parts
//! ```
//! (Trace Context Level 2, section 3.2.) Exactly one field value; blanks and tabs around it are
//! not part of it.

use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};

use crate::carrier::Field;
use crate::codec::error::told;
use crate::codec::hex;
use crate::text;

pub(super) static FIELD: Field = Field::new("traceparent");

/// The length of version 00, and the least of any other.
const BYTES: usize = 55;

/// Version 00 ends after its flags.
const VERSION: u8 = 0;
const VERSION_FORBIDDEN: u8 = 0xff;

/// Why a `traceparent` is not used. The header says then nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceparentError {
    /// The header is there more than once.
    #[error("traceparent: more than one value")]
    Repeated,
    /// There are fewer than 55 bytes; so many.
    #[error("traceparent: {0} bytes, fewer than {BYTES}")]
    TooShort(u32),
    /// A dash is missing: between two parts, or before what a version to come has behind them.
    #[error("traceparent: no dash at byte {0}")]
    Dash(u8),
    /// The version is not two lower-case hexadecimal digits.
    #[error("traceparent: the version is not 2 lower-case hexadecimal digits")]
    Version,
    /// The version is ff.
    #[error("traceparent: version ff is forbidden")]
    ForbiddenVersion,
    /// The trace-id is not 32 lower-case hexadecimal digits.
    #[error("traceparent: the trace-id is not 32 lower-case hexadecimal digits")]
    TraceId,
    /// The trace-id is all zero.
    #[error("traceparent: the trace-id is zero")]
    ZeroTraceId,
    /// The parent-id is not 16 lower-case hexadecimal digits.
    #[error("traceparent: the parent-id is not 16 lower-case hexadecimal digits")]
    ParentId,
    /// The parent-id is all zero.
    #[error("traceparent: the parent-id is zero")]
    ZeroParentId,
    /// The trace-flags are not two lower-case hexadecimal digits.
    #[error("traceparent: the trace-flags are not 2 lower-case hexadecimal digits")]
    TraceFlags,
    /// Version 00 has something behind its trace-flags; so many bytes there are in all.
    #[error("traceparent: {0} bytes, and version 00 has {BYTES}")]
    TooLong(u32),
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: TraceFlags,
}

impl Parent {
    #[inline]
    pub(super) fn context(self) -> SpanContext {
        SpanContext::new(self.trace_id, self.span_id, self.flags).into_remote()
    }
}

/// A value as nearly all senders write it, read in one look: of version 00, without a mistake, blanks or
/// unknown flags.
#[inline(always)]
pub(super) fn parse_usual(value: &[u8]) -> Option<Parent> {
    let value: &[u8; BYTES] = value.try_into().ok()?;
    let [b'0', b'0', b'-', rest @ ..] = value else { return None };
    let (trace_id, rest) = rest.split_first_chunk()?;
    let [b'-', rest @ ..] = rest else { return None };
    let (span_id, rest) = rest.split_first_chunk()?;
    let [b'-', b'0', flags @ b'0'..=b'3'] = rest else { return None };
    let (trace_id, span_id) = hex::decode_ids(trace_id, span_id)?;
    let parent = Parent { trace_id, span_id, flags: TraceFlags::from_w3c(*flags) };
    (trace_id.is_valid() && span_id.is_valid()).then_some(parent)
}

/// Any value, part by part, or what is wrong with it.
#[cold]
pub(super) fn parse(value: &[u8]) -> Result<Parent, TraceparentError> {
    use TraceparentError as Error;

    let value = text::trim(value);
    let Some((fixed, tail)) = value.split_first_chunk::<BYTES>() else {
        return Err(Error::TooShort(told(value.len())));
    };
    let mut rest = fixed.as_slice();
    let [version] = part(&mut rest, Error::Version)?;
    dash(&mut rest, 2)?;
    let trace_id = TraceId::from_bytes(part(&mut rest, Error::TraceId)?);
    dash(&mut rest, 35)?;
    let span_id = SpanId::from_bytes(part(&mut rest, Error::ParentId)?);
    dash(&mut rest, 52)?;
    let [flags] = part(&mut rest, Error::TraceFlags)?;
    match (version, tail) {
        (VERSION_FORBIDDEN, _) => return Err(Error::ForbiddenVersion),
        (_, []) => {}
        (VERSION, _) => return Err(Error::TooLong(told(value.len()))),
        (_, mut tail) => dash(&mut tail, 55)?,
    }
    if !trace_id.is_valid() {
        return Err(Error::ZeroTraceId);
    }
    if !span_id.is_valid() {
        return Err(Error::ZeroParentId);
    }
    Ok(Parent { trace_id, span_id, flags: TraceFlags::from_w3c(flags) })
}

/// Takes a part of `N` bytes, written as twice as many digits.
#[inline(always)]
fn part<const N: usize>(rest: &mut &[u8], malformed: TraceparentError) -> Result<[u8; N], TraceparentError> {
    let (digits, after) = rest.split_at_checked(2 * N).ok_or(malformed)?;
    *rest = after;
    hex::decode(digits).ok_or(malformed)
}

/// Takes a dash, which stands at that byte of the value.
const fn dash(rest: &mut &[u8], at: u8) -> Result<(), TraceparentError> {
    let [b'-', after @ ..] = *rest else { return Err(TraceparentError::Dash(at)) };
    *rest = after;
    Ok(())
}

/// The value of a context; none that may be sent if an id is missing.
#[inline(always)]
pub(super) fn format(context: &SpanContext) -> [u8; BYTES] {
    let mut value = *b"00-00000000000000000000000000000000-0000000000000000-00";
    let [_, _, _, rest @ ..] = &mut value;
    if let Some((trace_id, [_, rest @ ..])) = rest.split_first_chunk_mut() {
        *trace_id = hex::of_trace_id(context.trace_id());
        if let Some((span_id, [.., flags])) = rest.split_first_chunk_mut() {
            *span_id = hex::of_span_id(context.span_id());
            *flags = b'0' + context.flags().to_w3c();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_written_as_it_was_read() {
        let context = parse(VALID.as_bytes()).unwrap().context();
        assert_eq!(format(&context), VALID.as_bytes());
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
        assert!(context.is_sampled());
    }

    #[test]
    fn every_cut_value_is_refused() {
        for length in 0..BYTES {
            let cut = VALID.as_bytes().split_at(length).0;
            assert_eq!(parse(cut), Err(TraceparentError::TooShort(told(length))));
        }
    }

    /// Whatever stands at a place, the value is refused unless it is right there.
    #[test]
    fn every_byte_at_every_place_is_right_or_refused() {
        for (at, byte) in (0..BYTES).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut value: [u8; BYTES] = VALID.as_bytes().try_into().unwrap();
            value[at] = byte;
            let is_right = match at {
                2 | 35 | 52 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            };
            assert_eq!(parse(&value).is_ok(), is_right, "{byte:#x} at {at}");
            let usual = parse_usual(&value);
            assert!(usual.is_none() || usual == parse(&value).ok(), "{byte:#x} at {at}");
            // The version, and the flags that have no meaning yet.
            assert_eq!(
                usual.is_some(),
                is_right && !matches!(at, 0 | 1 | 53) && (at != 54 || byte < b'4')
                    || value == *VALID.as_bytes()
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        use TraceparentError as Error;

        let cases = [
            ("0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Error::Version),
            ("000-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", Error::Dash(2)),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Error::ForbiddenVersion),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.", Error::ForbiddenVersion),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", Error::TooLong(56)),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.", Error::Dash(55)),
            ("00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Error::TraceId),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-+0f067aa0ba902b7-01", Error::ParentId),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1", Error::TraceFlags),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736.00f067aa0ba902b7-01", Error::Dash(35)),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7001", Error::Dash(52)),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", Error::ZeroTraceId),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01-x", Error::ZeroParentId),
        ];
        for (value, error) in cases {
            assert_eq!(parse(value.as_bytes()), Err(error), "{value}");
        }
    }
}
