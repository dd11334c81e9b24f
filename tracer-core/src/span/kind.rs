//! A span's kind and status, as OTLP numbers them.

/// What role the operation plays.
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

/// How the operation ended.
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

    pub(crate) const fn to_otlp(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
        }
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
    pub(crate) const fn to_otlp(self) -> u8 {
        match self {
            Self::Unset => 0,
            Self::Ok => 1,
            Self::Error => 2,
        }
    }

    pub(crate) const fn from_otlp(number: u64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }
}
