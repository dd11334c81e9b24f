//! A span's kind and status, as OTLP numbers them.

/// What role the operation plays. `as` a number it is OTLP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// Within a process.
    #[default]
    Internal = 1,
    /// Answers a remote caller.
    Server,
    /// Calls a remote server.
    Client,
    /// Hands a message over, and does not wait for what becomes of it.
    Producer,
    /// Takes a message.
    Consumer,
}

/// How the operation ended. `as` a number it is OTLP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StatusCode {
    /// Nothing was said.
    #[default]
    Unset,
    /// It was said to be a success.
    Ok,
    /// It failed.
    Error,
}

impl SpanKind {
    /// The value of the tag `span.kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }

    pub(crate) fn from_tag(value: &str) -> Option<Self> {
        let kinds = [Self::Internal, Self::Server, Self::Client, Self::Producer, Self::Consumer];
        kinds.into_iter().find(|kind| kind.as_str() == value)
    }

    /// Its number in OTLP, `Span.SpanKind` in `opentelemetry/proto/trace/v1/trace.proto`: 1 to 5.
    ///
    /// ```
    /// assert_eq!(tracer_core::SpanKind::Client.number(), 3);
    /// ```
    #[must_use]
    #[inline]
    pub const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) const fn from_otlp(number: u64) -> Self {
        match number {
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Internal,
        }
    }
}

impl StatusCode {
    /// Its number in OTLP, `Status.StatusCode` in `opentelemetry/proto/trace/v1/trace.proto`: 0 to 2.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u8 {
        self as u8
    }

    pub(crate) const fn from_otlp(number: u64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}
