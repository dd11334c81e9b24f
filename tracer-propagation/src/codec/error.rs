//! Why headers are not used, or a context not written. Small and `Copy`: hostile headers cost no
//! allocation, and nothing of them gets into a log.

use tracer_core::TraceStateError;

use crate::carrier::SetError;

/// A header that is there and cannot be used: which, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
#[non_exhaustive]
pub struct ExtractError {
    /// The header's name.
    pub field: &'static str,
    /// What is wrong.
    pub reason: ExtractReason,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractReason {
    /// The header may be there once, and is there more often.
    #[error("more than one value")]
    Repeated,
    /// The value is too short or too long.
    #[error("a length of {0} bytes")]
    Length(usize),
    /// A part is not followed by the delimiter of the format.
    #[error("no delimiter after the {0}")]
    Delimiter(&'static str),
    /// A part has other characters than lower-case hexadecimal digits.
    #[error("no lower-case hexadecimal {0}")]
    Hex(&'static str),
    /// A version that is not to be read.
    #[error("version {0:02x}")]
    Version(u8),
    /// An id that is all zero.
    #[error("the {0} is zero")]
    ZeroId(&'static str),
    /// The value is no base64.
    #[error("no base64")]
    Base64,
    /// A sampling state or flags that are none of the format's.
    #[error("no sampling state of the format")]
    State,
    /// The header is needed beside one that is there.
    #[error("the header is missing")]
    Missing,
    /// A malformed member of a `tracestate`, or too many.
    #[error("{0}")]
    TraceState(TraceStateError),
    /// A malformed member of a list, counted from 1; the others are used.
    #[error("malformed member {0}")]
    Member(usize),
    /// The list is longer than what is kept; its first members are used.
    #[error("more than {members_max} members or {bytes_max} bytes")]
    Limit {
        /// The most members that are kept.
        members_max: usize,
        /// The most bytes that are kept.
        bytes_max: usize,
    },
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

impl ExtractError {
    /// An error of a field.
    #[must_use]
    pub const fn new(field: &'static str, reason: ExtractReason) -> Self {
        Self { field, reason }
    }
}

impl InjectError {
    /// An error of a field.
    #[must_use]
    pub const fn new(field: &'static str, reason: InjectReason) -> Self {
        Self { field, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_which_header_and_why() {
        let error = ExtractError::new("traceparent", ExtractReason::Version(0xff));
        assert_eq!(error.to_string(), "traceparent: version ff");
        let error = ExtractError::new("tracestate", ExtractReason::TraceState(TraceStateError::TooMany));
        assert_eq!(error.to_string(), "tracestate: more than 32 tracestate members");
        let error = InjectError::new("baggage", InjectReason::Carrier(SetError::Full));
        assert_eq!(error.to_string(), "baggage: the carrier is full");
    }
}
