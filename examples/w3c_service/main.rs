//! A service for the [validation service](https://github.com/w3c/trace-context/tree/main/test) of
//! W3C Trace Context, and for chains of services in several languages: it calls whom it is told to.
//!
//! ```text
//! cargo run --release -p examples --example w3c_service -- --port 5000
//!
//! POST /test   [{"url": "http://…", "arguments": […]}, …]
//!    ──> server layer: extract ──> for each: client layer: inject ──> POST url, its arguments
//!    <── what this service knows of the trace, and what each call answered (report.rs)
//! ```
//! Headers are read and written by the layers of `tracer-http` alone.

mod callbacks;
#[cfg(test)]
mod checks;
mod report;
mod service;

use std::io::Write as _;
use std::net::Ipv4Addr;

use clap::Parser;
use tokio::net::TcpListener;
use tracer_core::Tracer;
use tracer_propagation::Composite;

use crate::service::app;

type Error = Box<dyn std::error::Error>;

/// Answers calls by making the calls that they ask for.
#[derive(Debug, Parser)]
struct Options {
    /// The port of 127.0.0.1 to listen on; 0 for any that is free.
    #[arg(long)]
    port: u16,
    /// The formats to read and write, in this order, as in OTEL_PROPAGATORS.
    #[arg(long, default_value = "tracecontext,baggage")]
    propagators: String,
    /// The name of the service.
    #[arg(long, default_value = "w3c_service")]
    name: String,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse();
    let composite = Composite::from_names(&options.propagators)?;
    let tracer = Tracer::builder(&options.name).build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    writeln!(std::io::stdout(), "listening on http://{}/test", listener.local_addr()?)?;
    Ok(axum::serve(listener, app(&tracer, &composite)).await?)
}
