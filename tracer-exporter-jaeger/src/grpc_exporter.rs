//! The exporters that speak gRPC: a batch is encoded, sent, sent again if that may help, and
//! accounted for.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::complaints::Complaints;
use crate::config::{ConfigError, ExporterBuilder, Receiver, Settings, Transport};
use crate::encode::{Encoded, jaeger_proto, otlp};
use crate::transport::answer::Answer;
use crate::transport::grpc::{Grpc, GrpcSettings, RESPONSE_BYTES_MAX};
use crate::transport::sender::Sender;

/// Sends spans by OTLP over gRPC, to port 4317 of Jaeger, the OpenTelemetry Collector and all others
/// that take it.
///
/// The connection lives on a single-threaded runtime of the exporter's own, which runs while an export
/// does; the application needs none, and one that it has is not used.
///
/// **Retries.** A request that was not answered, or answered with a status that OTLP calls retryable
/// (`RESOURCE_EXHAUSTED` only with `RetryInfo`), is sent again at most twice, within the export's
/// deadline, after short pauses or what `RetryInfo` asks for. After a failed export each further one has
/// a single attempt until one succeeds. Accounts are those of [`OtlpHttp`](crate::OtlpHttp).
#[derive(Debug)]
pub struct OtlpGrpc(GrpcExporter);

/// Sends spans by Jaeger's own `PostSpans`, over gRPC, to port 14250 of Jaeger, v1 or v2.
///
/// Retries and deadlines are those of [`OtlpGrpc`]. A batch is taken as a whole or not at all.
#[derive(Debug)]
pub struct JaegerGrpc(GrpcExporter);

/// What tells one protocol from another.
#[derive(Clone, Copy, Debug)]
struct GrpcSpecifics {
    name: &'static str,
    method: &'static str,
    encode: fn(&Batch<'_>, &mut Vec<u8>) -> Encoded,
    /// Reads how many spans an answer rejects.
    answer: fn(&[u8]) -> Result<Answer, String>,
    /// Whether a batch without spans tells anything: its losses.
    has_losses: bool,
}

/// The exporter behind both.
struct GrpcExporter {
    specifics: &'static GrpcSpecifics,
    grpc: Grpc,
    timeout: Duration,
    concurrent_sends_max: usize,
    /// The request's message, kept for its memory.
    message: Vec<u8>,
    sender: Sender,
    complaints: Complaints,
}

impl GrpcExporter {
    fn from_settings(specifics: &'static GrpcSpecifics, settings: Settings) -> Result<Self, ConfigError> {
        // Checked here, where there is somebody to tell; tonic would say it at the first export.
        #[cfg(feature = "tls")]
        settings.tls_config()?;
        let (timeout, concurrent_sends_max) = (settings.timeout, settings.concurrent_sends_max);
        let grpc = Grpc::new(GrpcSettings {
            endpoint: settings.endpoint,
            headers: settings.headers,
            method: specifics.method,
            compression: settings.compression,
            response_bytes_max: RESPONSE_BYTES_MAX,
            #[cfg(feature = "tls")]
            tls: settings.tls,
        });
        Ok(Self::new(specifics, grpc, timeout).with_concurrent_sends(concurrent_sends_max))
    }

    fn new(specifics: &'static GrpcSpecifics, grpc: Grpc, timeout: Duration) -> Self {
        let (sender, complaints) = (Sender::default(), Complaints::default());
        let message = Vec::new();
        Self { specifics, grpc, timeout, concurrent_sends_max: 1, message, sender, complaints }
    }

    /// Sends so many requests at the same time.
    const fn with_concurrent_sends(mut self, max: usize) -> Self {
        self.concurrent_sends_max = max;
        self
    }

    /// One to the same place that shares nothing.
    fn apart(&self) -> Self {
        let apart = Self::new(self.specifics, self.grpc.apart(), self.timeout);
        apart.with_concurrent_sends(self.concurrent_sends_max)
    }

