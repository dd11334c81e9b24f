//! Suite `languages`: one request through a chain of services, every other one ours and the rest traced
//! by OpenTelemetry SDKs of other languages, is one trace with one baggage in every format.
//!
//! ```text
//! runner ─> ours ─> python ─> ours ─> javascript ─> ours ─> go ─> ours
//! ```
//! The runner calls the first with headers of its own; every answer holds the next one's.

mod report;

use std::io::Write;
use std::time::Duration;

use self::report::{Answer, Hop};
use crate::http::Client;
use crate::peers::{Language, Service};
use crate::report::Report;

/// A request takes milliseconds, but several interpreters may share a busy machine.
const CHAIN_DEADLINE: Duration = Duration::from_secs(60);

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";

/// Text of many lengths in UTF-8, and characters that formats escape. No blank: the SDK for Python
/// sends it as a plus sign, which others must not read as a blank.
const BAGGAGE: [(&str, &str); 4] =
    [("city", "São·Paulo"), ("guest", "北京–Ωmega"), ("mood", "🚗💨"), ("expr", "a=b&c%25;d,e\\\"f")];

const WITH_GO: [Language; 7] = [
    Language::Ours,
    Language::Python,
    Language::Ours,
    Language::JavaScript,
    Language::Ours,
    Language::Go,
    Language::Ours,
];

/// Those whose SDK carries baggage in Jaeger's own headers.
const WITHOUT_GO: [Language; 5] =
    [Language::Ours, Language::Python, Language::Ours, Language::JavaScript, Language::Ours];

/// A format: what services are started with, and what the runner sends.
struct Format {
    name: &'static str,
    propagators: &'static str,
    chain: &'static [Language],
    /// The headers of a context.
    context: fn(sampled: bool) -> Vec<(String, String)>,
    baggage: fn(key: &str, value: &str) -> (String, String),
}

/// `traceparent` and `baggage`.
pub(super) fn w3c<W: Write>(report: &mut Report<W>) {
    let context = |sampled| {
        let flags = if sampled { "01" } else { "00" };
        vec![header("traceparent", format!("00-{TRACE_ID}-{SPAN_ID}-{flags}"))]
    };
    run(
        &Format {
            name: "w3c",
            propagators: "tracecontext,baggage",
            chain: &WITH_GO,
            context,
            baggage: w3c_item,
        },
        report,
    );
}

/// `b3` and `baggage`.
pub(super) fn b3<W: Write>(report: &mut Report<W>) {
    let context = |sampled| vec![header("b3", format!("{TRACE_ID}-{SPAN_ID}-{}", u8::from(sampled)))];
    run(
        &Format { name: "b3", propagators: "b3,baggage", chain: &WITH_GO, context, baggage: w3c_item },
        report,
    );
}

/// `x-b3-*` and `baggage`.
pub(super) fn b3_multi<W: Write>(report: &mut Report<W>) {
    let context = |sampled| {
        vec![
            header("x-b3-traceid", TRACE_ID),
            header("x-b3-spanid", SPAN_ID),
            header("x-b3-sampled", u8::from(sampled).to_string()),
        ]
    };
    run(
        &Format {
            name: "b3multi",
            propagators: "b3multi,baggage",
            chain: &WITH_GO,
            context,
            baggage: w3c_item,
        },
        report,
    );
}

/// `uber-trace-id` and W3C `baggage`: the SDK for Go carries none in Jaeger's headers.
pub(super) fn jaeger<W: Write>(report: &mut Report<W>) {
    run(
        &Format {
            name: "jaeger",
            propagators: "jaeger,baggage",
            chain: &WITH_GO,
            context: uber_trace_id,
            baggage: w3c_item,
        },
        report,
    );
}

/// `uber-trace-id` and `uberctx-*`.
pub(super) fn uberctx<W: Write>(report: &mut Report<W>) {
    let item = |key: &str, value: &str| header(&format!("uberctx-{key}"), escaped(value));
    run(
        &Format {
            name: "uberctx",
            propagators: "jaeger",
            chain: &WITHOUT_GO,
            context: uber_trace_id,
            baggage: item,
        },
        report,
    );
}

