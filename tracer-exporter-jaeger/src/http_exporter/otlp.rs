//! OTLP over HTTP.

use tracer_core::Batch;

use super::{Answers, HttpExporter, Specifics, http_transport};
use crate::config::{ConfigError, OtlpEncoding, OtlpHttpBuilder, Receiver, Settings, process_env};
use crate::encode::{Encoded, otlp, otlp_json};

/// Sends spans by OTLP over HTTP, in protobuf or [JSON](crate::OtlpEncoding), to Jaeger, the OpenTelemetry Collector and all
/// others that take it.
///
/// It uses blocking sockets on the pipeline's thread and needs no async runtime. One connection is
/// kept open, and a new one looks the host's name up again; proxies of the environment are not used,
/// and redirects are not followed.
///
/// **Retries.** A request that was not answered, or answered with 429, 502, 503 or 504, is sent
/// again at most twice, within the export's deadline, after short pauses or the answer's
/// `Retry-After`. A pause that would pass the deadline is not begun. After a failed export each
/// further one has a single attempt until one succeeds, so a receiver that is away costs a flush no
/// more than its time to refuse.
///
/// **Accounts.** Any answer of 2xx means that the spans were taken, but for those that it rejects
/// by number (`partial_success`). A request that broke while it was answered is sent again, so a
/// receiver may then see spans twice; they have the same ids.
///
/// **Secrets.** Headers' values, tokens and the URL's credentials stand in no error, no debug output and no log line of
/// this crate. The HTTP client below has lines of its own: at level "debug" `ureq` tells the URL with its query, and at
/// level "trace" `ureq_proto` writes down all bytes of a request; so put no key into a query, and turn that target off
/// where a program logs at "trace".
///
/// **Several at the same time.** With [`concurrent_sends_max`](crate::ExporterBuilder::concurrent_sends_max), up to so many
/// requests are under way, each on a thread and a connection of its own. What the receiver asks for by `Retry-After` all
/// of them obey; a batch under way counts twice, as rows and as body, against the pipeline's memory.
#[derive(Debug)]
pub struct OtlpHttp(HttpExporter);

http_transport!(
    OtlpHttp,
    Receiver { default_endpoint: "http://localhost:4318", path: Some("/v1/traces") },
    specifics
);

const PROTOBUF: Specifics = Specifics {
    name: "otlp-http",
    content_type: otlp::CONTENT_TYPE,
    encode,
    answers: Answers::Otlp,
    has_losses: true,
};

const JSON: Specifics = Specifics {
    name: "otlp-http-json",
    content_type: otlp_json::CONTENT_TYPE,
    encode: otlp_json::encode,
    ..PROTOBUF
};

const fn specifics(settings: &Settings) -> &'static Specifics {
    match settings.otlp_encoding {
        OtlpEncoding::Protobuf => &PROTOBUF,
        OtlpEncoding::Json => &JSON,
    }
}

impl OtlpHttp {
    /// An exporter as the environment says, by OpenTelemetry's names:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the URL that is posted to, as it is |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | a base, to which `/v1/traces` is appended; `http://localhost:4318` |
    /// | `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, `OTEL_EXPORTER_OTLP_HEADERS` | `name=value,…`, values percent-encoded |
    /// | `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT` | milliseconds for an export; 10,000 |
    /// | `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf`, or `http/json` |
    ///
    /// # Errors
    /// If a variable is malformed; the error names it and its value.
    pub fn from_env() -> Result<Self, ConfigError> {
        OtlpHttpBuilder::from_lookup(&process_env)?.build()
    }
}

/// Rows are put into the request as they are, so all of them are.
fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    otlp::encode(batch, out);
    Encoded { spans: batch.rows.len(), unreadable: 0 }
}
