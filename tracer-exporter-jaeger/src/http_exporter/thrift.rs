//! Jaeger's Thrift over HTTP.

use super::{Answers, HttpExporter, Specifics, http_transport};
use crate::config::Receiver;
use crate::encode::thrift;

/// Sends spans in Jaeger's Thrift over HTTP, to port 14268 of Jaeger, v1 or v2.
///
/// Retries and deadlines are those of [`OtlpHttp`](crate::OtlpHttp). A batch is taken as a whole or
/// not at all.
///
/// ```
/// use tracer_exporter_jaeger::ThriftHttp;
///
/// let exporter = ThriftHttp::builder().endpoint("http://jaeger:14268").build()?;
/// assert_eq!(exporter.endpoint(), "http://jaeger:14268/api/traces");
/// # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct ThriftHttp(HttpExporter);

http_transport!(
    ThriftHttp,
    Receiver { default_endpoint: "http://localhost:14268", path: Some("/api/traces") },
    |_| &SPECIFICS
);

const SPECIFICS: Specifics = Specifics {
    name: "thrift-http",
    content_type: thrift::CONTENT_TYPE,
    encode: thrift::encode_binary,
    answers: Answers::Status,
    has_losses: true,
};
