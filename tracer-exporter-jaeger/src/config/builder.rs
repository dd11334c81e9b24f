//! The settings of all exporters that send to a URL, over HTTP or gRPC.

use std::marker::PhantomData;
use std::time::Duration;

use ureq::http::HeaderMap;

use super::endpoint::{Endpoint, PathRule, without_credentials};
use super::headers::Headers;
use super::{CONCURRENT_SENDS_MAX, ConfigError, DEFAULT_TIMEOUT};
#[cfg(feature = "grpc")]
use crate::grpc_exporter::{JaegerGrpc, OtlpGrpc};
use crate::http_exporter::{OtlpHttp, ThriftHttp, ZipkinHttp};
use crate::transport::compression::Compression;
#[cfg(feature = "tls")]
use crate::transport::tls::Tls;

/// Settings of an [`OtlpHttp`].
pub type OtlpHttpBuilder = ExporterBuilder<OtlpHttp>;
/// Settings of a [`ThriftHttp`].
pub type ThriftHttpBuilder = ExporterBuilder<ThriftHttp>;
/// Settings of a [`ZipkinHttp`].
pub type ZipkinHttpBuilder = ExporterBuilder<ZipkinHttp>;
/// Settings of an [`OtlpGrpc`].
#[cfg(feature = "grpc")]
pub type OtlpGrpcBuilder = ExporterBuilder<OtlpGrpc>;
/// Settings of a [`JaegerGrpc`].
#[cfg(feature = "grpc")]
pub type JaegerGrpcBuilder = ExporterBuilder<JaegerGrpc>;

/// How a request over OTLP/HTTP is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// `http/protobuf`: smaller, and far cheaper to make. All receivers take it.
    #[default]
    Protobuf,
    /// `http/json`: for gateways that look into requests, and for people who do.
    Json,
}

/// Settings of an exporter over HTTP or gRPC; the errors of all of them come from
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
pub struct ExporterBuilder<X> {
    pub(super) endpoint: EndpointSetting,
    pub(super) headers: Headers,
    pub(super) timeout: Duration,
    compression: Compression,
    concurrent_sends_max: usize,
    pub(super) otlp_encoding: OtlpEncoding,
    #[cfg(feature = "tls")]
    tls: Tls,
    exporter: PhantomData<fn() -> X>,
}

/// An exporter that sends to a URL.
pub trait Transport: Sized {
    /// Where its receivers listen.
    #[doc(hidden)]
    const RECEIVER: Receiver;
    #[doc(hidden)]
    fn from_settings(settings: Settings) -> Result<Self, ConfigError>;
}

/// Where the receivers of a protocol listen.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    pub(crate) default_endpoint: &'static str,
    /// The path of a request; gRPC has none in its URL.
    pub(crate) path: Option<&'static str>,
}

/// Settings that were looked at; but for certificates, which each client reads in its own way.
#[doc(hidden)]
#[derive(Debug)]
pub struct Settings {
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) compression: Compression,
    pub(crate) concurrent_sends_max: usize,
    /// Of OTLP over HTTP alone.
    pub(crate) otlp_encoding: OtlpEncoding,
    #[cfg(feature = "tls")]
    pub(crate) tls: Tls,
}

/// An end point as it was given.
#[derive(Clone)]
pub(super) struct EndpointSetting {
    pub(super) setting: &'static str,
    pub(super) value: String,
    pub(super) path: PathRule,
}

impl<X: Transport> ExporterBuilder<X> {
    pub(crate) fn new() -> Self {
        Self {
            endpoint: Self::endpoint_setting(X::RECEIVER.default_endpoint.to_owned()),
            headers: Headers::default(),
            timeout: DEFAULT_TIMEOUT,
            compression: Compression::None,
            concurrent_sends_max: 1,
            otlp_encoding: OtlpEncoding::Protobuf,
            #[cfg(feature = "tls")]
            tls: Tls::default(),
            exporter: PhantomData,
        }
    }

