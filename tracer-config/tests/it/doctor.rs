//! What the doctor says of end points that are wrong in one way each.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::time::Duration;

use tracer_config::doctor::{Check, Verdict, examine};

use super::servers::{Answer, Server};
use super::with;

/// Long where an answer comes for sure; servers that hang are given less.
const PATIENT: Duration = Duration::from_secs(30);
const HASTY: Duration = Duration::from_millis(700);

fn checked_in(variables: &[(&str, &str)], patience: Duration) -> Check {
    let configuration = with(variables).resolve().unwrap();
    let report = examine(&configuration, patience);
    let [check] = report.checks.as_deref().unwrap() else { panic!("{report}") };
    assert_eq!(
        report.is_well(),
        check.verdict != Verdict::Failed && configuration.findings().notes.is_empty(),
        "{report}"
    );
    check.clone()
}

fn failed(variables: &[(&str, &str)]) -> String {
    let check = checked_in(variables, PATIENT);
    assert_eq!(check.verdict, Verdict::Failed, "{check}");
    check.words
}

fn otlp_words(server: &Server) -> String {
    failed(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &server.url())])
}

/// A server that writes this at once, and reads until the client goes.
fn greeting(bytes: &'static [u8]) -> Server {
    Server::raw(move |mut stream| {
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(bytes);
    })
}

#[test]
fn a_receiver_that_takes_the_span_is_well() {
    let server = Server::http(|_| Answer::status(200));
    let check = checked_in(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &server.url())], PATIENT);
    assert_eq!(check.verdict, Verdict::Arrived, "{check}");
    assert_eq!(server.requests().len(), 1);
    assert!(server.requests()[0].head.starts_with("POST /v1/traces "));
}

#[test]
fn json_is_named_as_such() {
    let server = Server::http(|request| {
        let is_json = request.head.to_ascii_lowercase().contains("content-type: application/json");
        Answer::status(if is_json { 415 } else { 200 })
    });
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*server.url()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
    let check = checked_in(&variables, PATIENT);
    assert_eq!((check.protocol, check.verdict), ("OTLP over HTTP in JSON", Verdict::Failed));
    assert!(check.words.contains("it answers 415: it does not understand what was sent"), "{check}");
}

