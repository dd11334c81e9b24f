//! The real Zipkin, which is a Java program.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tracer_exporter_jaeger::ZipkinHttp;

use super::rich::{RichTrace, SPANS, Width};
use crate::http::Client;
use crate::peers::tool;
use crate::poll;
use crate::process::{Child, ProcessError, on_free_ports};
use crate::report::Report;

/// Java takes its time, above all on a busy machine.
const READY_DEADLINE: Duration = Duration::from_secs(120);

const SOON: Duration = Duration::from_secs(20);

/// A running Zipkin.
struct Zipkin {
    _process: Child,
    url: String,
}

impl Zipkin {
    fn start() -> Result<Self, ProcessError> {
        on_free_ports(|[port]| {
            let mut command = Command::new("java");
            command.args(["-Xmx256m", "-jar"]).arg(tool("zipkin.jar"));
            command.env("QUERY_PORT", port.to_string()).env("STORAGE_TYPE", "mem");
            let mut process = Child::start("zipkin", command)?;
            let url = format!("http://127.0.0.1:{port}");
            process.wait_until_answers(&format!("{url}/health"), READY_DEADLINE)?;
            Ok(Self { _process: process, url })
        })
    }
}

/// Our JSON is what Zipkin takes, and it answers what was sent.
pub(in crate::suites) fn zipkin<W: Write>(report: &mut Report<W>) {
    let started =
        report.test("transports/zipkin: starts", || Zipkin::start().map_err(|error| error.to_string()));
    let Some(zipkin) = started else { return };
    for width in [Width::Bits128, Width::Bits64] {
        let rich = RichTrace::new(width);
        report.test(&format!("transports/zipkin: {width}: all is there"), || {
            let exporter = ZipkinHttp::builder().endpoint(&zipkin.url).build();
            let mut exporter = exporter.map_err(|error| error.to_string())?;
            rich.export(&mut exporter, SOON).map_err(|error| error.to_string())?;
            let spans = poll::until(SOON, || spans(&zipkin.url, &rich))?;
            check(&spans)
        });
    }
}

fn spans(url: &str, rich: &RichTrace) -> Result<Vec<Value>, String> {
    let url = format!("{url}/zipkin/api/v2/trace/{}", rich.trace_id_hex());
    let response = Client::new(SOON).get(&url, &[]).map_err(|error| error.to_string())?;
    let spans: Vec<Value> = serde_json::from_str(&response.body).map_err(|_| response.body)?;
    if spans.len() == SPANS.len() { Ok(spans) } else { Err(format!("{} spans are there", spans.len())) }
}

/// Zipkin writes names in lower case.
fn check(spans: &[Value]) -> Result<(), String> {
    let expected: [(&str, &str, &str); 14] = [
        ("get /größe", "/kind", "SERVER"),
        ("get /größe", "/localEndpoint/serviceName", "rich"),
        ("get /größe", "/parentId", "1111111111111111"),
        ("get /größe", "/tags/text", "Grüße, 世界 🦀 \"<&>"),
        ("get /größe", "/tags/most", "9223372036854775807"),
        ("get /größe", "/tags/otel.status_code", "Ok"),
        ("get /größe", "/tags/region", "Zürich"),
        ("get /größe", "/tags/otel.scope.name", "interop"),
        ("select", "/kind", "CLIENT"),
        ("select", "/remoteEndpoint/serviceName", "mysql"),
        ("select", "/tags/error", "true"),
        ("select", "/annotations/1/value", "no fields"),
        ("publish", "/kind", "PRODUCER"),
        ("consume", "/kind", "CONSUMER"),
    ];
    let seen = |name: &str, path: &str| {
        let span = spans.iter().find(|span| span["name"] == name)?;
        Some(span.pointer(path)?.as_str()?.to_owned())
    };
    let differ = expected.iter().filter(|(name, path, value)| seen(name, path).as_deref() != Some(*value));
    let mut problems: Vec<String> = differ
        .map(|(name, path, value)| format!("{name}{path}: {:?}, not {value:?}", seen(name, path)))
        .collect();
    let links = (0..3).filter(|n| seen("join", &format!("/tags/otlp.link.{n}")).is_some()).count();
    if links != 3 {
        problems.push(format!("join: {links} links, not 3"));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
