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
//! receive/otlp_http.rs    POST /v1/traces ─────────────────┼─> store.rs ──> query/  /api/*
//!                                                          │   (bounded)     page.rs  /, /search, /trace/{id}
//! server.rs               thread, sockets, guards ─────────┘
//! ```
//!
//! # Features
//!
//! `program` (default): the program `tracer-viewer`. Libraries turn it off.

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
