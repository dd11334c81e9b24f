//! OpenTelemetry's SDKs of other languages export to our viewer: all that they send is shown.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::jaeger_json::{Span, Trace};
use crate::peers::{Viewer, clean_command, language};
use crate::poll;
use crate::report::Report;

/// How long a trace may take to be there once its sender has ended.
const SOON: Duration = Duration::from_secs(20);

/// Python and JavaScript, by each of their exporters.
pub(in super::super) fn sdks<W: Write>(report: &mut Report<W>) {
    let started = report.test("viewer/sdks: starts", || Viewer::start().map_err(|error| error.to_string()));
    let Some(viewer) = started else { return };
    let mut python = clean_command(language("python/bin/python"));
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/languages/python/send.py"));
    python.args([viewer.otlp_http(), viewer.otlp_grpc()]);
    let mut javascript = clean_command("node".into());
    javascript.arg(language("javascript/send.js")).arg(viewer.otlp_http());
    for (name, mut command, exporters) in [("Python", python, 3), ("JavaScript", javascript, 3)] {
        let sent = report.test(&format!("viewer/sdks: {name} sends by {exporters} exporters"), || {
            send(&mut command, exporters)
        });
        for (service, id) in sent.into_iter().flatten() {
            report.test(&format!("viewer/sdks: {service} is shown"), || {
                poll::until(SOON, || check(&viewer.query().trace(&id)?, &service))
            });
        }
    }
}

/// Runs a sender to its end; the services and trace ids that it printed.
fn send(command: &mut Command, exporters: usize) -> Result<Vec<(String, String)>, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    if !output.status.success() || lines.len() != exporters {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {} traces: {text}{errors}", output.status, lines.len()));
    }
    Ok(lines.into_iter().map(|(service, id)| (service.to_owned(), id.trim().to_owned())).collect())
}

fn check(trace: &Trace, service: &str) -> Result<(), String> {
    let named = |name: &str| {
        let found = trace.spans.iter().find(|span| span.operation_name == name);
        found.ok_or_else(|| format!("no span {name:?} among {}", trace.spans.len()))
    };
    let (serve, call) = (named("serve")?, named("call")?);
    let parent = call.references.first().map(|reference| reference.span_id.as_str());
    let event = |span: &Span, name: &str| {
        let mut fields = span.logs.iter().flat_map(|log| &log.fields);
        fields.any(|field| field.key == "event" && field.value == name)
    };
    let checks = [
        (trace.spans.len() == 2, "two spans"),
        (trace.service_of(serve) == trace.service_of(call), "one service"),
        (format!("{:?}", trace.service_of(serve)).contains(service), "its name"),
        (parent == Some(&serve.span_id), "the child's parent"),
        (has(serve, "n", &Value::from(-3)), "a number"),
        (has(serve, "list", &Value::from(r#"["a","b"]"#)), "a list"),
        (has(serve, "span.kind", &Value::from("server")), "the kind"),
        (event(serve, "packed"), "an event"),
        (has(call, "error", &Value::from(true)), "the error"),
        (event(call, "exception"), "the exception"),
    ];
    let missing: Vec<_> = checks.iter().filter(|(holds, _)| !holds).map(|(_, what)| *what).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not as sent: {}: {trace:?}", missing.join(", "))) }
}

fn has(span: &Span, key: &str, value: &Value) -> bool {
    span.tags.iter().any(|tag| tag.key == key && tag.value == *value)
}