#[test]
fn nobody_and_unknown_names() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let words = failed(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{port}"))]);
    assert!(words.starts_with(&format!("nobody listens on 127.0.0.1:{port}")), "{words}");
    let words = failed(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://no-such-host.invalid:4318")]);
    assert!(words.starts_with("the name \"no-such-host.invalid\" is not found"), "{words}");
}

#[test]
fn statuses_are_explained() {
    let cases = [
        (401, "it wants credentials"),
        (403, "may not send spans"),
        (404, "it has no /v1/traces, so it is no receiver of OTLP over HTTP"),
        (405, "it has no /v1/traces"),
        (413, "too large for it"),
        (400, "it wants another protocol"),
        (415, "it wants another protocol"),
        (429, "it is sent too much"),
        (502, "a proxy is there"),
        (500, "an error of its own"),
        (302, "a redirection, which is not followed"),
    ];
    for (status, expected) in cases {
        let server = Server::http(move |_| Answer::status(status).saying("text/plain", "because"));
        let words = otlp_words(&server);
        assert!(words.contains(&format!("it answers {status}: ")) && words.contains(expected), "{words}");
        assert!(words.contains("(because)"), "{words}");
    }
}

#[test]
fn a_path_that_is_missing_is_named() {
    let server = Server::http(|_| Answer::status(404));
    let words = failed(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/spans", server.url()))]);
    assert!(
        words.contains("there is no path \"/spans\"; receivers of OTLP over HTTP have /v1/traces"),
        "{words}"
    );
}

#[test]
fn a_web_page_is_no_receiver() {
    let server = Server::http(|_| Answer::status(200).saying("text/html; charset=utf-8", "<html></html>"));
    let words = otlp_words(&server);
    assert!(words.starts_with("a web page answers there"), "{words}");
}

#[test]
fn tls_where_plain_http_was_sent() {
    // As a server of Go says it, and as one that only ends with an alert.
    let go = Server::http(|_| {
        Answer::status(400).saying("text/plain", "Client sent an HTTP request to an HTTPS server.\n")
    });
    for server in [go, greeting(b"\x15\x03\x01\x00\x02\x02\x16")] {
        let words = otlp_words(&server);
        assert!(words.contains("wants TLS, and the end point says http: use https://"), "{words}");
    }
}

#[test]
fn grpc_where_http_was_sent() {
    let words = otlp_words(&greeting(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"));
    assert!(words.contains("speaks HTTP/2 alone, as gRPC does"), "{words}");
}

#[test]
fn neither_http_nor_anything_known() {
    let words = otlp_words(&greeting(b"SSH-2.0-OpenSSH_9.6\r\n"));
    assert!(words.contains("speaks neither HTTP nor TLS"), "{words}");
    let words = otlp_words(&Server::raw(drop));
    assert!(words.contains("ends each connection without a word"), "{words}");
}

#[test]
fn a_server_that_hangs() {
    let server = Server::raw(|mut stream| {
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    let check = checked_in(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &server.url())], HASTY);
    assert!(check.words.contains("takes connections and never answers"), "{check}");
}

#[test]
fn udp_cannot_be_known_but_for_nobody_on_this_machine() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = receiver.local_addr().unwrap().port().to_string();
    let variables = [("JAEGER_AGENT_HOST", "127.0.0.1"), ("JAEGER_AGENT_PORT", port.as_str())];
    let check = checked_in(&variables, PATIENT);
    assert_eq!(check.verdict, Verdict::Unknown, "{check}");
    assert!(check.words.contains("UDP has no answers"), "{check}");
    drop(receiver);
    let words = failed(&variables);
    assert!(words.starts_with("nobody listens on 127.0.0.1:"), "{words}");
}

#[test]
fn rejected_spans_are_no_success() {
    // partial_success { rejected_spans: 1 }
    let server = Server::http(|_| Answer::status(200).saying("application/x-protobuf", "\x0a\x02\x08\x01"));
    let words = otlp_words(&server);
    assert!(words.contains("rejected the span"), "{words}");
}

#[test]
fn each_exporter_is_asked() {
    let server =
        Server::http(|request| Answer::status(if request.head.contains("/v1/") { 200 } else { 404 }));
    let url = server.url();
    let variables = [
        ("OTEL_TRACES_EXPORTER", "otlp,zipkin,jaeger"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", url.as_str()),
        ("JAEGER_ENDPOINT", url.as_str()),
    ];
    let report = examine(&with(&variables).resolve().unwrap(), PATIENT);
    let checks = report.checks.as_deref().unwrap();
    let verdicts: Vec<_> = checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Arrived, Verdict::Failed, Verdict::Failed], "{report}");
    assert!(checks[1].words.contains("it has no /api/v2/spans"), "{report}");
    assert!(checks[2].words.contains("it has no /api/traces"), "{report}");
}

#[cfg(feature = "grpc")]
#[test]
fn grpc_where_something_else_listens() {
    let grpc = |server: &Server, patience| {
        let variables =
            [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &server.url())];
        checked_in(&variables, patience).words
    };
    let words = grpc(&Server::http(|_| Answer::status(200)), PATIENT);
    assert!(words.contains("speaks HTTP/1 and no gRPC"), "{words}");
    let words = grpc(&greeting(b"\x15\x03\x01\x00\x02\x02\x16"), PATIENT);
    assert!(words.contains("wants TLS, and the end point says http"), "{words}");
    let hung = Server::raw(|mut stream| {
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    let words = grpc(&hung, HASTY);
    assert!(words.contains("takes connections and never answers"), "{words}");
}

#[test]
fn a_remote_samplers_jaeger_is_asked() {
    let ask = |answer: Answer| {
        let server = Server::http(move |_| answer.clone());
        let url = format!("{}/sampling", server.url());
        let configuration = with(&[("JAEGER_SAMPLING_ENDPOINT", &url)]).exporters("none").resolve().unwrap();
        examine(&configuration, PATIENT).sampling.unwrap()
    };
    let json = |text| Answer::status(200).saying("application/json", text);
    let well = ask(json(r#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":7}}"#));
    assert_eq!(well.verdict, Verdict::Arrived, "{well}");
    assert!(well.words.contains("7 traces per second"), "{well}");
    let page = ask(Answer::status(200).saying("text/html", "<html></html>"));
    assert!(page.verdict == Verdict::Failed && page.words.contains("cannot be read"), "{page}");
    let missing = ask(Answer::status(404));
    assert!(missing.words.contains("receivers of remote sampling over HTTP have /api/sampling"), "{missing}");
    let nobody = [
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://127.0.0.1:9"),
    ];
    let report = examine(&with(&nobody).exporters("none").resolve().unwrap(), PATIENT);
    assert!(!report.is_well() && report.to_string().contains("nobody listens on 127.0.0.1:9"), "{report}");
}
