//! `grpc-trace-bin`: OpenCensus's binary format, in gRPC metadata and in messages.
//!
//! ```text
//! 00  00 4bf92f3577b34da6a3ce929d0e0e4736  01 00f067aa0ba902b7  02 01
//! │   │                                    │                    └ field 2: options, bit 0 sampled
//! │   │                                    └ field 1: span id, 8 bytes, not all zero
//! │   └ field 0: trace id, 16 bytes, not all zero
//! └ version
//!
//! block  = %x00 *field [ unknown-id *OCTET ]       fields in any order, the last of an id counts
//! field  = %x00 16OCTET / %x01 8OCTET / %x02 OCTET
//! header = base64 of a block, padded or not        written without padding
//! ```
//! (OpenCensus, "BinaryEncoding".) Reading ends at the first id that is unknown. Without options the
//! trace is not recorded.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::error::told;
use crate::codec::field::{first, set_or_remove};
use crate::codec::{Codec, ExtractError, Extracted, InjectError};

static FIELD: Field = Field::new("grpc-trace-bin");
static FIELDS: [&Field; 1] = [&FIELD];

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const VERSION: u8 = 0;
const TRACE_ID: u8 = 0;
const SPAN_ID: u8 = 1;
const OPTIONS: u8 = 2;
const OPTION_SAMPLED: u8 = 0x01;

/// A block as it is written.
const BYTES: usize = 1 + (1 + 16) + (1 + 8) + (1 + 1);

/// The most bytes of a block that is read from a header: room for fields yet unknown.
const READ_BYTES_MAX: usize = 384;

/// The same in base64.
const READ_CHARACTERS_MAX: usize = READ_BYTES_MAX / 3 * 4;

/// Why a `grpc-trace-bin` is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcTraceBinError {
    /// The header is longer than what is read; so many characters.
    #[error("grpc-trace-bin: {0} characters, more than {READ_CHARACTERS_MAX}")]
    TooLong(u32),
    /// The header is no base64.
    #[error("grpc-trace-bin: no base64")]
    Base64,
    /// The block has no byte.
    #[error("grpc-trace-bin: empty")]
    Empty,
    /// The version is another one than 0.
    #[error("grpc-trace-bin: version {0}")]
    Version(u8),
    /// The block ends within the field of that id.
    #[error("grpc-trace-bin: field {0} is cut")]
    Cut(u8),
    /// The trace id is missing or all zero.
    #[error("grpc-trace-bin: the trace id is missing or zero")]
    NoTraceId,
    /// The span id is missing or all zero.
    #[error("grpc-trace-bin: the span id is missing or zero")]
    NoSpanId,
}

/// `grpc-trace-bin` as a header, and its bytes for message queues.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
/// use tracer_propagation::{Codec, GrpcTraceBin};
///
/// let context = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED);
/// let mut metadata = HashMap::new();
/// GrpcTraceBin.inject(&context, &mut metadata)?;
/// assert_eq!(metadata["grpc-trace-bin"], "AAABAQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgE");
/// assert_eq!(GrpcTraceBin.extract(&metadata)?.context, Some(context.clone().into_remote()));
///
/// let bytes = GrpcTraceBin::to_bytes(&context).unwrap_or_default();
/// assert_eq!(GrpcTraceBin::from_bytes(&bytes)?, context.into_remote());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrpcTraceBin;

impl GrpcTraceBin {
    /// Reads a block.
    ///
    /// # Errors
    /// If its version is not 0, a field is cut, or an id is missing or zero.
    pub fn from_bytes(block: &[u8]) -> Result<SpanContext, GrpcTraceBinError> {
        parse(block)
    }

    /// Writes a block of 29 bytes; `None` if the context lacks an id.
    #[must_use]
    pub fn to_bytes(context: &SpanContext) -> Option<[u8; BYTES]> {
        context.is_valid().then(|| format(context))
    }
}

impl Codec for GrpcTraceBin {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let Some(value) = first(carrier, &FIELD) else { return Ok(Extracted::default()) };
        Ok(Extracted::from_context(decode(value)?))
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let mut characters = [0; (BYTES * 4).div_ceil(3)];
        let length =
            Self::to_bytes(context).and_then(|block| BASE64.encode_slice(block, &mut characters).ok());
        set_or_remove(carrier, &FIELD, length.and_then(|length| characters.get(..length)))
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}

fn decode(value: &[u8]) -> Result<SpanContext, GrpcTraceBinError> {
    if value.len() > READ_CHARACTERS_MAX {
        return Err(GrpcTraceBinError::TooLong(told(value.len())));
    }
    let mut block = [0; READ_BYTES_MAX];
    let length = BASE64.decode_slice(value, &mut block).map_err(|_| GrpcTraceBinError::Base64)?;
    parse(block.get(..length).unwrap_or_default())
}

