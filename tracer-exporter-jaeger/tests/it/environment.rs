//! The process's own environment, in processes of their own: changing it would race.

use std::process::{Command, Output};
use std::time::Duration;

use super::collector::{Collector, ok};

#[test]
fn a_tracer_is_set_up_by_the_environment_alone() {
    let collector = Collector::start(|_| ok());
    let variables = [
        ("OTEL_SERVICE_NAME", "from-env"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b"),
        // Proxies are not used, or nothing would arrive.
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
    ];
    let output = send_with(&variables);
    assert!(output.status.success(), "{output:?}");
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!((request.line.as_str(), request.header("api-key")), ("POST /v1/traces HTTP/1.1", Some("a b")));
    let resource = request.decode().resource_spans.remove(0).resource.unwrap();
    let service = format!("{:?}", resource.attributes[0]);
    assert!(service.contains("service.name") && service.contains("from-env"), "{service}");
}

#[test]
fn a_malformed_environment_is_told() {
    let output = send_with(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")]);
    assert!(!output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let expected = "OTEL_EXPORTER_OTLP_TIMEOUT: no timeout in milliseconds, from 1: \\\"soon\\\"";
    assert!(said.contains(expected), "{said}");
}

/// Runs [`send`] in a process with these variables and no others of OpenTelemetry's.
fn send_with(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "environment::send"]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

#[test]
#[ignore = "the tests above run it, each with variables of its own"]
fn send() {
    let tracer = tracer_exporter_jaeger::tracer_from_env("default").map_err(|e| e.to_string()).unwrap();
    tracer.span("work").start().finish();
    tracer.shutdown(Duration::from_secs(20)).unwrap();
}
