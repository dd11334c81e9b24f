//! Where spans go and how: from the program, and from the environment's `OTEL_EXPORTER_OTLP_*`.

mod builder;
pub(crate) mod endpoint;
mod env;
mod headers;

pub use self::builder::{
    ExporterBuilder, OtlpEncoding, OtlpHttpBuilder, ThriftHttpBuilder, ZipkinHttpBuilder,
};
#[cfg(feature = "grpc")]
pub use self::builder::{JaegerGrpcBuilder, OtlpGrpcBuilder};
pub use self::builder::{Receiver, Settings, Transport};
pub(crate) use self::env::process_env;

use std::time::Duration;

/// How long an export may take unless it is said otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// More requests at the same time than this are a mistake.
pub(crate) const CONCURRENT_SENDS_MAX: usize = 64;

/// What is wrong with a setting. `setting` is the environment's variable, or the builder's method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The end point is not the address of a receiver.
    #[error("{setting}: no end point for spans: {value:?}: {reason}")]
    Endpoint {
        /// Where the value comes from.
        setting: &'static str,
        /// The value, without credentials.
        value: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header cannot be sent. Values may be secret and are not told.
    #[error("{setting}: header {name:?}: {reason}")]
    Header {
        /// Where the value comes from.
        setting: &'static str,
        /// The header's name, or its place in the list if it has none.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The timeout is not a positive number of milliseconds.
    #[error("{setting}: no timeout in milliseconds, from 1: {value:?}")]
    Timeout {
        /// Where the value comes from.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// The environment asks for a protocol that this crate does not speak.
    #[error("{setting}: protocol not supported: {value:?}; use http/protobuf or http/json")]
    Protocol {
        /// Where the value comes from.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// A certificate cannot be used.
    #[error("{setting}: {reason}")]
    Certificate {
        /// Where the value comes from.
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A size is out of its range.
    #[error("{setting}: {value} bytes; from {min} to {max}")]
    Size {
        /// Where the value comes from.
        setting: &'static str,
        /// The value.
        value: usize,
        /// The least that is possible.
        min: usize,
        /// The most that is possible.
        max: usize,
    },
    /// A variable is not Unicode.
    #[error("{setting}: not Unicode")]
    NotUnicode {
        /// The variable.
        setting: &'static str,
    },
}
