//! The viewer as a program: a collector on ports 4317 and 4318, its page and Jaeger's query API on
//! 16686.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to its terminal")]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc;

use clap::Parser;
use log::{LevelFilter, Log, Metadata, Record};
use tracer_viewer::{StartError, Viewer};

/// Collects traces by OTLP or in Zipkin's format, keeps the last ones in memory, and shows them.
#[derive(Debug, Parser)]
#[command(name = "tracer-viewer", version)]
struct Args {
    /// Where to serve the page and the query API.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:16686")]
    listen: SocketAddr,

    /// Where to receive OTLP over HTTP (it is received on the other address too).
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4318")]
    otlp: SocketAddr,

    /// Do not open the OTLP address.
    #[arg(long, conflicts_with = "otlp")]
    no_otlp: bool,

    /// Where to receive OTLP over gRPC.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4317")]
    grpc: SocketAddr,

    /// Do not receive OTLP over gRPC.
    #[arg(long, conflicts_with = "grpc")]
    no_grpc: bool,

    /// Where to receive Zipkin's spans too, as on 127.0.0.1:9411 (they are received on the first
    /// address anyway).
    #[arg(long, value_name = "ADDR")]
    zipkin: Option<SocketAddr>,

    /// How many traces are kept; the oldest one leaves for a new one.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = at_least_one)]
    traces_max: usize,

    /// How many spans of one trace are kept.
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = at_least_one)]
    spans_per_trace_max: usize,

    /// What all kept spans may take, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = at_least_one)]
    memory_mib: usize,

    /// One more host name under which this machine is asked; may be given several times.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

fn main() -> ExitCode {
    if log::set_logger(&ToStderr).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("tracer-viewer: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGINT or SIGTERM.
fn run(args: Args) -> Result<(), String> {
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = interrupt.send(());
    })
    .map_err(|error| format!("cannot listen for signals: {error}"))?;
    let viewer = start(args).map_err(|error| error.to_string())?;
    println!("page and query API  http://{}/", viewer.local_addr());
    if let Some(addr) = viewer.otlp_addr() {
        println!("OTLP over HTTP      http://{addr}/v1/traces");
    }
    if let Some(addr) = viewer.grpc_addr() {
        println!("OTLP over gRPC      http://{addr}");
    }
    println!(
        "Zipkin's spans      http://{}/api/v2/spans",
        viewer.zipkin_addr().unwrap_or_else(|| viewer.local_addr())
    );
    // An error would mean that the handler is gone, and nobody could ever end this.
    let _ = interrupted.recv();
    let stats = viewer.stats();
    viewer.stop();
    println!(
        "{} spans received, {} kept in {} traces, {} evicted, {} refused",
        stats.received,
        stats.spans,
        stats.traces,
        stats.spans_evicted,
        stats.rejected + stats.over_limit
    );
    Ok(())
}

fn start(args: Args) -> Result<Viewer, StartError> {
    let mut builder = Viewer::builder()
        .listen(args.listen)
        .otlp_listen((!args.no_otlp).then_some(args.otlp))
        .grpc_listen((!args.no_grpc).then_some(args.grpc))
        .zipkin_listen(args.zipkin)
        .traces_max(args.traces_max)
        .spans_per_trace_max(args.spans_per_trace_max)
        .bytes_max(args.memory_mib.saturating_mul(1 << 20));
    for name in &args.allow_host {
        builder = builder.allow_host(name);
    }
    builder.start()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number".to_owned()),
    }
}

/// Warnings and errors, a line each.
struct ToStderr;

impl Log for ToStderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            eprintln!("{}: {}", record.level(), record.args());
        }
    }

    fn flush(&self) {}
}