    /// The further ones that make as many as are to send at the same time. Each has a connection of its own; what one
    /// is told of when to come again, all obey.
    fn concurrent(&self) -> impl Iterator<Item = Self> {
        (1..self.concurrent_sends_max).map(|_| {
            let mut further = self.apart();
            further.sender = self.sender.clone();
            further
        })
    }

    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        if batch.rows.is_empty() {
            return Ok(Exported::ALL);
        }
        self.send(batch, deadline)
    }

    fn report_losses(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<(), ExportError> {
        if self.specifics.has_losses { self.send(batch, deadline).map(drop) } else { Ok(()) }
    }

    fn send(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        let own_deadline = Instant::now().checked_add(self.timeout);
        let deadline = own_deadline.map_or(deadline, |own| own.min(deadline));
        let encoded = (self.specifics.encode)(batch, &mut self.message);
        let message = Bytes::from(std::mem::take(&mut self.message));
        let grpc = &mut self.grpc;
        let sent = self.sender.send(deadline, |deadline| grpc.call(message.clone(), deadline));
        // Its memory comes back, unless the connection still holds it.
        self.message = Vec::from(message);
        let answer = (self.specifics.answer)(&sent?);
        let rejected = self.complaints.rejected(self.grpc.endpoint(), answer, encoded.spans);
        Ok(Exported::all_but(rejected + encoded.unreadable))
    }
}

/// Without the headers' values and the end point's credentials.
impl std::fmt::Debug for GrpcExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.specifics.name)
            .field("endpoint", &self.grpc.endpoint())
            .field("timeout", &self.timeout)
            .field("is_failing", &self.sender.is_failing())
            .finish_non_exhaustive()
    }
}

/// The public face of a [`GrpcExporter`].
macro_rules! grpc_transport {
    ($exporter:ident, $default_endpoint:literal, $specifics:expr) => {
        impl $exporter {
            const SPECIFICS: GrpcSpecifics = $specifics;
        }

        impl Transport for $exporter {
            const RECEIVER: Receiver = Receiver { default_endpoint: $default_endpoint, path: None };

            fn from_settings(settings: Settings) -> Result<Self, ConfigError> {
                GrpcExporter::from_settings(&Self::SPECIFICS, settings).map(Self)
            }
        }

        impl $exporter {
            /// Settings, beginning with the defaults and not with the environment's.
            pub fn builder() -> ExporterBuilder<Self> {
                ExporterBuilder::new()
            }

            /// The receiver, without credentials.
            #[must_use]
            pub fn endpoint(&self) -> &str {
                self.0.grpc.endpoint()
            }

            /// How long one export may take.
            #[must_use]
            pub const fn timeout(&self) -> Duration {
                self.0.timeout
            }
        }

        impl Exporter for $exporter {
            fn name(&self) -> &'static str {
                Self::SPECIFICS.name
            }

            fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
                self.0.export(batch, deadline)
            }

            fn report_losses(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<(), ExportError> {
                self.0.report_losses(batch, deadline)
            }

            fn for_child(&self) -> Option<Box<dyn Exporter>> {
                Some(Box::new(Self(self.0.apart())))
            }

            fn concurrent(&self) -> Vec<Box<dyn Exporter>> {
                self.0.concurrent().map(|further| Box::new(Self(further)) as Box<dyn Exporter>).collect()
            }
        }
    };
}

grpc_transport!(
    OtlpGrpc,
    "http://localhost:4317",
    GrpcSpecifics {
        name: "otlp-grpc",
        method: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        encode: |batch, out| {
            otlp::encode(batch, out);
            Encoded { spans: batch.rows.len(), unreadable: 0 }
        },
        answer: |answer| Answer::decode(answer).map_err(|error| error.to_string()),
        has_losses: true,
    }
);

grpc_transport!(
    JaegerGrpc,
    "http://localhost:14250",
    GrpcSpecifics {
        name: "jaeger-grpc",
        method: "/jaeger.api_v2.CollectorService/PostSpans",
        encode: jaeger_proto::encode,
        answer: |_| Ok(Answer::default()),
        has_losses: false,
    }
);