    /// The receiver: a URL of `http` or, with the feature `tls`, `https`. Without a path it means the path
    /// that the protocol's receivers listen on; one with a path is used as it is. gRPC has no paths.
    ///
    /// `user:password@` in it is sent as basic authorization, and never shown.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Self::endpoint_setting(url.into());
        self
    }

    /// The receiver, by a URL that is used as it is, also without a path: what OpenTelemetry means by the
    /// end point of one signal (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`). For gRPC as
    /// [`endpoint`](Self::endpoint).
    pub fn exact_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Self::endpoint_setting(url.into());
        if X::RECEIVER.path.is_some() {
            self.endpoint.path = PathRule::AsIs;
        }
        self
    }

    /// The receiver, by a URL that the protocol's path is appended to: what OpenTelemetry means by the end
    /// point of all signals (`OTEL_EXPORTER_OTLP_ENDPOINT`). For gRPC as [`endpoint`](Self::endpoint).
    ///
    /// ```
    /// use tracer_exporter_jaeger::OtlpHttp;
    ///
    /// let exporter = OtlpHttp::builder().base_endpoint("http://gateway.example/otlp").build()?;
    /// assert_eq!(exporter.endpoint(), "http://gateway.example/otlp/v1/traces");
    /// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
    /// ```
    pub fn base_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Self::endpoint_setting(url.into());
        if let Some(path) = X::RECEIVER.path {
            self.endpoint.path = PathRule::Append(path);
        }
        self
    }

    /// Sends a header, for gRPC metadata, with every request: an API key for instance. A later one of the
    /// same name replaces it. Values are never shown.
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

    /// How requests are compressed: not at all.
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
        let endpoint = self.endpoint.parse()?;
        check_timeout(self.timeout)?;
        X::from_settings(Settings {
            headers: self.headers.into_map_for(&endpoint)?,
            endpoint,
            timeout: self.timeout,
            compression: self.compression,
            concurrent_sends_max: self.concurrent_sends_max,
            otlp_encoding: self.otlp_encoding,
            #[cfg(feature = "tls")]
            tls: self.tls,
        })
    }

    fn endpoint_setting(value: String) -> EndpointSetting {
        let path = X::RECEIVER.path.map_or(PathRule::None, PathRule::DefaultIfNone);
        EndpointSetting { setting: "endpoint", value, path }
    }
}

impl ExporterBuilder<OtlpHttp> {
    /// How requests are encoded: in protobuf.
    ///
    /// ```
    /// use tracer_exporter_jaeger::{OtlpEncoding, OtlpHttp};
    ///
    /// let exporter = OtlpHttp::builder().encoding(OtlpEncoding::Json).build()?;
    /// assert_eq!(exporter.endpoint(), "http://localhost:4318/v1/traces");
    /// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
    /// ```
    pub const fn encoding(mut self, encoding: OtlpEncoding) -> Self {
        self.otlp_encoding = encoding;
        self
    }
}

impl EndpointSetting {
    /// Takes the end point apart.
    fn parse(&self) -> Result<Endpoint, ConfigError> {
        Endpoint::parse(&self.value, self.path).map_err(|reason| ConfigError::Endpoint {
            setting: self.setting,
            value: without_credentials(&self.value),
            reason,
        })
    }
}

#[cfg(feature = "tls")]
impl Settings {
    /// The certificates as the HTTP client has them.
    pub(crate) fn tls_config(&self) -> Result<ureq::tls::TlsConfig, ConfigError> {
        self.tls.config().map_err(|(setting, reason)| ConfigError::Certificate { setting, reason })
    }
}

/// A timeout of nothing would fail every export.
fn check_timeout(timeout: Duration) -> Result<(), ConfigError> {
    if timeout < Duration::from_millis(1) {
        return Err(ConfigError::Timeout { setting: "timeout", value: format!("{timeout:?}") });
    }
    Ok(())
}

impl<X> Clone for ExporterBuilder<X> {
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
impl<X> std::fmt::Debug for ExporterBuilder<X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExporterBuilder")
            .field("endpoint", &without_credentials(&self.endpoint.value))
            .field("headers", &self.headers.names())
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("concurrent_sends_max", &self.concurrent_sends_max)
            .finish_non_exhaustive()
    }
}
