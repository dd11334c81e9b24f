//! What exporters send, as the variables say.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::servers::{Answer, Request, Server};
use super::{notes, resolved, value, with};

/// The one request that a span makes; `URL` in a value is the server's.
fn request_with(variables: &[(&'static str, &str)]) -> Request {
    let server = Server::http(|_| Answer::status(200));
    let variables = variables.iter().map(|(name, value)| (*name, value.replace("URL", &server.url())));
    let tracing = with(&[]).environment(variables.collect()).start().unwrap();
    assert_eq!(tracing.findings().notes, []);
    tracing.tracer().span("work").start().finish();
    tracing.shutdown(Duration::from_secs(30)).unwrap();
    let [request] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    request.clone()
}

fn line(variables: &[(&'static str, &str)]) -> String {
    request_with(variables).head.lines().next().unwrap().to_owned()
}

#[test]
fn the_end_points_path_depends_on_who_names_it() {
    let all = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    assert_eq!(line(&[(all, "URL")]), "POST /v1/traces HTTP/1.1");
    assert_eq!(line(&[(all, "URL/base/")]), "POST /base/v1/traces HTTP/1.1");
    assert_eq!(line(&[(traces, "URL/mine"), (all, "http://127.0.0.1:9")]), "POST /mine HTTP/1.1");
    assert_eq!(line(&[(traces, "URL")]), "POST / HTTP/1.1");
    assert_eq!(line(&[("JAEGER_ENDPOINT", "URL")]), "POST /api/traces HTTP/1.1");
    assert_eq!(
        line(&[("JAEGER_ENDPOINT", "URL/x?format=jaeger.thrift")]),
        "POST /x?format=jaeger.thrift HTTP/1.1"
    );
    let zipkin = [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", "URL")];
    assert_eq!(line(&zipkin), "POST /api/v2/spans HTTP/1.1");
}

#[test]
fn headers_and_credentials_are_sent() {
    let has = |request: &Request, header: &str| {
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains(&header.to_ascii_lowercase()), "{header}: {head}");
    };
    let otlp = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "URL"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-weaker=1"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=a%20b,x-tenant=shop"),
    ];
    let request = request_with(&otlp);
    has(&request, "\r\napi-key: a b\r\n");
    has(&request, "\r\nx-tenant: shop\r\n");
    assert!(!request.head.to_ascii_lowercase().contains("x-weaker"));
    let basic = [("JAEGER_ENDPOINT", "URL"), ("JAEGER_USER", "me"), ("JAEGER_PASSWORD", "p@ss:w")];
    has(&request_with(&basic), "authorization: Basic bWU6cEBzczp3"); // me:p@ss:w
    let token = [("JAEGER_ENDPOINT", "URL"), ("JAEGER_AUTH_TOKEN", "t0ken")];
    has(&request_with(&token), "authorization: Bearer t0ken");
}

#[test]
fn half_of_the_credentials_is_none() {
    let endpoint = ("JAEGER_ENDPOINT", "http://c:14268");
    let told = notes(&resolved(&[endpoint, ("JAEGER_USER", "me")]));
    assert_eq!(told, ["JAEGER_USER=\"me\" is ignored: there is no password; no authorization is used"]);
    let told = notes(&resolved(&[endpoint, ("JAEGER_PASSWORD", "secret")]));
    assert_eq!(told, ["JAEGER_PASSWORD=\"…\" is ignored: there is no user; no authorization is used"]);
}

#[cfg(feature = "gzip")]
#[test]
fn compression_is_asked_for_by_name() {
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "URL"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP")];
    let request = request_with(&variables);
    assert!(request.head.to_ascii_lowercase().contains("content-encoding: gzip"), "{}", request.head);
    assert_eq!(request.body[..2], [0x1f, 0x8b]);
}

#[test]
fn json_is_sent_where_it_is_asked_for() {
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "URL"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON")];
    let request = request_with(&variables);
    let head = request.head.to_ascii_lowercase();
    assert!(
        head.starts_with("post /v1/traces ") && head.contains("content-type: application/json"),
        "{head}"
    );
    assert!(request.body.starts_with(br#"{"resourceSpans":[{"#));
}

#[test]
fn how_many_requests_are_sent_at_once_is_said_once_for_all_exporters() {
    let key = "pipeline.concurrent_sends_max";
    let exporters = ("OTEL_TRACES_EXPORTER", "otlp,zipkin,jaeger");
    let four = [exporters, ("TRACER_CONCURRENT_SENDS_MAX", "4")];
    let configuration = resolved(&four);
    assert_eq!(value(&configuration, key), ("4".into(), "TRACER_CONCURRENT_SENDS_MAX".into()));
    assert_eq!(notes(&configuration), [""; 0]);
    let by_builder = with(&four).set(key, "2").resolve().unwrap();
    assert_eq!(value(&by_builder, key).0, "2");
    for malformed in ["0", "65", "-1", "many", "99999999999999999999"] {
        let told = notes(&resolved(&[exporters, ("TRACER_CONCURRENT_SENDS_MAX", malformed)]));
        let expected = format!(
            "TRACER_CONCURRENT_SENDS_MAX={malformed:?} is ignored: no number from 1 to 64; 1 is used"
        );
        assert_eq!(told, [expected]);
    }
    let told = notes(&resolved(&[("OTEL_TRACES_EXPORTER", "console"), four[1]]));
    assert_eq!(told, ["TRACER_CONCURRENT_SENDS_MAX=\"4\" is ignored: nothing that is configured uses it"]);
}

#[test]
fn requests_that_may_be_sent_at_once_do_not_wait_for_each_other() {
    // Nobody is answered before two are there.
    let waiting = Arc::new(Barrier::new(2));
    let server = Server::http(move |_| {
        waiting.wait();
        Answer::status(200)
    });
    let url = server.url();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("TRACER_CONCURRENT_SENDS_MAX", "2"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    let tracing = with(&variables).start().unwrap();
    (0..2).for_each(|_| tracing.tracer().span("work").start().finish());
    tracing.shutdown(Duration::from_secs(30)).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[cfg(not(feature = "grpc"))]
#[test]
fn grpc_without_the_feature_is_said() {
    let told = notes(&resolved(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]));
    assert!(told.len() == 1 && told[0].contains("it needs this crate's feature `grpc`"), "{told:?}");
}

#[cfg(all(feature = "grpc", feature = "tls"))]
#[test]
fn grpc_without_a_scheme_is_secure_unless_it_is_said_otherwise() {
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    let report = |variables: &[(&str, &str)]| {
        let configuration = resolved(variables);
        assert_eq!(notes(&configuration), [""; 0]);
        let patience = Duration::from_millis(50);
        tracer_config::doctor::examine(&configuration, patience).checks.unwrap().remove(0).endpoint
    };
    assert_eq!(report(&[grpc, endpoint]), "https://collector:4317/");
    assert_eq!(report(&[grpc, endpoint, ("OTEL_EXPORTER_OTLP_INSECURE", "true")]), "http://collector:4317/");
}

#[test]
fn remote_sampling_has_two_names_for_its_address() {
    let by_url = ("JAEGER_SAMPLING_ENDPOINT", "http://c:5778/sampling");
    let by_host = ("JAEGER_SAMPLER_MANAGER_HOST_PORT", "c:5778");
    for variable in [by_url, by_host] {
        let configuration = resolved(&[variable]);
        assert_eq!(notes(&configuration), [""; 0], "{variable:?}");
        assert_eq!(value(&configuration, "jaeger.sampler_type").0, "remote");
    }
    let told = notes(&resolved(&[("JAEGER_SAMPLER_MANAGER_HOST_PORT", "c")]));
    assert!(told.len() == 1 && told[0].contains("no host:port"), "{told:?}");
}

/// No text in any variable is worse than a note.
#[test]
fn every_variable_takes_any_text() {
    let long = "x".repeat(70_000);
    let many = "a=b,".repeat(5000);
    let texts = [
        "=",
        ",",
        ",,=,",
        "%",
        "%zz",
        "%ff=%00",
        "${",
        "${}",
        "${:}",
        "a=${x:${y}}",
        "\0",
        "\u{7f}",
        "ü=ß",
        "-1",
        "0",
        "1e999",
        "NaN",
        "inf",
        "99999999999999999999999",
        "http://",
        "http://[",
        "http://[::1",
        "https://a b/",
        "h:1:2",
        "://",
        "@",
        "http://@h",
        "http://:@:0",
        "true,false",
        "none,none,otlp,none",
        "/",
        "/dev/zero",
        "endpoint=,=",
        &long,
        &many,
    ];
    let table = tracer_config::variables_table();
    let names =
        table.split('`').filter(|word| ["OTEL_", "JAEGER_", "TRACER_"].iter().any(|it| word.starts_with(it)));
    let mut names: Vec<&str> = names.filter(|name| !name.contains(['{', ' ', '*'])).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() > 70, "{names:?}");
    let exporters = ["otlp", "jaeger,zipkin,console"];
    for name in names {
        for text in texts {
            for list in exporters {
                let builder = with(&[(name, text)]).exporters(list);
                // The file that this names has no end.
                let configuration = builder.resource_detectors("none").resolve().unwrap();
                assert!(notes(&configuration).iter().all(|note| note.len() < 1500), "{name}={text}");
            }
        }
    }
}
