//! Sends a little trace to where the environment says, and tells what became of it:
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 cargo run -p tracer-exporter-jaeger --example send`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::time::Duration;

use tracer_core::{SpanKind, tags};

fn main() -> Result<(), Box<dyn Error>> {
    log::set_logger(&Stderr).map_err(|error| error.to_string())?;
    log::set_max_level(log::LevelFilter::Warn);
    let tracer = tracer_exporter_jaeger::tracer_from_env("send-example")?;

    let mut order = tracer.span("order").kind(SpanKind::Server).start_active();
    order.with(|span| {
        span.set_tag("customer", "Zoë").set_tag("items", 3).set_tag("sizes", &["S", "XL"][..]);
    });
    let trace_id = tracer_core::active::context().map(|context| context.trace_id()).unwrap_or_default();
    let mut query = tracer.span("SELECT").kind(SpanKind::Client).tag(tags::PEER_SERVICE, "mysql").start();
    query.log("waiting for lock", &[("blockers", 2.into())]);
    query.record_error(&std::io::Error::other("lock lost"));
    let cause = query.context().clone();
    query.finish();
    tracer.span("retry").follows_from(&cause).start().finish();
    order.finish();

    let sent = tracer.shutdown(Duration::from_secs(5));
    println!("trace {trace_id}");
    println!("{}", tracer.stats());
    Ok(sent?)
}

/// The least of loggers: without one, nobody would read why spans are lost.
struct Stderr;

impl log::Log for Stderr {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("{}: {}", record.level(), record.args());
    }

    fn flush(&self) {}
}