/// The tests of a format: for traces that are recorded, that are not, and that begin in the chain.
fn run<W: Write>(format: &Format, report: &mut Report<W>) {
    let name = format!("languages/{}", format.name);
    let started = report.test(&format!("{name}: {} services start", format.chain.len()), || start(format));
    let Some(services) = started else { return };
    for (kind, sampled) in [("recorded", Some(true)), ("not recorded", Some(false)), ("new", None)] {
        let answered = report
            .test(&format!("{name}, {kind}: a request goes through"), || request(format, &services, sampled));
        let Some(answer) = answered else { continue };
        let hops = answer.hops();
        report.test(&format!("{name}, {kind}: all services are in the chain"), || {
            report::check_services(&hops, format.chain)
        });
        for hop in &hops {
            report.test(&format!("{name}, {kind}: {hop}"), || check_hop(hop, &answer, sampled));
        }
    }
}

fn start(format: &Format) -> Result<Vec<Service>, String> {
    let start = |language: &Language| Service::start(*language, format.propagators);
    let services: Result<Vec<_>, _> = format.chain.iter().map(start).collect();
    services.map_err(|error| error.to_string())
}

/// Sends a request that asks each service to call the next one.
fn request(format: &Format, services: &[Service], sampled: Option<bool>) -> Result<Answer, String> {
    let (first, others) = services.split_first().ok_or("no service")?;
    let asked = others.iter().rev().fold(
        serde_json::json!([]),
        |arguments, service| serde_json::json!([{"url": service.url(), "arguments": arguments}]),
    );
    let mut headers = sampled.map(format.context).unwrap_or_default();
    let items: Vec<_> = BAGGAGE.iter().map(|(key, value)| (format.baggage)(key, value)).collect();
    headers.extend(joined(items));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let client = Client::new(CHAIN_DEADLINE);
    let response = client.post_json(first.url(), &headers, &asked.to_string());
    let response = response.map_err(|error| error.to_string())?;
    if response.status != 200 {
        return Err(format!("status {}: {:.500}", response.status, response.body));
    }
    serde_json::from_str(&response.body).map_err(|error| format!("{error}: {:.500}", response.body))
}

/// One trace, the caller's span as the parent, the same decision and the same baggage.
fn check_hop(hop: &Hop<'_>, first: &Answer, sampled: Option<bool>) -> Result<(), String> {
    let trace_id = if sampled.is_some() { TRACE_ID } else { first.trace_id.as_str() };
    let parent_id = match (hop.caller_span_id, sampled) {
        (Some(span_id), _) => Some(span_id),
        (None, Some(_)) => Some(SPAN_ID),
        (None, None) => None,
    };
    hop.check(trace_id, parent_id, sampled.unwrap_or(true), &BAGGAGE)
}

fn uber_trace_id(sampled: bool) -> Vec<(String, String)> {
    vec![header("uber-trace-id", format!("{TRACE_ID}:{SPAN_ID}:0:{}", u8::from(sampled)))]
}

fn w3c_item(key: &str, value: &str) -> (String, String) {
    header("baggage", format!("{key}={}", escaped(value)))
}

/// Headers of one name become one.
fn joined(headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.into_iter().fold(Vec::new(), |mut all: Vec<(String, String)>, (name, value)| {
        match all.last_mut().filter(|(last, _)| *last == name) {
            Some((_, list)) => list.extend([",", &value]),
            None => all.push((name, value)),
        }
        all
    })
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Every byte that is no ASCII letter or digit, percent-encoded.
fn escaped(value: &str) -> String {
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_header_are_joined_and_escaped() {
        let items = [("a", "São"), ("b", "x y")];
        let headers = |item: fn(&str, &str) -> _| joined(items.iter().map(|(k, v)| item(k, v)).collect());
        assert_eq!(headers(w3c_item), [header("baggage", "a=S%C3%A3o,b=x%20y")]);
        let other: fn(&str, &str) -> _ = |key, value| header(key, value);
        assert_eq!(headers(other).len(), 2);
    }
}
