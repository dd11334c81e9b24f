//! Who is asked for strategies, and how.

use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tracer_core::ExportError;
use tracer_core::sampler::{InvalidStrategy, Strategy};

use super::json;
use crate::config::{ConfigError, ExporterBuilder, Receiver, Settings, Transport};
use crate::transport::http::{Http, HttpSettings};

/// How large an answer may be: thousands of operations.
pub(super) const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why there is no strategy.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// There was no answer, or one that says no.
    #[error(transparent)]
    Unanswered(#[from] ExportError),
    /// The answer is not to be read.
    #[error("the answer of {endpoint} cannot be read: {cause}")]
    Unreadable {
        /// The end point, without credentials.
        endpoint: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The strategy cannot be followed.
    #[error("the answer cannot be followed: {0}")]
    Invalid(#[from] InvalidStrategy),
}

/// Whoever has strategies. Called by one thread at a time, and may block until the deadline.
pub trait StrategySource: Send + std::fmt::Debug {
    /// The strategy for a service.
    ///
    /// # Errors
    /// If there is none to be had, or none that can be read.
    fn fetch(&mut self, service_name: &str, deadline: Instant) -> Result<Strategy, StrategyError>;

    /// How long one answer may take: 10 seconds.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// Strategies from Jaeger's `/api/sampling?service=…`, over HTTP: the `remote_sampling` extension of v2 (port
/// 5778, at any path), the collector of v1 (port 14268), or an agent (port 5778, at `/sampling`).
///
/// ```
/// use tracer_exporter_jaeger::HttpStrategies;
///
/// let jaeger = HttpStrategies::builder().endpoint("http://jaeger.example:5778").build()?;
/// assert_eq!(jaeger.endpoint(), "http://jaeger.example:5778/api/sampling");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
pub struct HttpStrategies {
    http: Http,
    timeout: Duration,
}

impl HttpStrategies {
    /// Settings; what is said of compression there has no meaning.
    pub fn builder() -> ExporterBuilder<Self> {
        ExporterBuilder::new()
    }

    /// The URL that is asked, without credentials and query.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.http.endpoint()
    }
}

impl Transport for HttpStrategies {
    const RECEIVER: Receiver =
        Receiver { default_endpoint: "http://localhost:5778", path: Some("/api/sampling") };

    fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        #[cfg(feature = "tls")]
        let tls = settings.tls_config()?;
        let http = Http::new(HttpSettings {
            endpoint: settings.endpoint,
            headers: settings.headers,
            content_type: "application/json",
            content_encoding: None,
            #[cfg(feature = "tls")]
            tls,
        });
        Ok(Self { http, timeout: settings.timeout })
    }
}

/// Without the headers' values, the end point's credentials and its query.
impl std::fmt::Debug for HttpStrategies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpStrategies")
            .field("endpoint", &self.endpoint())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl StrategySource for HttpStrategies {
    fn fetch(&mut self, service_name: &str, deadline: Instant) -> Result<Strategy, StrategyError> {
        let query = format!("service={}", utf8_percent_encode(service_name, NON_ALPHANUMERIC));
        let taken =
            self.http.get(&query, ANSWER_BYTES_MAX as u64, deadline).map_err(|failure| failure.error)?;
        let unreadable = |cause| StrategyError::Unreadable { endpoint: self.endpoint().to_owned(), cause };
        match taken.broken {
            Some(cause) => Err(unreadable(cause)),
            None => json::read(&taken.body).map_err(unreadable),
        }
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Strategies from Jaeger's `SamplingManager`, over gRPC: the `remote_sampling` extension of v2 (port 5779), or
/// the collector of v1 (port 14250).
///
/// ```
/// use tracer_exporter_jaeger::GrpcStrategies;
///
/// let jaeger = GrpcStrategies::builder().endpoint("http://jaeger.example:5779").build()?;
/// assert_eq!(jaeger.endpoint(), "http://jaeger.example:5779/");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[cfg(feature = "grpc")]
pub struct GrpcStrategies {
    grpc: crate::transport::grpc::Grpc,
    timeout: Duration,
}

#[cfg(feature = "grpc")]
impl GrpcStrategies {
    /// Settings.
    pub fn builder() -> ExporterBuilder<Self> {
        ExporterBuilder::new()
    }

    /// The receiver, without credentials.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.grpc.endpoint()
    }
}

#[cfg(feature = "grpc")]
impl Transport for GrpcStrategies {
    const RECEIVER: Receiver = Receiver { default_endpoint: "http://localhost:5779", path: None };

    fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
        use crate::transport::grpc::{Grpc, GrpcSettings};
        // Checked here, where there is somebody to tell; tonic would say it at the first call.
        #[cfg(feature = "tls")]
        settings.tls_config()?;
        let grpc = Grpc::new(GrpcSettings {
            endpoint: settings.endpoint,
            headers: settings.headers,
            method: "/jaeger.api_v2.SamplingManager/GetSamplingStrategy",
            compression: settings.compression,
            response_bytes_max: ANSWER_BYTES_MAX,
            #[cfg(feature = "tls")]
            tls: settings.tls,
        });
        Ok(Self { grpc, timeout: settings.timeout })
    }
}

/// Without the headers' values and the end point's credentials.
#[cfg(feature = "grpc")]
impl std::fmt::Debug for GrpcStrategies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrpcStrategies")
            .field("endpoint", &self.endpoint())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "grpc")]
impl StrategySource for GrpcStrategies {
    fn fetch(&mut self, service_name: &str, deadline: Instant) -> Result<Strategy, StrategyError> {
        let request = super::proto::request(service_name);
        let answer = self.grpc.call(request.into(), deadline).map_err(|failure| failure.error)?;
        super::proto::read(&answer)
            .map_err(|cause| StrategyError::Unreadable { endpoint: self.endpoint().to_owned(), cause })
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}
