//! A tracer as the program, the environment and a file say, in one call:
//!
//! ```no_run
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tracing = tracer_config::init("shop")?; // keep it until the end of `main`
//!     let mut span = tracing.tracer().span("say-hello").start();
//!     span.set_tag("greeting", "Bonjour");
//!     span.finish();
//!     Ok(())
//! }
//! ```
//!
//! Without any setting, spans go by OTLP over HTTP to `http://localhost:4318`, where Jaeger and the
//! OpenTelemetry Collector listen, and headers are W3C's. Libraries find the tracer as
//! [`tracer_core::global::tracer`].
//!
//! # Layers
//!
//! The [builder](Configuration::builder) goes before the environment, that before the file that
//! `TRACER_CONFIG_FILE` names, that before the defaults. A value that is malformed is as if it were not set, as
//! OpenTelemetry wants it; each that is malformed, unknown, or of no use here is logged once, by name and with
//! what is used instead, and stands in [`Tracing::findings`]. Only what the builder itself says is an error.
//!
//! The file is TOML (feature `file`, on by default):
//!
//! ```toml
//! service_name = "shop"
//! exporters = ["otlp", "console"]
//! sampler = "parentbased_traceidratio"
//! sampler_arg = 0.1
//!
//! [otlp]
//! endpoint = "http://${COLLECTOR:localhost}:4318"
//! headers = { x-tenant = "shop" }
//!
//! [resource]
//! "deployment.environment.name" = "test"
//! ```
//!
//! # When no spans arrive
//!
//! [`doctor`] prints what holds and where it comes from, sends a span to each end point, and says in words what
//! is wrong; so does the program:
//!
//! ```sh
//! cargo run --release -p tracer-config --features full --bin doctor
//! ```
//!
//! # Settings
//!
#![doc = include_str!("../VARIABLES.md")]
//!
//! # Features
//!
//! - `file` (on by default): the configuration file.
//! - `grpc`, `tls`, `gzip`, `zstd`: as in [`tracer_exporter_jaeger`]. What needs one that is off is said.
//! - `full`: all of them.

mod builder;
mod configuration;
mod detect;
pub mod doctor;
mod environment;
mod file;
mod note;
mod parse;
mod setting;
mod sources;
mod tracing;

pub use self::builder::{ConfigError, ConfigurationBuilder};
pub use self::configuration::Configuration;
pub use self::environment::Environment;
pub use self::file::FileError;
pub use self::note::{Effective, Findings, Note, Origin};
pub use self::setting::variables_table;
pub use self::tracing::Tracing;

/// Sets tracing up as the environment and its file say, and makes the tracer the
/// [global](tracer_core::global) one. The service is `default_service`, unless one of them says another.
///
/// # Errors
/// If there is a global tracer already. Nothing else is an error: what cannot be used is logged.
pub fn init(default_service: &str) -> Result<Tracing, ConfigError> {
    Configuration::builder(default_service).init()
}
