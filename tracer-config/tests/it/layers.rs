//! Builder before environment before file before defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use tracer_core::testing::InMemoryExporter;
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::Codec;

#[cfg(feature = "file")]
use super::files::TemporaryFile;
use super::{notes, resolved, value, with};

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

#[cfg(feature = "file")]
#[test]
fn the_stronger_layer_wins() {
    let file =
        TemporaryFile::with("\nservice_name = 'file'\npipeline.interval_ms = 7\nlimits.links_max = 3\n");
    let at = |line: u32| format!("{}:{line}", file.path());
    let variables = [("TRACER_CONFIG_FILE", file.path()), ("OTEL_BSP_SCHEDULE_DELAY", "70")];
    let from_file = resolved(&variables);
    assert_eq!(value(&from_file, "service_name"), pair("file", &at(2)));
    assert_eq!(value(&from_file, "pipeline.interval_ms"), pair("70", "OTEL_BSP_SCHEDULE_DELAY"));
    assert_eq!(value(&from_file, "limits.links_max"), pair("3", &at(4)));
    assert_eq!(value(&from_file, "limits.events_max"), pair("128", "default"));
    assert_eq!(notes(&from_file), [""; 0]);
    let by_builder =
        with(&variables).service_name("mine").interval(Duration::from_millis(700)).resolve().unwrap();
    assert_eq!(value(&by_builder, "service_name"), pair("mine", "builder"));
    assert_eq!(value(&by_builder, "pipeline.interval_ms"), pair("700", "builder"));
    let of_nobody = resolved(&[]);
    assert_eq!(value(&of_nobody, "service_name"), pair("test", "default"));
}

#[test]
fn the_variable_for_traces_and_opentelemetrys_go_first() {
    let configuration = resolved(&[
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2000"),
        ("JAEGER_SERVICE_NAME", "jaeger"),
        ("OTEL_SERVICE_NAME", "otel"),
        ("OTEL_PROPAGATORS", " "),
        ("JAEGER_PROPAGATION", "b3"),
    ]);
    assert_eq!(value(&configuration, "otlp.timeout_ms"), pair("2000", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"));
    assert_eq!(value(&configuration, "service_name"), pair("otel", "OTEL_SERVICE_NAME"));
    assert_eq!(value(&configuration, "propagators"), pair("b3", "JAEGER_PROPAGATION"));
}

#[test]
fn exporters_are_chosen_by_name_and_by_what_is_set_for_them() {
    let chosen = |variables: &[(&str, &str)]| value(&resolved(variables), "exporters");
    assert_eq!(chosen(&[]), pair("otlp", "default"));
    assert_eq!(
        chosen(&[("OTEL_TRACES_EXPORTER", "zipkin,console")]),
        pair("zipkin,console", "OTEL_TRACES_EXPORTER")
    );
    let (agent, collector) =
        (("JAEGER_AGENT_HOST", "agent"), ("JAEGER_ENDPOINT", "http://c:14268/api/traces"));
    assert_eq!(chosen(&[agent]), pair("jaeger", "JAEGER_AGENT_HOST"));
    assert_eq!(chosen(&[collector]), pair("jaeger", "JAEGER_ENDPOINT"));
    let otlp = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    assert_eq!(chosen(&[collector, otlp]), pair("otlp", "default"));
    let udp = resolved(&[agent]);
    assert_eq!(value(&udp, "jaeger.protocol"), pair("udp/thrift.compact", "default"));
    assert_eq!(value(&udp, "jaeger.agent_port"), pair("6831", "default"));
    let http = resolved(&[collector]);
    assert_eq!(value(&http, "jaeger.protocol"), pair("http/thrift.binary", "default"));
}

#[test]
fn a_disabled_sdk_records_nothing_and_passes_contexts_on() {
    for name in ["OTEL_SDK_DISABLED", "JAEGER_DISABLED"] {
        let tracing = with(&[(name, "TRUE")]).start().unwrap();
        assert!(!tracing.tracer().is_enabled(), "{name}");
        let ids = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
        let mut headers = BTreeMap::new();
        let context = SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED);
        tracing.propagator().inject(&context, &mut headers).unwrap();
        assert!(headers.contains_key("traceparent"));
    }
}

#[test]
fn own_exporters_are_given_the_spans() {
    let exporter = InMemoryExporter::default();
    let builder = with(&[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_SPAN_LINK_COUNT_LIMIT", "0")]);
    let tracing = builder.exporter(exporter.clone()).tag("service.version", "1.2").start().unwrap();
    tracing.tracer().span("work").start().finish();
    tracing.shutdown(Duration::from_secs(30)).unwrap();
    assert_eq!(exporter.spans().len(), 1);
}

#[test]
fn what_the_builder_says_must_be_right() {
    let error = with(&[]).set("no.such.key", "1").start().unwrap_err();
    assert_eq!(error.to_string(), "no setting has the key \"no.such.key\"");
    let error = with(&[]).set("pipeline.interval_ms", "soon").resolve().unwrap_err();
    let expected = "builder's pipeline.interval_ms=\"soon\" is ignored: no number of milliseconds from 1, nor a \
                    time as 1.5s; 1000 is used";
    assert_eq!(error.to_string(), expected);
    let error = with(&[]).otlp_endpoint("localhost:4318").resolve().unwrap_err();
    assert!(error.to_string().contains("it begins with neither http:// nor https://"), "{error}");
    let error = with(&[]).file("/no/such/file.toml").resolve().unwrap_err();
    let is_read = cfg!(feature = "file");
    let reason =
        if is_read { "cannot read \"/no/such/file.toml\"" } else { "\"/no/such/file.toml\" is not read" };
    assert!(error.to_string().starts_with(reason), "{error}");
}

#[test]
fn memory_follows_the_number_of_spans_only_upwards() {
    let memory = |variables: &[(&str, &str)]| {
        let configuration = resolved(variables);
        (value(&configuration, "pipeline.memory_bytes_max"), notes(&configuration).len())
    };
    let default = pair("33554432", "default");
    assert_eq!(memory(&[("OTEL_BSP_MAX_QUEUE_SIZE", "2048")]), (default, 1));
    let more = ("JAEGER_REPORTER_MAX_QUEUE_SIZE", "100000");
    assert_eq!(memory(&[more]), (pair("51200000", more.0), 0));
    let bytes = ("TRACER_MEMORY_BYTES_MAX", "1000000");
    assert_eq!(memory(&[more, bytes]), (pair("1000000", bytes.0), 1));
}
