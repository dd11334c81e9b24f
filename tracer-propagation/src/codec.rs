//! What a format is: a codec reads headers into [`Extracted`] and writes a `SpanContext`.
//!
//! Absent headers are no error: what is extracted is empty. Headers that are there and cannot be
//! used are an [`ExtractError`]. Neither stops a request.

pub(crate) mod b3;
mod error;
mod extracted;
mod field;
pub(crate) mod grpc_bin;
pub(crate) mod hex;
pub(crate) mod jaeger;
mod oldest_first;
pub(crate) mod w3c;

use std::fmt;

use tracer_core::SpanContext;

use crate::carrier::{Extractor, Field, Injector};

pub use self::error::{ExtractError, InjectError, InjectReason, OtherError};
pub use self::extracted::{Extracted, SamplingDecision};

/// One format of headers.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
/// use tracer_propagation::{Codec, TraceContext};
///
/// let context = SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED);
/// let mut headers = HashMap::new();
/// TraceContext.inject(&context, &mut headers)?;
/// assert_eq!(headers["traceparent"], "00-01010101010101010101010101010101-0202020202020202-01");
/// # Ok::<(), tracer_propagation::InjectError>(())
/// ```
pub trait Codec: fmt::Debug + Send + Sync {
    /// Reads what the format's headers say; empty if there are none.
    ///
    /// # Errors
    /// If they are there and nothing in them can be used. What is wrong beside something usable is
    /// in [`Extracted::error`].
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError>;

    /// Reads likewise, for those who go on in any case, and tells each error: of several formats one for
    /// each, where [`Extracted::error`] holds only the first.
    ///
    /// ```
    /// use tracer_propagation::{Codec, Composite, Pairs};
    ///
    /// let headers = Pairs(&[("traceparent", "00-zz"), ("baggage", "a=1,b")]);
    /// let mut fields = Vec::new();
    /// let extracted = Composite::w3c().extract_reporting(&headers, &mut |error| fields.push(error.field()));
    /// assert_eq!(fields, ["traceparent", "baggage"]);
    /// assert_eq!(extracted.baggage.get("a"), Some("1"));
    /// ```
    fn extract_reporting(&self, carrier: &dyn Extractor, report: &mut dyn FnMut(ExtractError)) -> Extracted {
        let extracted = self.extract(carrier).unwrap_or_else(Extracted::from);
        if let Some(error) = extracted.error {
            report(error);
        }
        extracted
    }

    /// Writes a context, as far as the format can carry it. All of the format's fields are owned:
    /// those that are not written are removed.
    ///
    /// # Errors
    /// The first thing that could not be written; all else is.
    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError>;

    /// Writes what was extracted, where this process starts no span of its own: a proxy, or a
    /// program without a tracer. Formats that can tell more than a context write that too, such as
    /// a decision that came without ids.
    ///
    /// # Errors
    /// As [`inject`](Self::inject).
    fn forward(&self, extracted: &Extracted, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        self.inject(&extracted.parent().unwrap_or_default(), carrier)
    }

    /// The fields that the format reads or writes.
    fn fields(&self) -> &[&'static Field];

    /// The prefixes of names, in lower case, that the format reads or writes beside its fields.
    fn prefixes(&self) -> &[&'static str] {
        &[]
    }
}
