//! Why headers are not used, or a context not written. Small and `Copy`: hostile headers cost no
//! allocation, and nothing of them gets into a log.
//!
//! Each format has an enum of its own beside its grammar, in which a variant is a rule that was broken.

use super::b3::{B3MultiError, B3SingleError};
use super::grpc_bin::GrpcTraceBinError;
use super::jaeger::JaegerError;
use super::w3c::{BaggageError, TraceparentError, TracestateError};
use crate::carrier::SetError;

/// A header that is there and cannot be used: which, and what is wrong with it.
///
/// ```
/// use tracer_propagation::{Codec, ExtractError, Pairs, TraceContext, TraceparentError};
///
/// let headers = [("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")];
/// let error = TraceContext.extract(&Pairs(&headers)).unwrap_err();
/// assert_eq!(error, ExtractError::Traceparent(TraceparentError::ZeroTraceId));
/// assert_eq!(error.to_string(), "traceparent: the trace-id is zero");
/// assert_eq!(error.field(), "traceparent");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum ExtractError {
    /// Of W3C's `traceparent`.
    Traceparent(#[from] TraceparentError),
    /// Of W3C's `tracestate`.
    Tracestate(#[from] TracestateError),
    /// Of W3C's `baggage`.
    Baggage(#[from] BaggageError),
    /// Of B3's one header.
    B3Single(#[from] B3SingleError),
    /// Of B3's several headers.
    B3Multi(#[from] B3MultiError),
    /// Of Jaeger's headers.
    Jaeger(#[from] JaegerError),
    /// Of `grpc-trace-bin`.
    GrpcTraceBin(#[from] GrpcTraceBinError),
    /// Of a codec that is not of this crate.
    Other(#[from] &'static OtherError),
}

/// What is wrong with a header of a codec that is not of this crate.
///
/// ```
/// use tracer_propagation::{ExtractError, OtherError};
///
/// const TOO_SHORT: ExtractError = ExtractError::Other(&OtherError { field: "x-cloud-trace", reason: "too short" });
/// assert_eq!(TOO_SHORT.to_string(), "x-cloud-trace: too short");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct OtherError {
    /// The header's name.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl ExtractError {
    /// The header's name, or the beginning of it where names are made while running.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Traceparent(_) => "traceparent",
            Self::Tracestate(_) => "tracestate",
            Self::Baggage(_) => "baggage",
            Self::B3Single(_) => "b3",
            Self::B3Multi(error) => error.field(),
            Self::Jaeger(error) => error.field(),
            Self::GrpcTraceBin(_) => "grpc-trace-bin",
            Self::Other(error) => error.field,
        }
    }
}

/// A part of a context that was not written: to which header, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
#[non_exhaustive]
pub struct InjectError {
    /// The header's name.
    pub field: &'static str,
    /// What is wrong.
    pub reason: InjectReason,
}

/// Why a part of a context was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InjectReason {
    /// The carrier did not take it.
    #[error("{0}")]
    Carrier(SetError),
    /// The key of a baggage item or of a property is no token (RFC 9110, section 5.6.2).
    #[error("a baggage key is no token")]
    Key,
    /// There is more than may be sent; what was set first is sent.
    #[error("more than {members_max} members or {bytes_max} bytes")]
    Limit {
        /// The most members that are sent.
        members_max: usize,
        /// The most bytes that are sent.
        bytes_max: usize,
    },
}

impl InjectError {
    /// An error of a field.
    #[must_use]
    pub const fn new(field: &'static str, reason: InjectReason) -> Self {
        Self { field, reason }
    }
}

/// A number of bytes as errors tell it, which are small: 4 GiB stand for more.
pub(super) fn told(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use tracer_core::TraceStateError;

    use super::*;

    const OTHER: ExtractError = ExtractError::Other(&OtherError { field: "short", reason: "too short" });

    #[test]
    fn errors_say_which_header_and_why() {
        let cases: [(ExtractError, &str, &str); 11] = [
            (TraceparentError::Repeated.into(), "traceparent", "traceparent: more than one value"),
            (TraceparentError::Dash(35).into(), "traceparent", "traceparent: no dash at byte 35"),
            (
                TracestateError::List(TraceStateError::TooMany).into(),
                "tracestate",
                "more than 32 tracestate members",
            ),
            (BaggageError::Key(2).into(), "baggage", "baggage: the key of member 2 is no token"),
            (BaggageError::Limit.into(), "baggage", "baggage: more than 180 members or 8192 bytes"),
            (B3SingleError::TooLong(69).into(), "b3", "b3: 69 bytes, more than 68"),
            (B3MultiError::NoSpanId.into(), "x-b3-spanid", "x-b3-spanid: missing beside the other ids"),
            (
                JaegerError::Flags.into(),
                "uber-trace-id",
                "uber-trace-id: the flags are not 1 or 2 hexadecimal digits",
            ),
            (
                JaegerError::DebugIdTooLong(1025).into(),
                "jaeger-debug-id",
                "jaeger-debug-id: 1025 bytes, more than 1024",
            ),
            (GrpcTraceBinError::Version(1).into(), "grpc-trace-bin", "grpc-trace-bin: version 1"),
            (OTHER, "short", "short: too short"),
        ];
        for (error, field, text) in cases {
            assert_eq!((error.field(), error.to_string().as_str()), (field, text));
        }
        let error = InjectError::new("baggage", InjectReason::Carrier(SetError::Full));
        assert_eq!(error.to_string(), "baggage: the carrier is full");
    }

    #[test]
    fn errors_are_small() {
        assert!(size_of::<ExtractError>() <= 2 * size_of::<usize>());
        assert_eq!((told(7), told(usize::MAX)), (7, u32::MAX));
    }
}