fn parse(block: &[u8]) -> Result<SpanContext, GrpcTraceBinError> {
    let mut rest = match block {
        [VERSION, rest @ ..] => rest,
        [version, ..] => return Err(GrpcTraceBinError::Version(*version)),
        [] => return Err(GrpcTraceBinError::Empty),
    };
    let (mut trace_id, mut span_id, mut options) = ([0; 16], [0; 8], 0);
    while let [id, after @ ..] = rest {
        rest = after;
        match *id {
            TRACE_ID => trace_id = take(&mut rest, *id)?,
            SPAN_ID => span_id = take(&mut rest, *id)?,
            OPTIONS => [options] = take(&mut rest, *id)?,
            _ => break,
        }
    }
    let (trace_id, span_id) = (TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id));
    if !trace_id.is_valid() {
        return Err(GrpcTraceBinError::NoTraceId);
    }
    if !span_id.is_valid() {
        return Err(GrpcTraceBinError::NoSpanId);
    }
    let is_sampled = options & OPTION_SAMPLED != 0;
    let flags = if is_sampled { TraceFlags::SAMPLED } else { TraceFlags::NONE };
    Ok(SpanContext::new(trace_id, span_id, flags).into_remote())
}

/// The value of a field.
fn take<const N: usize>(rest: &mut &[u8], id: u8) -> Result<[u8; N], GrpcTraceBinError> {
    let (value, after) = rest.split_first_chunk().ok_or(GrpcTraceBinError::Cut(id))?;
    *rest = after;
    Ok(*value)
}

fn format(context: &SpanContext) -> [u8; BYTES] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = context.trace_id().to_bytes();
    let [q, r, s, t, u, v, w, x] = context.span_id().to_bytes();
    let options = if context.is_sampled() { OPTION_SAMPLED } else { 0 };
    [
        VERSION, TRACE_ID, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, //
        SPAN_ID, q, r, s, t, u, v, w, x, //
        OPTIONS, options,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    fn context() -> SpanContext {
        let ids = (*b"a trace's bytes!", *b"a span's");
        SpanContext::new(TraceId::from_bytes(ids.0), SpanId::from_bytes(ids.1), TraceFlags::SAMPLED)
            .into_remote()
    }

    #[test]
    fn fields_come_in_any_order_and_the_last_of_an_id_counts() {
        let block = format(&context());
        let (version, fields) = block.split_at(1);
        let (trace_id, others) = fields.split_at(17);
        let (span_id, options) = others.split_at(9);
        for order in
            [[trace_id, span_id, options], [options, span_id, trace_id], [span_id, trace_id, options]]
        {
            let block = [version, &[0; 1], &[9; 16], order.concat().as_slice(), &[7, 0, 1]].concat();
            assert_eq!(parse(&block), Ok(context()));
        }
    }

    #[test]
    fn every_cut_block_is_whole_before_its_options_or_refused() {
        let block = format(&context());
        for length in 0..BYTES {
            let parsed = parse(block.split_at(length).0);
            assert_eq!(parsed.is_ok(), length == BYTES - 2, "{length}");
            assert!(parsed.is_err() || !parsed.unwrap().is_sampled());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        use GrpcTraceBinError as Error;

        let cases: [(&[u8], Error); 7] = [
            (b"", Error::Empty),
            (b"AQ", Error::Version(1)),
            (b"AA", Error::NoTraceId),
            (b"AAABAQEBAQEBAQEBAQEBAQEB", Error::NoSpanId),
            (b"AAAB", Error::Cut(0)),
            (b"A A", Error::Base64),
            (b"AA\xff\xff", Error::Base64),
        ];
        for (value, error) in cases {
            assert_eq!(decode(value), Err(error), "{value:?}");
        }
        let longest = [b'A'; READ_CHARACTERS_MAX + 1];
        assert_eq!(decode(&longest), Err(Error::TooLong(told(READ_CHARACTERS_MAX + 1))));
        // Zeros are trace ids, one after the other; the last one is cut.
        let cut = decode(longest.split_at(READ_CHARACTERS_MAX).0);
        assert_eq!(cut, Err(Error::Cut(0)));
    }

    #[test]
    fn padding_is_read_and_not_written() {
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        GrpcTraceBin.inject(&context(), &mut headers).unwrap();
        let written = String::from_utf8(headers.remove(0).1).unwrap();
        assert_eq!(written.len(), 39);
        for value in [written.clone(), written + "="] {
            let extracted = GrpcTraceBin.extract(&Pairs(&[("grpc-trace-bin", value)])).unwrap();
            assert_eq!(extracted.context, Some(context()));
        }
    }
}
