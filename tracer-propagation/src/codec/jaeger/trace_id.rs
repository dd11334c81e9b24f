//! `uber-trace-id`: which span calls, in which trace, and what is decided about it.
//!
//! ```text
//! 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1
//! │                                │                │ └ flags: 1 sampled, 2 debug, 8 firehose
//! │                                │                └ the parent's span id; zero if there is none
//! │                                └ span id, not zero
//! └ trace id, not zero
//!
//! uber-trace-id = trace-id ":" span-id ":" parent-id ":" flags
//! trace-id      = 1*32HEXDIG      of either case; fewer digits: zeros on the left
//! span-id       = 1*16HEXDIG
//! parent-id     = 1*16HEXDIG
//! flags         = 1*2HEXDIG       bits without a meaning are ignored
//! ```
//! Some clients escape the colons: `%3A` stands for `:` where there is no colon.

use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};

use super::JaegerError;
use crate::carrier::Field;
use crate::codec::error::told;
use crate::codec::hex;
use crate::text::Buffer;

pub(super) static FIELD: Field = Field::new("uber-trace-id");

/// The longest value: all digits, and the delimiters escaped.
pub(super) const READ_BYTES_MAX: usize = 32 + 3 + 16 + 3 + 16 + 3 + 2;

/// The longest value that is written.
pub(super) const WRITTEN_BYTES_MAX: usize = 32 + 1 + 16 + 1 + 16 + 1 + 1;

/// Jaeger's bits and ours.
const FLAGS: [(u8, TraceFlags); 3] =
    [(0x01, TraceFlags::SAMPLED), (0x02, TraceFlags::DEBUG), (0x08, TraceFlags::FIREHOSE)];

/// The context of a value, which has no blanks around it.
pub(super) fn parse(value: &[u8]) -> Result<SpanContext, JaegerError> {
    // What most clients write, in one look; anything else part by part.
    parse_usual(value).map_or_else(|| parse_parts(value), Ok)
}

/// A value with 32 and 16 lower-case digits, no parent, and one digit of flags.
fn parse_usual(value: &[u8]) -> Option<SpanContext> {
    let (trace_id, [b':', rest @ ..]) = value.split_first_chunk()? else { return None };
    let (span_id, [b':', b'0', b':', flags]) = rest.split_first_chunk()? else { return None };
    let (trace_id, span_id) = hex::decode_ids(trace_id, span_id)?;
    let context =
        SpanContext::new(trace_id, span_id, flags_of(flags.checked_sub(b'0').filter(|bits| *bits < 10)?));
    context.is_valid().then_some(context)
}

/// Any value, or what is wrong with it.
#[cold]
fn parse_parts(value: &[u8]) -> Result<SpanContext, JaegerError> {
    use JaegerError as Error;

    if value.len() > READ_BYTES_MAX {
        return Err(Error::TooLong(told(value.len())));
    }
    let mut unescaped = Buffer::new();
    let is_colon = |byte: &u8| *byte == b':';
    let mut parts = value.split(is_colon);
    let mut first = parts.next();
    if first == Some(value) {
        parts = unescape(value, &mut unescaped).split(is_colon);
        first = parts.next();
    }
    let trace_id = TraceId::from_bytes(part(first, Error::TraceId)?);
    let span_id = SpanId::from_bytes(part(parts.next(), Error::SpanId)?);
    let parent_id = SpanId::from_bytes(part(parts.next(), Error::ParentSpanId)?);
    let [bits] = part(parts.next(), Error::Flags)?;
    if parts.next().is_some() {
        return Err(Error::Parts);
    }
    if !trace_id.is_valid() {
        return Err(Error::ZeroTraceId);
    }
    if !span_id.is_valid() {
        return Err(Error::ZeroSpanId);
    }
    Ok(SpanContext::new(trace_id, span_id, flags_of(bits)).with_parent_id(parent_id))
}

fn flags_of(bits: u8) -> TraceFlags {
    let set = FLAGS.iter().filter(|(bit, _)| bits & bit != 0);
    set.fold(TraceFlags::NONE, |flags, (_, flag)| flags.with(*flag))
}

fn part<const N: usize>(digits: Option<&[u8]>, malformed: JaegerError) -> Result<[u8; N], JaegerError> {
    digits.and_then(hex::decode_padded).ok_or(malformed)
}

