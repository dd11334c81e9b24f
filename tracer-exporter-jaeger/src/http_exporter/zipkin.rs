//! Zipkin v2 JSON over HTTP.

use super::{Answers, HttpExporter, Specifics, http_transport};
use crate::config::Receiver;
use crate::encode::zipkin;

/// Sends spans in Zipkin's JSON, to port 9411 of Zipkin, of Jaeger or of the OpenTelemetry Collector.
///
/// Retries and deadlines are those of [`OtlpHttp`](crate::OtlpHttp). A batch is taken as a whole or
/// not at all.
///
/// ```
/// use tracer_exporter_jaeger::ZipkinHttp;
///
/// let exporter = ZipkinHttp::builder().endpoint("http://zipkin:9411").build()?;
/// assert_eq!(exporter.endpoint(), "http://zipkin:9411/api/v2/spans");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct ZipkinHttp(HttpExporter);

http_transport!(
    ZipkinHttp,
    Receiver { default_endpoint: "http://localhost:9411", path: Some("/api/v2/spans") },
    |_| &SPECIFICS
);

const SPECIFICS: Specifics = Specifics {
    name: "zipkin-http",
    content_type: zipkin::CONTENT_TYPE,
    encode: zipkin::encode,
    answers: Answers::Status,
    has_losses: false,
};
