//! Jaeger's own format: `uber-trace-id`, baggage, and a debug id.
//!
//! ```text
//! uber-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1       jaeger/trace_id
//! uberctx-city: S%C3%A3o%20Paulo            one header for each baggage item  jaeger/baggage
//! jaeger-baggage: k1=v1, k2=v2              baggage that a person writes
//! jaeger-debug-id: find-me                  a trace that a person asks for
//! ```
//! (Jaeger's client libraries, "Propagation format".) Baggage and a debug id are also read without a
//! trace; beside a trace the debug id says nothing.

mod baggage;
mod trace_id;
mod url;

use tracer_core::SpanContext;

use crate::carrier::{Extractor, Field, Found, Injector};
use crate::codec::error::told;
use crate::codec::field::{set_or_remove, write};
use crate::codec::{Codec, ExtractError, Extracted, InjectError};
use crate::text::{self, Buffer};

use self::baggage::{BYTES_MAX, ITEMS_MAX};
use self::trace_id::READ_BYTES_MAX as TRACE_ID_BYTES_MAX;

static DEBUG_ID: Field = Field::new("jaeger-debug-id");
static FIELDS: [&Field; 3] = [&trace_id::FIELD, &baggage::FIELD, &DEBUG_ID];
static PREFIXES: [&str; 1] = [baggage::PREFIX];

/// The most bytes of a debug id; a longer one is not used.
const DEBUG_ID_BYTES_MAX: usize = 1024;

/// Why a part of Jaeger's headers is not used. The others are: a malformed trace costs neither baggage
/// nor debug id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JaegerError {
    /// There are more bytes than the longest value has; so many.
    #[error("uber-trace-id: {0} bytes, more than {TRACE_ID_BYTES_MAX}")]
    TooLong(u32),
    /// The trace id is not 1 to 32 hexadecimal digits.
    #[error("uber-trace-id: the trace id is not 1 to 32 hexadecimal digits")]
    TraceId,
    /// The trace id is zero.
    #[error("uber-trace-id: the trace id is zero")]
    ZeroTraceId,
    /// The span id is not 1 to 16 hexadecimal digits, or there is none.
    #[error("uber-trace-id: the span id is not 1 to 16 hexadecimal digits")]
    SpanId,
    /// The span id is zero.
    #[error("uber-trace-id: the span id is zero")]
    ZeroSpanId,
    /// The parent's span id is not 1 to 16 hexadecimal digits, or there is none.
    #[error("uber-trace-id: the parent span id is not 1 to 16 hexadecimal digits")]
    ParentSpanId,
    /// The flags are not one or two hexadecimal digits, or there are none.
    #[error("uber-trace-id: the flags are not 1 or 2 hexadecimal digits")]
    Flags,
    /// There is a fifth part.
    #[error("uber-trace-id: more than four parts")]
    Parts,
    /// There is more baggage in `uberctx-` headers than what is kept; the first items are used.
    #[error("uberctx-: more than {ITEMS_MAX} items or {BYTES_MAX} bytes")]
    UberctxLimit,
    /// With `jaeger-baggage` there is more baggage than what is kept; the first items are used.
    #[error("jaeger-baggage: more than {ITEMS_MAX} items or {BYTES_MAX} bytes")]
    BaggageLimit,
    /// The debug id is too long; so many bytes.
    #[error("jaeger-debug-id: {0} bytes, more than {DEBUG_ID_BYTES_MAX}")]
    DebugIdTooLong(u32),
}

impl JaegerError {
    /// The header's name, or the prefix of it.
    pub(crate) const fn field(self) -> &'static str {
        match self {
            Self::UberctxLimit => baggage::PREFIX,
            Self::BaggageLimit => baggage::FIELD.name(),
            Self::DebugIdTooLong(_) => DEBUG_ID.name(),
            _ => trace_id::FIELD.name(),
        }
    }
}

/// Jaeger's format. Properties of baggage items have no place in it and are not written.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
/// use tracer_propagation::{Codec, Jaeger};
///
/// let ids = (TraceId::from_bytes([0x4b; 16]), SpanId::from_bytes([7; 8]));
/// let context = SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED).with_baggage_item("city", "São Paulo");
/// let mut headers = HashMap::new();
/// Jaeger.inject(&context, &mut headers)?;
/// assert_eq!(headers["uber-trace-id"], "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b:0707070707070707:0:1");
/// assert_eq!(headers["uberctx-city"], "S%C3%A3o%20Paulo");
///
/// assert_eq!(Jaeger.extract(&headers)?.parent(), Some(context.into_remote()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jaeger;

