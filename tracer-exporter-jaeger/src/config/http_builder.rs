//! The settings of all exporters that post over HTTP.

use std::marker::PhantomData;
use std::time::Duration;

use super::endpoint::{Endpoint, PathRule, without_credentials};
use super::headers::Headers;
use super::{CONCURRENT_SENDS_MAX, ConfigError, DEFAULT_TIMEOUT};
use crate::http_exporter::{HttpExporter, HttpTransport, OtlpHttp, ThriftHttp, ZipkinHttp};
use crate::transport::compression::Compression;
use crate::transport::http::{Http, HttpSettings};
#[cfg(feature = "tls")]
use crate::transport::tls::Tls;

/// Settings of an [`OtlpHttp`].
pub type OtlpHttpBuilder = HttpBuilder<OtlpHttp>;
/// Settings of a [`ThriftHttp`].
pub type ThriftHttpBuilder = HttpBuilder<ThriftHttp>;
/// Settings of a [`ZipkinHttp`].
pub type ZipkinHttpBuilder = HttpBuilder<ZipkinHttp>;

/// Settings of an exporter that posts over HTTP; the errors of all of them come from
/// [`build`](Self::build).
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
#[must_use = "nothing is sent without `build`"]
pub struct HttpBuilder<X> {
    pub(super) endpoint: EndpointSetting,
    pub(super) headers: Headers,
    pub(super) timeout: Duration,
    compression: Compression,
    concurrent_sends_max: usize,
    #[cfg(feature = "tls")]
    tls: Tls,
    exporter: PhantomData<fn() -> X>,
}

/// An end point as it was given.
#[derive(Clone)]
pub(crate) struct EndpointSetting {
    pub(crate) setting: &'static str,
    pub(crate) value: String,
    pub(crate) path: PathRule,
}

impl<X: HttpTransport> HttpBuilder<X> {
    pub(crate) fn new() -> Self {
        Self {
            endpoint: Self::endpoint_setting(X::SPECIFICS.default_endpoint.to_owned()),
            headers: Headers::default(),
            timeout: DEFAULT_TIMEOUT,
            compression: Compression::None,
            concurrent_sends_max: 1,
            #[cfg(feature = "tls")]
            tls: Tls::default(),
            exporter: PhantomData,
        }
    }

    /// The receiver. A URL without a path means the path that the protocol's receivers listen on; one
    /// with a path is used as it is.
    ///
    /// `user:password@` in it is sent as basic authorization, and never shown.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Self::endpoint_setting(url.into());
        self
    }

    /// Sends a header with every request, an API key for instance. A later one of the same name
    /// replaces it. Values are never shown.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push("header", name.into(), value.into());
        self
    }

    /// Sends a bearer token as authorization (RFC 6750). It is never shown.
    pub fn bearer_token(mut self, token: impl AsRef<str>) -> Self {
        self.headers.push("bearer_token", "authorization".into(), format!("Bearer {}", token.as_ref()));
        self
    }

    /// How long one export may take, with its retries: 10 seconds. The pipeline may allow less.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How bodies are compressed: not at all.
    pub const fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// How many requests are sent at the same time: 1, and at most 64; 0 counts as 1. Each takes a thread and a
    /// connection once it is needed. More than 1 helps where an answer takes longer than the spans of a batch take to
    /// come: with answers in 200 milliseconds and batches of 512 KiB, one after the other are 2.5 MiB a second.
    pub const fn concurrent_sends_max(mut self, requests: usize) -> Self {
        self.concurrent_sends_max = match requests {
            0 => 1,
            1..=CONCURRENT_SENDS_MAX => requests,
            _ => CONCURRENT_SENDS_MAX,
        };
        self
    }

    /// Trusts these certificates, in PEM, and no others; without this, the Mozilla roots.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.set_roots(pem.into());
        self
    }

    /// Shows this certificate, with its chain, to receivers that ask for one (mutual TLS). Both in PEM.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, chain_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        self.tls.set_identity(chain_pem.into(), key_pem.into());
        self
    }

    /// The exporter. It connects when there is something to send.
    ///
    /// # Errors
    /// If a setting is malformed.
    pub fn build(self) -> Result<X, ConfigError> {
        let endpoint = parse_endpoint(&self.endpoint)?;
        check_timeout(self.timeout)?;
        let headers = self.headers.into_map_for(&endpoint)?;
        let http = Http::new(HttpSettings {
            endpoint,
            headers,
            content_type: X::SPECIFICS.content_type,
            content_encoding: self.compression.content_encoding(),
            #[cfg(feature = "tls")]
            tls: self
                .tls
                .config()
                .map_err(|(setting, reason)| ConfigError::Certificate { setting, reason })?,
        });
        let exporter = HttpExporter::new(&X::SPECIFICS, http, self.timeout, self.compression);
        Ok(X::from_exporter(exporter.with_concurrent_sends(self.concurrent_sends_max)))
    }

    fn endpoint_setting(value: String) -> EndpointSetting {
        EndpointSetting { setting: "endpoint", value, path: PathRule::DefaultIfNone(X::SPECIFICS.path) }
    }
}

/// Takes an end point apart.
pub(crate) fn parse_endpoint(setting: &EndpointSetting) -> Result<Endpoint, ConfigError> {
    Endpoint::parse(&setting.value, setting.path).map_err(|reason| ConfigError::Endpoint {
        setting: setting.setting,
        value: without_credentials(&setting.value),
        reason,
    })
}

/// A timeout of nothing would fail every export.
pub(crate) fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if timeout < Duration::from_millis(1) {
        return Err(ConfigError::Timeout { setting: "timeout", value: format!("{timeout:?}") });
    }
    Ok(())
}

impl<X> Clone for HttpBuilder<X> {
    fn clone(&self) -> Self {
        Self {
            endpoint: self.endpoint.clone(),
            headers: self.headers.clone(),
            #[cfg(feature = "tls")]
            tls: self.tls.clone(),
            ..*self
        }
    }
}

/// Without the headers' values and the end point's credentials.
impl<X> std::fmt::Debug for HttpBuilder<X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpBuilder")
            .field("endpoint", &without_credentials(&self.endpoint.value))
            .field("headers", &self.headers.names())
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("concurrent_sends_max", &self.concurrent_sends_max)
            .finish_non_exhaustive()
    }
}
