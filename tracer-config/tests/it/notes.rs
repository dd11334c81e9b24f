//! What is malformed, unknown or of no use is said by name, with what is used instead, and without secrets.

use super::{notes, resolved, with};

fn only_note(variable: (&str, &str)) -> String {
    let notes = notes(&resolved(&[variable]));
    let [note] = &notes[..] else { panic!("{variable:?}: {notes:#?}") };
    note.clone()
}

#[test]
fn a_malformed_value_is_as_if_it_were_not_set() {
    let cases = [
        ("OTEL_SDK_DISABLED", "yes", "neither true nor false; false is used"),
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "-5",
            "no number of milliseconds from 1, nor a time as 1.5s; 1000 is used",
        ),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", "no number from 1 to 1048576; 8192 is used"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "many", "no number from 0 to 4294967295; 128 is used"),
        (
            "OTEL_TRACES_SAMPLER",
            "sometimes",
            "none of always_on, always_off, traceidratio, jaeger_remote, \
          parentbased_always_on, parentbased_always_off, parentbased_traceidratio, parentbased_jaeger_remote; \
          parentbased_always_on is used",
        ),
        ("OTEL_PROPAGATORS", "xray", "no format is called xray; tracecontext,baggage is used"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "c:4318",
            "it begins with neither http:// nor https://; http://localhost:4318 is used",
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "lz4", "none of none, gzip, zstd; none is used"),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "thrift",
            "none of grpc, http/protobuf, http/json; http/protobuf is used",
        ),
        ("OTEL_TRACES_EXPORTER", "kafka", "no exporter is called kafka; otlp is used"),
        ("OTEL_TRACES_EXPORTER", " , ", "no name in the list; otlp is used"),
        ("OTEL_TRACES_EXPORTER", "none,otlp", "the list has others; the rest of the list is used"),
        (
            "JAEGER_SAMPLER_TYPE",
            "lowerbound",
            "none of const, probabilistic, ratelimiting, remote; that of `OTEL_TRACES_SAMPLER` is used",
        ),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=1,b", "no `=` in entry 2; nothing of it is used"),
        ("JAEGER_TAGS", "a=${X", "`${` without its `}`; nothing of it is used"),
        (
            "TRACER_RESOURCE_DETECTORS",
            "cloud",
            "none of host, ip, process, runtime, instance, container, kubernetes, \
          process_args; host,ip,process,runtime,instance,container,kubernetes is used",
        ),
    ];
    for (name, text, rest) in cases {
        // Of a list one name may be meant.
        let shown = if text == "none,otlp" { "none" } else { text.trim() };
        assert_eq!(only_note((name, text)), format!("{name}={shown:?} is ignored: {rest}"));
    }
}

#[test]
fn the_next_weaker_layer_is_used_instead() {
    let configuration =
        resolved(&[("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "70")]);
    assert_eq!(
        notes(&configuration),
        [
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=\"soon\" is ignored: no number of milliseconds from 1, nor a time as \
          1.5s; 70 is used"
        ]
    );
    assert!(configuration.findings().notes[0].is_malformed);
}

#[test]
fn what_is_used_instead_is_what_the_sampler_uses() {
    let type_ = |name| ("JAEGER_SAMPLER_TYPE", name);
    for (variables, rest) in [
        (&[type_("const"), ("JAEGER_SAMPLER_PARAM", "2")][..], "neither 0 nor 1; 1 is used"),
        (&[type_("remote"), ("JAEGER_SAMPLER_PARAM", "2")], "no number from 0 to 1; 0.001 is used"),
        (
            &[("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("OTEL_TRACES_SAMPLER_ARG", "pollingIntervalMs=0")],
            "endpoint=http://localhost:5778/sampling,pollingIntervalMs=60000,initialSamplingRate=0.001 is used",
        ),
    ] {
        let told = notes(&resolved(variables));
        assert!(told.len() == 1 && told[0].ends_with(rest), "{told:?}");
    }
}

#[test]
fn of_a_list_the_rest_is_used() {
    let configuration = resolved(&[("OTEL_TRACES_EXPORTER", "otlp,kafka"), ("OTEL_PROPAGATORS", "b3,xray")]);
    assert_eq!(
        notes(&configuration),
        [
            "OTEL_PROPAGATORS=\"xray\" is ignored: no format has that name; the rest of the list is used",
            "OTEL_TRACES_EXPORTER=\"kafka\" is ignored: no exporter has that name; the rest of the list is used",
        ]
    );
}

#[test]
fn what_nobody_asks_for_and_what_is_unknown_is_said() {
    let cases = [
        (("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://z:9411"), "nothing that is configured uses it"),
        (("OTEL_TRACES_SAMPLE", "always_on"), "no variable of that name is known"),
        (("JAEGER_RPC_METRICS", "true"), "no metrics are made of spans"),
        (("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "7"), "tags of a log have no limit of their own"),
        (("OTEL_TRACES_SAMPLER_ARG", "0.5"), "nothing that is configured uses it"),
    ];
    for (variable, reason) in cases {
        let note = only_note(variable);
        assert!(note.starts_with(variable.0) && note.contains(reason), "{note}");
    }
    let foreign =
        [("JAEGER_QUERY_SERVICE_HOST", "10.0.0.1"), ("OTEL_METRICS_EXPORTER", "otlp"), ("PATH", "/bin")];
    assert_eq!(notes(&resolved(&foreign)), [""; 0]);
}

#[test]
fn kubernetes_variable_of_the_agents_service_is_no_port() {
    let variables = [("JAEGER_AGENT_HOST", "agent"), ("JAEGER_AGENT_PORT", "tcp://10.0.0.1:6831")];
    assert_eq!(
        notes(&resolved(&variables)),
        ["JAEGER_AGENT_PORT=\"tcp://10.0.0.1:6831\" is ignored: no number from 1 to 65535; 6831 is used"]
    );
}

#[test]
fn secrets_are_never_shown() {
    let configuration = resolved(&[
        ("OTEL_TRACES_EXPORTER", "otlp,jaeger"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://me:hunter2@c/?key=hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2,bad name=hunter2"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "hunter2"),
        ("JAEGER_ENDPOINT", "http://me:hunter2@c:14268/api/traces?key=hunter2"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://me:hunter2@j:5778/?key=hunter2,hunter2"),
        ("JAEGER_SAMPLER_MANAGER_HOST_PORT", "me:hunter2@j:5778"),
        ("JAEGER_AGENT_HOST", "me:hunter2@agent"),
        ("JAEGER_PASSWORD", "hunter2"),
        ("JAEGER_AUTH_TOKEN", "hunter2\u{7f}"),
        ("OTEL_SECRET", "hunter2"),
    ]);
    assert_eq!(configuration.findings().notes.len(), 9, "{:#?}", notes(&configuration));
    let report = tracer_config::doctor::look(&configuration);
    for text in [format!("{configuration:?}"), report.to_string(), format!("{report:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_unicode_is_said() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(vec![b'k', 0xff]);
    let environment = [("OTEL_SERVICE_NAME", value)].into_iter().collect();
    let configuration = with(&[]).environment(environment).resolve().unwrap();
    assert_eq!(notes(&configuration), ["OTEL_SERVICE_NAME=\"…\" is ignored: not Unicode; test is used"]);
}

#[test]
fn a_value_of_a_mebibyte_is_no_setting() {
    let long = "x".repeat(1 << 20);
    let note = only_note(("OTEL_SERVICE_NAME", &long));
    assert!(note.contains("longer than 65536 bytes") && note.len() < 1000, "{note}");
}
