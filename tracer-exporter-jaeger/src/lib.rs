//! Spans to Jaeger, the OpenTelemetry Collector, and whatever else takes OTLP over HTTP.
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
//! name with `OTEL_SERVICE_NAME`; [`OtlpHttp::from_env`] has the whole list. Settings in code, and
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
//! # Where things are
//!
//! [`encode`] makes a request's body of rows, `transport` sends it and reads the answer,
//! `otlp_http` is the exporter that does one after the other, `config` reads the settings.
//!
//! # Features
//!
//! `tls`: end points of `https`, with rustls. Not on by default.

mod config;
pub mod encode;
mod otlp_http;
mod transport;

use tracer_core::{Pipeline, Resource, Tracer};

pub use self::config::{ConfigError, OtlpHttpBuilder};
pub use self::otlp_http::OtlpHttp;

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