/// The value with its colons.
fn unescape<'b>(value: &[u8], unescaped: &'b mut Buffer<READ_BYTES_MAX>) -> &'b [u8] {
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        let (byte, after) = match rest {
            [b'%', b'3', b'A' | b'a', after @ ..] => (b':', after),
            _ => (*first, tail),
        };
        unescaped.push(&[byte]);
        rest = after;
    }
    unescaped.as_bytes()
}

/// The value of a context that has ids.
pub(super) fn format(context: &SpanContext) -> Buffer<WRITTEN_BYTES_MAX> {
    let set = FLAGS.iter().filter(|(_, flag)| context.flags().contains(*flag));
    let [_, flags] = hex::encode(&[set.fold(0, |bits, (bit, _)| bits | bit)]);
    if hex::has_both_halves(context.trace_id()) && !context.parent_id().is_valid() {
        return format_usual(context, flags);
    }
    let mut value = Buffer::new();
    value.push(hex::without_zero_half(&hex::of_trace_id(context.trace_id())));
    value.push(b":");
    value.push(&hex::of_span_id(context.span_id()));
    value.push(b":");
    if context.parent_id().is_valid() {
        value.push(&hex::of_span_id(context.parent_id()));
    } else {
        value.push(b"0");
    }
    value.push(b":");
    value.push(&[flags]);
    value
}

/// With 32 digits and no parent, and so of a known length: written in its place.
fn format_usual(context: &SpanContext, flags: u8) -> Buffer<WRITTEN_BYTES_MAX> {
    let mut value = Buffer::of(b"00000000000000000000000000000000:0000000000000000:0:0");
    if let Some((trace_id, [_, rest @ ..])) = value.as_mut_bytes().split_first_chunk_mut() {
        *trace_id = hex::of_trace_id(context.trace_id());
        if let Some((span_id, [.., last])) = rest.split_first_chunk_mut() {
            (*span_id, *last) = (hex::of_span_id(context.span_id()), flags);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: &str = "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:05e3ac9a4f6e3b90:b";

    fn written(context: &SpanContext) -> String {
        String::from_utf8(format(context).as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_context_is_written_as_it_was_read() {
        for value in
            [LONGEST, "a3ce929d0e0e4736:00f067aa0ba902b7:0:0", "a3ce929d0e0e4736:00f067aa0ba902b7:0:8"]
        {
            assert_eq!(written(&parse(value.as_bytes()).unwrap()), value);
        }
        let escaped = format!("{}0B", LONGEST.strip_suffix('b').unwrap()).replace(':', "%3a").to_uppercase();
        assert_eq!(escaped.len(), READ_BYTES_MAX);
        assert_eq!(written(&parse(escaped.as_bytes()).unwrap()), LONGEST);
        assert_eq!(
            written(&parse(b"1:2:3:ff").unwrap()),
            "0000000000000001:0000000000000002:0000000000000003:b"
        );
    }

    #[test]
    fn what_is_read_in_one_look_is_what_its_parts_say() {
        let usual = *b"4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1";
        assert!(parse_usual(&usual).is_some());
        for (at, byte) in (0..usual.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut value = usual;
            value[at] = byte;
            let context = parse_usual(&value);
            assert!(context.is_none() || context == parse_parts(&value).ok(), "{byte:#x} at {at}");
        }
    }

    #[test]
    fn every_byte_at_every_place_is_right_or_refused() {
        for (at, byte) in (0..LONGEST.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut value = LONGEST.as_bytes().to_vec();
            value[at] = byte;
            let is_right = match at {
                32 | 49 | 66 => byte == b':',
                _ => byte.is_ascii_hexdigit(),
            };
            assert_eq!(parse(&value).is_ok(), is_right, "{byte:#x} at {at}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        use JaegerError as Error;

        let cases = [
            ("", Error::TraceId),
            ("%", Error::TraceId),
            ("1:2:3", Error::Flags),
            ("1:2:3:", Error::Flags),
            ("1:2:3:001", Error::Flags),
            ("1:2:3:1:", Error::Parts),
            ("0:2:3:1", Error::ZeroTraceId),
            ("1:0000:3:1", Error::ZeroSpanId),
            ("1:2::1", Error::ParentSpanId),
            ("1:2%3A3:1", Error::SpanId),
            ("1:+2:3:1", Error::SpanId),
            ("1:11111111111111111:3:1", Error::SpanId),
        ];
        for (value, error) in cases {
            assert_eq!(parse(value.as_bytes()), Err(error), "{value}");
        }
        assert_eq!(parse(&[b'1'; 1 << 20]), Err(Error::TooLong(1 << 20)));
    }
}
