//! The viewer over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may, as tests do"
)]

mod clients;
mod formats;
#[cfg(feature = "grpc")]
mod grpc;
mod guard;
mod http;
mod otlp;
mod page;
mod query;
mod receive;
mod shape;
mod start;
mod v3;
mod viewer_api;

use std::time::Duration;

use tracer_core::Tracer;
use tracer_viewer::{Viewer, ViewerBuilder};

/// A viewer on a free port.
fn viewer() -> Viewer {
    builder().start().unwrap()
}

fn builder() -> ViewerBuilder {
    Viewer::builder().listen("127.0.0.1:0".parse().unwrap())
}

/// A tracer whose spans go to the viewer, within this process.
fn tracer(viewer: &Viewer, service: &str) -> Tracer {
    Tracer::builder(service).exporter(viewer.exporter()).build()
}

fn flush(tracer: &Tracer) {
    tracer.flush(Duration::from_secs(10)).unwrap();
}
