//! Where spans go and how: from the program, and from the environment's `OTEL_EXPORTER_OTLP_*`.

pub(crate) mod endpoint;
mod env;
mod headers;

use std::time::Duration;

use ureq::http::header::AUTHORIZATION;

use self::endpoint::{Endpoint, PathRule, without_credentials};
use self::headers::Headers;
use crate::otlp_http::OtlpHttp;
use crate::transport::http::Http;

pub(crate) use self::env::process_env;

/// OpenTelemetry's default: a receiver on this machine.
pub(crate) const DEFAULT_ENDPOINT: &str = "http://localhost:4318";

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

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
    #[error("{setting}: protocol not supported: {value:?}; use http/protobuf")]
    Protocol {
        /// Where the value comes from.
        setting: &'static str,
        /// The value.
        value: String,
    },
    /// A variable is not Unicode.
    #[error("{setting}: not Unicode")]
    NotUnicode {
        /// The variable.
        setting: &'static str,
    },
}

/// Settings of an [`OtlpHttp`]; the errors of all of them come from [`build`](Self::build).
///
/// ```
/// use std::time::Duration;
/// use tracer_exporter_jaeger::OtlpHttp;
///
/// let exporter = OtlpHttp::builder()
///     .endpoint("http://collector.example:4318")
///     .header("x-tenant", "shop")
///     .timeout(Duration::from_secs(3))
///     .build()?;
/// assert_eq!(exporter.endpoint(), "http://collector.example:4318/v1/traces");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent without `build`"]
pub struct OtlpHttpBuilder {
    endpoint: EndpointSetting,
    headers: Headers,
    timeout: Duration,
}

#[derive(Clone)]
struct EndpointSetting {
    setting: &'static str,
    value: String,
    path: PathRule,
}

impl OtlpHttpBuilder {
    pub(crate) fn new() -> Self {
        let endpoint = EndpointSetting {
            setting: "endpoint",
            value: DEFAULT_ENDPOINT.to_owned(),
            path: PathRule::DefaultIfNone,
        };
        Self { endpoint, headers: Headers::default(), timeout: DEFAULT_TIMEOUT }
    }

    /// The receiver: `http://localhost:4318` if it is not set. A URL without a path means the
    /// receiver's `/v1/traces`; one with a path is used as it is.
    ///
    /// `user:password@` in it is sent as basic authorization, and never shown.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint =
            EndpointSetting { setting: "endpoint", value: url.into(), path: PathRule::DefaultIfNone };
        self
    }

    /// Sends a header with every request, an API key for instance. A later one of the same name
    /// replaces it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push("header", name.into(), value.into());
        self
    }

    /// How long one export may take, with its retries: 10 seconds. The pipeline may allow less.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The exporter. It connects when there is something to send.
    ///
    /// # Errors
    /// If a setting is malformed.
    pub fn build(self) -> Result<OtlpHttp, ConfigError> {
        let EndpointSetting { setting, value, path } = self.endpoint;
        let endpoint = Endpoint::parse(&value, path).map_err(|reason| ConfigError::Endpoint {
            setting,
            value: without_credentials(&value),
            reason,
        })?;
        if self.timeout < Duration::from_millis(1) {
            let value = format!("{:?}", self.timeout);
            return Err(ConfigError::Timeout { setting: "timeout", value });
        }
        let mut headers = self.headers.into_map()?;
        if let Some(authorization) = endpoint.authorization() {
            headers.entry(AUTHORIZATION).or_insert_with(|| authorization.clone());
        }
        Ok(OtlpHttp::new(Http::new(endpoint, headers), self.timeout))
    }
}

/// Without the headers' values and the end point's credentials.
impl std::fmt::Debug for OtlpHttpBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtlpHttpBuilder")
            .field("endpoint", &without_credentials(&self.endpoint.value))
            .field("headers", &self.headers.names())
            .field("timeout", &self.timeout)
            .finish()
    }
}
