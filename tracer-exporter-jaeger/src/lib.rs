//! Spans to Jaeger, the OpenTelemetry Collector, Zipkin, and whatever else speaks their protocols.
//!
//! A first trace to a Jaeger on this machine (v2, which listens on port 4318):
//!
//! ```no_run
//! use std::time::Duration;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tracer = tracer_exporter_jaeger::tracer_from_env("shop")?;
//!     let _guard = tracer.shutdown_on_drop(Duration::from_secs(5));
//!     let mut span = tracer.span("say-hello").start();
//!     span.set_tag("greeting", "Bonjour");
//!     span.finish();
//!     Ok(())
//! }
//! ```
//!
//! It goes elsewhere with `OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318`, and under another
//! name with `OTEL_SERVICE_NAME`; [`OtlpHttp::from_env`] has the whole list, and the crate
//! `tracer-config` sets up all the rest by the environment and a file. Settings in code, and
//! several tracers that share one pipeline:
//!
//! ```
//! use tracer_core::{Pipeline, Tracer};
//! use tracer_exporter_jaeger::OtlpHttp;
//!
//! let exporter = OtlpHttp::builder().endpoint("http://127.0.0.1:4318").build()?;
//! let pipeline = Pipeline::builder().exporter(exporter).start();
//! let shop = Tracer::builder("shop").pipeline(&pipeline).build();
//! let bank = Tracer::builder("bank").pipeline(&pipeline).build();
//! # Ok::<(), tracer_exporter_jaeger::ConfigError>(())
//! ```
//!
//! No async runtime is needed, and the application never waits: spans leave on the pipeline's own
//! thread. If nobody is there to take them, that is logged once, memory stays within the
//! pipeline's bound, and [`Tracer::stats`] counts each span that was lost.
//!
//! # Exporters
//!
//! | exporter | protocol | port | answered |
//! |---|---|---|---|
//! | [`OtlpHttp`] | OTLP over HTTP, in protobuf or JSON | 4318 | yes, rejected spans by number |
//! | `OtlpGrpc` (feature `grpc`) | OTLP over gRPC | 4317 | yes, rejected spans by number |
//! | [`ThriftUdp`] | Jaeger's Thrift, compact, over UDP | 6831 | no |
//! | [`ThriftHttp`] | Jaeger's Thrift, binary, over HTTP | 14268 | yes |
//! | `JaegerGrpc` (feature `grpc`) | Jaeger's `PostSpans` | 14250 | yes |
//! | [`ZipkinHttp`] | Zipkin v2 JSON over HTTP | 9411 | yes |
//! | [`JsonLines`] | OTLP JSON, a line a batch, to a file or standard output | | |
//! | [`JaegerFile`] | the JSON of Jaeger's page, to a file | | |
//!
//! A pipeline takes several: each gets every span, and has accounts of its own.
//!
//! # Remote sampling
//!
//! [`RemoteSampler`] follows the strategies of a Jaeger, from its file or from its adaptive sampling, over HTTP
//! ([`HttpStrategies`]) or gRPC (`GrpcStrategies`).
//!
//! # What a protocol loses
//!
#![doc = include_str!("../LOSSES.md")]
//!
//! # Where things are
//!
//! [`encode`] makes a request's body of rows, `transport` sends it and reads the answer,
//! `http_exporter` and the files beside it are the exporters that do one after the other, `config`
//! reads the settings, `sampling` asks for strategies.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `grpc`: `OtlpGrpc` and `JaegerGrpc`, with tonic, on a runtime of the exporter's own.
//! - `tls`: end points of `https`, own roots and client certificates, with rustls.
//! - `gzip`, `zstd`: [`Compression`] of what is sent.

#[doc(hidden)]
pub mod answers;
mod complaints;
mod config;
pub mod encode;
#[cfg(feature = "grpc")]
mod grpc_exporter;
mod http_exporter;
mod jaeger_file;
mod json_lines;
mod sampling;
mod thrift_udp;
mod transport;
use tracer_core::{Pipeline, Resource, Tracer};

pub use self::config::{
    ConfigError, ExporterBuilder, OtlpEncoding, OtlpHttpBuilder, ThriftHttpBuilder, ZipkinHttpBuilder,
};
#[doc(hidden)]
pub use self::config::{Receiver, Settings, Transport};
pub use self::http_exporter::{OtlpHttp, ThriftHttp, ZipkinHttp};
pub use self::jaeger_file::JaegerFile;
pub use self::json_lines::JsonLines;
#[cfg(feature = "grpc")]
pub use self::sampling::GrpcStrategies;
pub use self::sampling::{
    BaggageRestrictionsError, HttpStrategies, RemoteSampler, RemoteSamplerBuilder, RemoteSamplerStats,
    StrategyError, StrategySource, baggage_restrictions_from_json,
};
pub use self::thrift_udp::{ThriftUdp, ThriftUdpBuilder, TrimmedSpans};
pub use self::transport::compression::Compression;
#[cfg(feature = "grpc")]
pub use self::{
    config::{JaegerGrpcBuilder, OtlpGrpcBuilder},
    grpc_exporter::{JaegerGrpc, OtlpGrpc},
};

/// A tracer as the environment says, in one call: its service is `OTEL_SERVICE_NAME`, else
/// `default_service_name`, and its spans go to where [`OtlpHttp::from_env`] says.
///
/// Keep a [`shutdown_on_drop`](Tracer::shutdown_on_drop) guard until the end of `main`, or the last
/// spans may not be sent.
///
/// # Errors
/// If a variable is malformed. That nobody listens at the end point is no error.
pub fn tracer_from_env(default_service_name: &str) -> Result<Tracer, ConfigError> {
    let exporter = OtlpHttp::from_env()?;
    let pipeline = Pipeline::builder().export_timeout(exporter.timeout()).exporter(exporter).start();
    Ok(Tracer::builder_for(Resource::from_env(default_service_name)).pipeline(&pipeline).build())
}
