//! A receiver that is nobody's product: OpenTelemetry's own types for Python behind Python's own HTTP
//! server.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tracer_core::Exporter;
use tracer_exporter_jaeger::{Compression, OtlpHttp};

use super::rich::{RichTrace, SPANS, Width};
use crate::http::Client;
use crate::peers::tool;
use crate::process::{Child, ProcessError};
use crate::report::Report;

const READY_DEADLINE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(20);

struct Receiver {
    _process: Child,
    url: String,
}

impl Receiver {
    fn start() -> Result<Self, ProcessError> {
        let mut command = Command::new(tool("python/bin/python3"));
        command.arg("-u").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/otlp_receiver.py"));
        let mut process = Child::start("otlp_receiver", command)?;
        let url = process.wait_for_line("listening", READY_DEADLINE, |line| {
            line.strip_prefix("listening on ").map(str::to_owned)
        })?;
        Ok(Self { _process: process, url })
    }

    /// What it has received, as protobuf's own JSON.
    fn received(&self) -> Result<Vec<Value>, String> {
        let url = format!("{}/received", self.url);
        Client::new(SOON).get_json(&url).map_err(|error| error.to_string())
    }
}

/// OTLP over HTTP, plain and compressed.
pub(in crate::suites) fn third<W: Write>(report: &mut Report<W>) {
    let started =
        report.test("transports/third: starts", || Receiver::start().map_err(|error| error.to_string()));
    let Some(receiver) = started else { return };
    for (name, compression) in [("plain", Compression::None), ("gzip", Compression::Gzip)] {
        report.test(&format!("transports/third: otlp-http {name}: all is there"), || {
            let exporter = OtlpHttp::builder().endpoint(&receiver.url).compression(compression).build();
            check(&receiver, &mut exporter.map_err(|error| error.to_string())?)
        });
    }
}

fn check(receiver: &Receiver, exporter: &mut dyn Exporter) -> Result<(), String> {
    let rich = RichTrace::new(Width::Bits128);
    rich.export(exporter, SOON).map_err(|error| error.to_string())?;
    let received = receiver.received()?;
    let request = received.last().ok_or("nothing was received")?;
    let spans = request.pointer("/resourceSpans/0/scopeSpans/0/spans").and_then(Value::as_array);
    let spans = spans.ok_or_else(|| format!("no spans in {request}"))?;
    if spans.len() != SPANS.len() {
        return Err(format!("{} spans of {}", spans.len(), SPANS.len()));
    }
    let expected: [(&str, &str, Value); 9] = [
        ("GET /größe", "/kind", "SPAN_KIND_SERVER".into()),
        ("GET /größe", "/traceState", "vendor=ab".into()),
        ("GET /größe", "/status/code", "STATUS_CODE_OK".into()),
        ("SELECT", "/status/code", "STATUS_CODE_ERROR".into()),
        ("SELECT", "/status/message", "kaputt ✗".into()),
        ("SELECT", "/events/0/name", "lock wait|für <alle>".into()),
        ("SELECT", "/events/0/attributes/0/value/intValue", "2".into()),
        ("consume", "/links/0/attributes/0/value/stringValue", "follows_from".into()),
        ("join", "/links/2/attributes/0/value/stringValue", "batch".into()),
    ];
    for (name, path, value) in expected {
        let span = spans.iter().find(|span| span["name"] == name);
        let seen = span.and_then(|span| span.pointer(path));
        if seen != Some(&value) {
            return Err(format!("{name}{path}: {seen:?}, not {value:?}"));
        }
    }
    Ok(())
}
