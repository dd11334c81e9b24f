//! A first trace, sent to where the environment says (`OTEL_EXPORTER_OTLP_ENDPOINT` and others), or to
//! `http://localhost:4318`: a Jaeger, an OpenTelemetry Collector, or this project's own viewer
//! (`cargo run --release -p tracer-viewer`).
//!
//! ```text
//! cargo run -p examples --example first_trace -- Bryan
//! ```

use std::time::Duration;

use tracer_core::{SpanKind, Tracer, active, tags};

type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let tracing = tracer_config::init("greeter")?;
    let tracer = tracing.tracer();
    let name = std::env::args().nth(1).unwrap_or_else(|| "Bryan".into());

    let scope = tracer.span("say-hello").start_active();
    let greeting = greet(tracer, &name);
    active::log("greeted", &[("text", (&greeting).into())]);
    let trace_id = scope.context().trace_id();
    scope.finish();

    let sent = tracer.shutdown(Duration::from_secs(5));
    report(&greeting, &format!("trace {trace_id}: {}", tracer.stats()))?;
    Ok(sent?)
}

fn greet(tracer: &Tracer, name: &str) -> String {
    let title = {
        let _query = tracer
            .span("get-person")
            .kind(SpanKind::Client)
            .tag(tags::DB_STATEMENT, "SELECT title FROM people WHERE name = ?")
            .start_active();
        active::set_tag("name", name);
        "Dr."
    };
    let _formatting = tracer.span("format-greeting").start_active();
    format!("Hello, {title} {name}!")
}

fn report(greeting: &str, trace: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{greeting}\n{trace}")
}
