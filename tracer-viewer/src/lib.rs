//! An embedded trace collector: it keeps the last traces in memory, answers Jaeger's query API and
//! serves a page that shows them. No other program and no network is needed.
//!
//! ```
//! use tracer_core::Tracer;
//! use tracer_viewer::Viewer;
//!
//! let viewer = Viewer::builder().listen("127.0.0.1:0".parse()?).start()?;
//! let tracer = Tracer::builder("shop").exporter(viewer.exporter()).build();
//! tracer.span("order").start().finish();
//! tracer.flush(std::time::Duration::from_secs(5))?;
//! assert_eq!(viewer.stats().spans, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! ```text
//! receive/in_process.rs   rows of this process's pipeline ─┐
//! receive/otlp_http.rs    POST /v1/traces                  │
//! receive/grpc.rs         OTLP over gRPC ──────────────────┼─> store.rs ──> query/     /api/*, /api/v3/*
//! receive/zipkin_http.rs  POST /api/v2/spans               │   (bounded)     analysis/  /api/viewer/*
//! receive/upload.rs       POST /api/viewer/traces ─────────┤                 page.rs    /, /search, /trace/{id}
//! server/                 thread, sockets, guards ─────────┘
//! ```
//!
//! # Features
//!
//! - `program` (default): the program `tracer-viewer`, with all below. Libraries turn it off.
//! - `grpc`: OTLP over gRPC.

mod analysis;
mod page;
mod query;
mod receive;
mod server;
mod store;
mod viewer;

pub use self::receive::in_process::InProcess;
pub use self::store::stats::Stats;
pub use self::viewer::{StartError, Viewer, ViewerBuilder};
