//! Samplers by name.

use std::time::{Duration, Instant};

use tracer_core::testing::InMemoryExporter;
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};

use super::servers::{Answer, Request, Server};
use super::{notes, resolved, value, with};

/// Whether a root, a child of a recorded parent, and a child of one that is not recorded, are recorded.
fn recorded(variables: &[(&str, &str)]) -> [bool; 3] {
    let exporter = InMemoryExporter::default();
    let tracing = with(variables).exporters("none").exporter(exporter).start().unwrap();
    let child_of = |flags| {
        let parent = SpanContext::new(TraceId::from_bytes([0xff; 16]), SpanId::from_bytes([1; 8]), flags);
        tracing.tracer().span("work").child_of(&parent).start().context().is_sampled()
    };
    let root = tracing.tracer().span("work").start().context().is_sampled();
    let all = [root, child_of(TraceFlags::SAMPLED), child_of(TraceFlags::NONE)];
    tracing.shutdown(Duration::from_secs(30)).unwrap();
    all
}

#[test]
fn opentelemetrys_names() {
    let (on, off) = (true, false);
    let cases = [
        ("always_on", "", [on, on, on]),
        ("always_off", "", [off, off, off]),
        ("AlwaysOn", "", [on, on, off]),
        ("parentbased_always_on", "", [on, on, off]),
        ("parentbased_always_off", "", [off, on, off]),
        ("traceidratio", "0", [off, off, off]),
        ("traceidratio", "1.0", [on, on, on]),
        ("traceidratio", "more", [on, on, on]),
        ("parentbased_traceidratio", "0.0", [off, on, off]),
    ];
    for (name, argument, expected) in cases {
        let variables = [("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)];
        assert_eq!(recorded(&variables), expected, "{name} {argument}");
    }
}

#[test]
fn jaegers_names() {
    let (on, off) = (true, false);
    let cases = [
        ("const", "1", [on, on, off]),
        ("const", "0", [off, on, off]),
        ("probabilistic", "0", [off, on, off]),
        ("probabilistic", "1", [on, on, off]),
        ("ratelimiting", "100", [on, on, off]),
        ("ratelimiting", "0", [off, on, off]),
    ];
    for (name, param, expected) in cases {
        let variables = [("JAEGER_SAMPLER_TYPE", name), ("JAEGER_SAMPLER_PARAM", param)];
        assert_eq!(recorded(&variables), expected, "{name} {param}");
    }
}

#[test]
fn opentelemetrys_names_go_before_jaegers_which_are_then_said_to_be_unused() {
    let variables = [("OTEL_TRACES_SAMPLER", "always_off"), ("JAEGER_SAMPLER_TYPE", "const")];
    assert_eq!(recorded(&variables), [false; 3]);
    let configuration = resolved(&variables);
    assert_eq!(
        notes(&configuration),
        ["JAEGER_SAMPLER_TYPE=\"const\" is ignored: nothing that is configured uses it"]
    );
}

#[test]
fn a_name_that_is_none_is_as_if_it_were_not_set() {
    type Variables<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Variables<'_>, [bool; 3]); 3] = [
        (&[("JAEGER_SAMPLER_TYPE", "sometimes")], [true, true, false]),
        (&[("JAEGER_SAMPLER_TYPE", "sometimes"), ("JAEGER_SAMPLER_PARAM", "0")], [true, true, false]),
        (
            &[
                ("OTEL_TRACES_SAMPLER", "xray"),
                ("JAEGER_SAMPLER_TYPE", "const"),
                ("JAEGER_SAMPLER_PARAM", "0"),
            ],
            [false, true, false],
        ),
    ];
    for (variables, expected) in cases {
        assert_eq!(recorded(variables), expected, "{variables:?}");
    }
}

#[test]
fn a_malformed_share_is_said_with_the_one_that_is_used() {
    let configuration =
        resolved(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "10%")]);
    assert_eq!(
        notes(&configuration),
        ["OTEL_TRACES_SAMPLER_ARG=\"10%\" is ignored: no number from 0 to 1; 1.0 is used"]
    );
    assert_eq!(value(&configuration, "sampler_arg"), ("1.0".into(), "default".into()));
}

/// A Jaeger that says "all", and how it is set.
fn remote(variables: &[(&str, &str)], answer: Answer) -> (bool, Vec<Request>) {
    let server = Server::http(move |_| answer.clone());
    let url = format!("{}/sampling", server.url());
    let variables: Vec<(&str, String)> =
        variables.iter().map(|(name, value)| (*name, value.replace("URL", &url))).collect();
    let environment = variables.into_iter().collect();
    let tracing = with(&[]).environment(environment).exporters("none").start().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut is_sampled = false;
    while !is_sampled && Instant::now() < deadline && server.all_requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // The answer is applied just after it was sent.
    while !is_sampled && Instant::now() < deadline {
        is_sampled = tracing.tracer().span("work").start().context().is_sampled();
        std::thread::sleep(Duration::from_millis(5));
    }
    (is_sampled, server.all_requests())
}

#[test]
fn a_jaeger_is_followed_by_either_name() {
    let all = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#;
    let answer = Answer::status(200).saying("application/json", all);
    let cases: [&[(&str, &str)]; 3] = [
        &[
            ("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "endpoint=URL,pollingIntervalMs=50,initialSamplingRate=0"),
        ],
        &[("JAEGER_SAMPLING_ENDPOINT", "URL"), ("JAEGER_SAMPLER_PARAM", "0")],
        &[
            ("JAEGER_SAMPLER_TYPE", "remote"),
            ("JAEGER_SAMPLER_PARAM", "0.0"),
            ("JAEGER_SAMPLING_ENDPOINT", "URL"),
            ("JAEGER_SAMPLER_REFRESH_INTERVAL", "50ms"),
        ],
    ];
    for variables in cases {
        let (is_sampled, requests) = remote(variables, answer.clone());
        assert!(is_sampled, "{variables:?}");
        assert!(requests[0].head.starts_with("GET /sampling?service=test "), "{}", requests[0].head);
    }
}

#[test]
fn malformed_arguments_of_remote_sampling_are_said() {
    let name = ("OTEL_TRACES_SAMPLER", "jaeger_remote");
    let cases = [
        ("0.5", "no `=` in an entry"),
        ("endpoint=ftp://h", "it begins with neither http:// nor https://"),
        ("endpoint=http://h:1,initialSamplingRate=2", "no number from 0 to 1"),
        ("pollingIntervalMs=0", "no number of milliseconds"),
        ("interval=1", "an entry is none of endpoint"),
    ];
    for (argument, reason) in cases {
        let notes = notes(&resolved(&[name, ("OTEL_TRACES_SAMPLER_ARG", argument)]));
        assert!(notes.len() == 1 && notes[0].contains(reason), "{argument}: {notes:?}");
    }
}
