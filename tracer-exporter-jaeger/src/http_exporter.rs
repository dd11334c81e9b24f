//! The exporters that post over HTTP: a batch is encoded, sent, sent again if that may help, and
//! accounted for.

mod otlp;
mod thrift;
mod zipkin;

use std::time::{Duration, Instant};

use tracer_core::{Batch, ExportError, Exported};

pub use self::otlp::OtlpHttp;
pub use self::thrift::ThriftHttp;
pub use self::zipkin::ZipkinHttp;

use crate::complaints::Complaints;
use crate::config::{ConfigError, Settings};
use crate::encode::Encoded;
use crate::transport::answer::Answer;
use crate::transport::compression::Compression;
use crate::transport::http::{Http, HttpSettings, Taken};
use crate::transport::sender::Sender;

/// What tells one protocol from another.
#[derive(Clone, Copy, Debug)]
struct Specifics {
    name: &'static str,
    content_type: &'static str,
    encode: fn(&Batch<'_>, &mut Vec<u8>) -> Encoded,
    /// Whether the answer is OTLP's, which can reject some of the spans.
    answers: Answers,
    /// Whether a batch without spans tells anything: its losses.
    has_losses: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// `ExportTraceServiceResponse`.
    Otlp,
    /// A status says it all.
    Status,
}

/// The exporter behind all of them.
struct HttpExporter {
    specifics: &'static Specifics,
    http: Http,
    timeout: Duration,
    compression: Compression,
    concurrent_sends_max: usize,
    /// The request's body and its compressed form, kept for their memory.
    body: Vec<u8>,
    compressed: Vec<u8>,
    sender: Sender,
    complaints: Complaints,
}

impl HttpExporter {
    fn from_settings(specifics: &'static Specifics, settings: Settings) -> Result<Self, ConfigError> {
        #[cfg(feature = "tls")]
        let tls = settings.tls_config()?;
        let Settings { endpoint, headers, timeout, compression, concurrent_sends_max, .. } = settings;
        let http = Http::new(HttpSettings {
            endpoint,
            headers,
            content_type: specifics.content_type,
            content_encoding: compression.content_encoding(),
            #[cfg(feature = "tls")]
            tls,
        });
        let exporter = Self::new(specifics, http, timeout, compression);
        Ok(exporter.with_concurrent_sends(concurrent_sends_max))
    }

    fn new(specifics: &'static Specifics, http: Http, timeout: Duration, compression: Compression) -> Self {
        Self {
            specifics,
            http,
            timeout,
            compression,
            concurrent_sends_max: 1,
            body: Vec::new(),
            compressed: Vec::new(),
            sender: Sender::default(),
            complaints: Complaints::default(),
        }
    }

    fn endpoint(&self) -> &str {
        self.http.endpoint()
    }

    const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends so many requests at the same time.
    const fn with_concurrent_sends(mut self, max: usize) -> Self {
        self.concurrent_sends_max = max;
        self
    }

    /// One to the same place that shares nothing.
    fn apart(&self) -> Self {
        Self::new(self.specifics, self.http.apart(), self.timeout, self.compression)
            .with_concurrent_sends(self.concurrent_sends_max)
    }

    /// The further ones that make as many as are to send at the same time. Each has connections of its own; what one
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
        let encoded = (self.specifics.encode)(batch, &mut self.body);
        let body = self.compression.compress(&self.body, &mut self.compressed);
        let body = body.map_err(|error| ExportError::Failed(format!("cannot compress: {error}")))?;
        let http = &self.http;
        let taken = self.sender.send(deadline, |deadline| http.post(body, deadline))?;
        let rejected = self.rejected(&taken, encoded.spans);
        Ok(Exported::all_but(rejected + encoded.unreadable))
    }

    /// How many spans an answer rejects.
    fn rejected(&mut self, taken: &Taken, spans: usize) -> usize {
        if self.specifics.answers == Answers::Status {
            return 0;
        }
        self.complaints.rejected(self.http.endpoint(), read_answer(taken), spans)
    }
}

/// Without the headers' values and the end point's credentials.
impl std::fmt::Debug for HttpExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.specifics.name)
            .field("endpoint", &self.endpoint())
            .field("timeout", &self.timeout)
            .field("is_failing", &self.sender.is_failing())
            .finish_non_exhaustive()
    }
}

/// OTLP's answer, or why it cannot be read.
fn read_answer(taken: &Taken) -> Result<Answer, String> {
    match &taken.broken {
        Some(cause) => Err(cause.clone()),
        None => Answer::read(&taken.body, taken.media_type),
    }
}

/// The public face of an [`HttpExporter`].
macro_rules! http_transport {
    ($exporter:ident, $receiver:expr, $specifics:expr) => {
        impl crate::config::Transport for $exporter {
            const RECEIVER: crate::config::Receiver = $receiver;

            fn from_settings(settings: crate::config::Settings) -> Result<Self, crate::config::ConfigError> {
                let specifics: fn(&crate::config::Settings) -> &'static Specifics = $specifics;
                HttpExporter::from_settings(specifics(&settings), settings).map(Self)
            }
        }

        impl $exporter {
            /// Settings, beginning with the defaults and not with the environment's.
            pub fn builder() -> crate::config::ExporterBuilder<Self> {
                crate::config::ExporterBuilder::new()
            }

            /// The URL that is posted to, without credentials and query.
            #[must_use]
            pub fn endpoint(&self) -> &str {
                self.0.endpoint()
            }

            /// How long one export may take.
            #[must_use]
            pub const fn timeout(&self) -> std::time::Duration {
                self.0.timeout()
            }
        }

        impl tracer_core::Exporter for $exporter {
            fn name(&self) -> &'static str {
                self.0.specifics.name
            }

            fn export(
                &mut self,
                batch: &tracer_core::Batch<'_>,
                deadline: std::time::Instant,
            ) -> Result<tracer_core::Exported, tracer_core::ExportError> {
                self.0.export(batch, deadline)
            }

            fn report_losses(
                &mut self,
                batch: &tracer_core::Batch<'_>,
                deadline: std::time::Instant,
            ) -> Result<(), tracer_core::ExportError> {
                self.0.report_losses(batch, deadline)
            }

            fn for_child(&self) -> Option<Box<dyn tracer_core::Exporter>> {
                Some(Box::new(Self(self.0.apart())))
            }

            fn concurrent(&self) -> Vec<Box<dyn tracer_core::Exporter>> {
                self.0
                    .concurrent()
                    .map(|further| Box::new(Self(further)) as Box<dyn tracer_core::Exporter>)
                    .collect()
            }
        }
    };
}
use http_transport;
