//! The exporter as programs use it, against a collector of the tests' own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[path = "it/collector.rs"]
mod collector;
#[path = "it/encoding.rs"]
mod encoding;
#[path = "it/environment.rs"]
mod environment;
#[path = "it/outages.rs"]
mod outages;
#[path = "it/runtime.rs"]
mod runtime;
#[path = "it/spans.rs"]
mod spans;
#[path = "it/transport.rs"]
mod transport;
