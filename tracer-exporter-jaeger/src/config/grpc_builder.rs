//! The settings of the exporters that speak gRPC.

use std::marker::PhantomData;
use std::time::Duration;

use super::endpoint::{PathRule, without_credentials};
use super::headers::Headers;
use super::http_builder::{EndpointSetting, check_timeout, parse_endpoint};
use super::{CONCURRENT_SENDS_MAX, ConfigError, DEFAULT_TIMEOUT};
use crate::grpc_exporter::{GrpcExporter, GrpcTransport};
use crate::transport::compression::Compression;
use crate::transport::grpc::{Grpc, GrpcSettings};
#[cfg(feature = "tls")]
use crate::transport::tls::Tls;

/// Settings of an exporter that speaks gRPC; the errors of all of them come from
/// [`build`](Self::build).
///
/// ```
/// use tracer_exporter_jaeger::OtlpGrpc;
///
/// let exporter = OtlpGrpc::builder().endpoint("http://collector.example:4317").build()?;
/// assert_eq!(exporter.endpoint(), "http://collector.example:4317/");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[must_use = "nothing is sent without `build`"]
pub struct GrpcBuilder<X> {
    endpoint: String,
    headers: Headers,
    timeout: Duration,
    compression: Compression,
    concurrent_sends_max: usize,
    #[cfg(feature = "tls")]
    tls: Tls,
    exporter: PhantomData<fn() -> X>,
}

impl<X: GrpcTransport> GrpcBuilder<X> {
    pub(crate) fn new() -> Self {
        Self {
            endpoint: X::SPECIFICS.default_endpoint.to_owned(),
            headers: Headers::default(),
            timeout: DEFAULT_TIMEOUT,
            compression: Compression::None,
            concurrent_sends_max: 1,
            #[cfg(feature = "tls")]
            tls: Tls::default(),
            exporter: PhantomData,
        }
    }

    /// The receiver: a URL of `http` or, with the feature `tls`, `https`, without a path.
    ///
    /// `user:password@` in it is sent as basic authorization, and never shown.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = url.into();
        self
    }

    /// Sends metadata with every request, an API key for instance. A later one of the same name
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

    /// How messages are compressed: not at all.
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
        let Self { endpoint: value, headers, timeout, compression, concurrent_sends_max, .. } = self;
        let setting = EndpointSetting { setting: "endpoint", value, path: PathRule::AsIs };
        let endpoint = parse_endpoint(&setting)?;
        if endpoint.uri().path() != "/" || endpoint.uri().query().is_some() {
            let (setting, value) = (setting.setting, without_credentials(&setting.value));
            return Err(ConfigError::Endpoint { setting, value, reason: "gRPC has no paths" });
        }
        check_timeout(timeout)?;
        let headers = headers.into_map_for(&endpoint)?;
        // Checked here, where there is somebody to tell; tonic would say it at the first export.
        #[cfg(feature = "tls")]
        self.tls.config().map_err(|(setting, reason)| ConfigError::Certificate { setting, reason })?;
        let grpc = Grpc::new(GrpcSettings {
            endpoint,
            headers,
            method: X::SPECIFICS.method,
            compression,
            #[cfg(feature = "tls")]
            tls: self.tls,
        });
        let exporter = GrpcExporter::new(&X::SPECIFICS, grpc, timeout);
        Ok(X::from_exporter(exporter.with_concurrent_sends(concurrent_sends_max)))
    }
}

/// Without the headers' values and the end point's credentials.
impl<X> std::fmt::Debug for GrpcBuilder<X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrpcBuilder")
            .field("endpoint", &without_credentials(&self.endpoint))
            .field("headers", &self.headers.names())
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("concurrent_sends_max", &self.concurrent_sends_max)
            .finish_non_exhaustive()
    }
}