impl Codec for Jaeger {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let mut found = [Found::Absent; FIELDS.len()];
        carrier.find_all(&FIELDS, &mut found);
        let [trace_id, list, debug_id] = found;
        let trace_id = trace_id.first().map(text::trim);
        let (mut extracted, mut error) = match trace_id.map(trace_id::parse).transpose() {
            Ok(context) => (context.map(Extracted::from_context).unwrap_or_default(), None),
            Err(error) => (Extracted::default(), Some(error)),
        };
        let (baggage, baggage_error) = baggage::extract(list, carrier);
        extracted.baggage = baggage;
        error = error.or(baggage_error);
        if extracted.context.is_none() {
            match read_debug_id(debug_id.first().map(text::trim)) {
                Ok(debug_id) => extracted.debug_id = debug_id,
                Err(too_long) => error = error.or(Some(too_long)),
            }
        }
        match error {
            Some(error) if extracted.is_empty() => Err(error.into()),
            _ => Ok(Extracted { error: error.map(ExtractError::from), ..extracted }),
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let value = context.is_valid().then(|| trace_id::format(context));
        let trace_id = write(
            carrier,
            [
                (&trace_id::FIELD, value.as_ref().map(Buffer::as_bytes)),
                (&DEBUG_ID, None),
                (&baggage::FIELD, None),
            ],
            &PREFIXES,
        );
        let baggage = baggage::inject(context.baggage(), carrier);
        trace_id.and(baggage)
    }

    /// A debug id is passed on where no trace has begun.
    fn forward(&self, extracted: &Extracted, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let injected = self.inject(&extracted.parent().unwrap_or_default(), carrier);
        let debug_id = extracted.debug_id.as_deref().filter(|_| extracted.context.is_none());
        let debug_id = set_or_remove(carrier, &DEBUG_ID, debug_id.map(str::as_bytes));
        injected.and(debug_id)
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }

    fn prefixes(&self) -> &[&'static str] {
        &PREFIXES
    }
}

fn read_debug_id(value: Option<&[u8]>) -> Result<Option<Box<str>>, JaegerError> {
    match value {
        None | Some([]) => Ok(None),
        Some(value) if value.len() > DEBUG_ID_BYTES_MAX => {
            Err(JaegerError::DebugIdTooLong(told(value.len())))
        }
        Some(value) => Ok(Some(String::from_utf8_lossy(value).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    #[test]
    fn a_malformed_trace_costs_neither_baggage_nor_debug_id() {
        let headers = [("uber-trace-id", "1:2:3"), ("uberctx-a", "1"), ("jaeger-debug-id", "find-me")];
        let extracted = Jaeger.extract(&Pairs(&headers)).unwrap();
        assert_eq!((extracted.context.as_ref(), extracted.decision), (None, None));
        assert_eq!(extracted.baggage.get("a"), Some("1"));
        assert_eq!(extracted.debug_id.as_deref(), Some("find-me"));
        assert_eq!(extracted.error, Some(JaegerError::Flags.into()));
    }

    #[test]
    fn a_debug_id_is_passed_on_only_without_a_trace() {
        let mut extracted = Jaeger.extract(&Pairs(&[("jaeger-debug-id", "find-me")])).unwrap();
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        Jaeger.forward(&extracted, &mut headers).unwrap();
        assert_eq!(headers, [("jaeger-debug-id".to_owned(), b"find-me".to_vec())]);
        extracted.context = Jaeger.extract(&Pairs(&[("uber-trace-id", "1:2:0:1")])).unwrap().context;
        Jaeger.forward(&extracted, &mut headers).unwrap();
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[0].0, "uber-trace-id");
    }

    #[test]
    fn an_empty_debug_id_is_none_and_an_endless_one_is_refused() {
        assert_eq!(Jaeger.extract(&Pairs(&[("jaeger-debug-id", " ")])), Ok(Extracted::default()));
        let endless = "x".repeat(1025);
        let error = Jaeger.extract(&Pairs(&[("jaeger-debug-id", &endless)])).unwrap_err();
        assert_eq!(error, JaegerError::DebugIdTooLong(1025).into());
    }
}
