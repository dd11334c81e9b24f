//! Suite `doctor`: `tracer_config::doctor` on the real Jaeger, by the right ports and by wrong ones.

use std::io::Write;
use std::time::Duration;

use tracer_config::doctor::{Check, Verdict, examine};
use tracer_config::{Configuration, Environment};

use crate::peers::Jaeger;
use crate::poll;
use crate::report::Report;

/// How long an end point may take to answer; this machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(20);

/// Variables, and what is to come of them.
struct Case {
    name: &'static str,
    variables: Vec<(&'static str, String)>,
    /// Part of the words, where it fails.
    words: &'static str,
}

/// All protocols, each on its own port and on others'.
pub(super) fn jaeger<W: Write>(report: &mut Report<W>) {
    let started = report.test("doctor/jaeger: starts", || Jaeger::start().map_err(|error| error.to_string()));
    let Some(mut jaeger) = started else { return };
    for case in right(&jaeger) {
        report.test(&format!("doctor/jaeger: {} is well", case.name), || {
            let check = case.check()?;
            if check.verdict == Verdict::Failed {
                return Err(check.to_string());
            }
            arrived(&jaeger, &check)
        });
    }
    for case in wrong(&jaeger) {
        report.test(&format!("doctor/jaeger: {}", case.name), || case.fails());
    }
    let away = right(&jaeger).into_iter().find(|case| case.name == "OTLP over HTTP");
    jaeger.stop();
    report.test("doctor/jaeger: one that has ended", || {
        let case = away.ok_or("no case")?;
        Case { words: "nobody listens on 127.0.0.1:", ..case }.fails()
    });
}

impl Case {
    fn check(&self) -> Result<Check, String> {
        let variables = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        let builder = Configuration::builder("doctor-test").environment(variables.collect::<Environment>());
        let configuration = builder.resolve().map_err(|error| error.to_string())?;
        let found = examine(&configuration, PATIENCE);
        if !found.findings.notes.is_empty() {
            return Err(found.to_string());
        }
        found.checks.into_iter().flatten().next().ok_or_else(|| "nothing was sent".into())
    }

    fn fails(&self) -> Result<(), String> {
        let check = self.check()?;
        let is_as_expected = check.verdict == Verdict::Failed && check.words.contains(self.words);
        if is_as_expected { Ok(()) } else { Err(format!("not {:?}:\n{check}", self.words)) }
    }
}

/// The trace that the words name is in the back end.
fn arrived(jaeger: &Jaeger, check: &Check) -> Result<(), String> {
    let (_, id) = check.words.rsplit_once("trace ").ok_or_else(|| check.to_string())?;
    poll::until(SOON, || {
        let trace = jaeger.query().trace(id)?;
        if trace.spans.len() == 1 { Ok(()) } else { Err(format!("{} spans", trace.spans.len())) }
    })
}

fn case(name: &'static str, words: &'static str, variables: &[(&'static str, &str)]) -> Case {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Case { name, variables, words }
}

const OTLP: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
const JSON: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json");
const ZIPKIN: (&str, &str) = ("OTEL_TRACES_EXPORTER", "zipkin");
const JAEGER: (&str, &str) = ("OTEL_TRACES_EXPORTER", "jaeger");
const JAEGER_GRPC: (&str, &str) = ("OTEL_EXPORTER_JAEGER_PROTOCOL", "grpc");

fn right(jaeger: &Jaeger) -> Vec<Case> {
    let udp = jaeger.thrift_udp();
    let (host, port) = udp.rsplit_once(':').unwrap_or((&udp, ""));
    vec![
        case("OTLP over HTTP", "", &[(OTLP, &jaeger.otlp_http())]),
        case("OTLP over HTTP in JSON", "", &[JSON, (OTLP, &jaeger.otlp_http())]),
        case("OTLP over gRPC", "", &[GRPC, (OTLP, &jaeger.otlp_grpc())]),
        case("Zipkin", "", &[ZIPKIN, ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", &jaeger.zipkin())]),
        case("Thrift over HTTP", "", &[("JAEGER_ENDPOINT", &jaeger.thrift_http())]),
        case("Thrift over UDP", "", &[("JAEGER_AGENT_HOST", host), ("JAEGER_AGENT_PORT", port)]),
        case(
            "Jaeger's gRPC",
            "",
            &[JAEGER, JAEGER_GRPC, ("OTEL_EXPORTER_JAEGER_ENDPOINT", &jaeger.jaeger_grpc())],
        ),
    ]
}

fn wrong(jaeger: &Jaeger) -> Vec<Case> {
    let secure = |url: String| url.replace("http://", "https://");
    let mut cases = vec![
        case("OTLP/HTTP to the port of gRPC", "HTTP/2 alone", &[(OTLP, &jaeger.otlp_grpc())]),
        case("OTLP/HTTP in JSON to the port of gRPC", "HTTP/2 alone", &[JSON, (OTLP, &jaeger.otlp_grpc())]),
        case("OTLP/HTTP to Thrift's port", "it has no /v1/traces", &[(OTLP, &jaeger.thrift_http())]),
        case("OTLP/HTTP to Zipkin's port", "it answers 400", &[(OTLP, &jaeger.zipkin())]),
        case("OTLP/HTTP to the page's port", "a web page answers there", &[(OTLP, &jaeger.page())]),
        case(
            "OTLP/gRPC to the port of HTTP",
            "speaks HTTP/1 and no gRPC",
            &[GRPC, (OTLP, &jaeger.otlp_http())],
        ),
        case(
            "OTLP/gRPC to Jaeger's gRPC",
            "it speaks gRPC and does not know",
            &[GRPC, (OTLP, &jaeger.jaeger_grpc())],
        ),
        case(
            "Jaeger's gRPC to the port of OTLP/gRPC",
            "it speaks gRPC and does not know",
            &[JAEGER, JAEGER_GRPC, ("OTEL_EXPORTER_JAEGER_ENDPOINT", &jaeger.otlp_grpc())],
        ),
        case(
            "Thrift to the port of OTLP/HTTP",
            "it has no /api/traces",
            &[("JAEGER_ENDPOINT", &jaeger.otlp_http())],
        ),
        case(
            "Zipkin to the port of OTLP/HTTP",
            "it has no /api/v2/spans",
            &[ZIPKIN, ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", &jaeger.otlp_http())],
        ),
        case(
            "OTLP/HTTP to a wrong path",
            "there is no path \"/v2/spans\"",
            &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/v2/spans", jaeger.otlp_http()))],
        ),
    ];
    cases.push(case("https to the port of OTLP/HTTP", "has no TLS", &[(OTLP, &secure(jaeger.otlp_http()))]));
    cases.push(case(
        "https to the port of OTLP/gRPC",
        "has no TLS",
        &[GRPC, (OTLP, &secure(jaeger.otlp_grpc()))],
    ));
    cases
}
