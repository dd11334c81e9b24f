//! Suite `viewer`: our viewer beside the real Jaeger, with the same spans and the same questions.
//!
//! | scenario | senders |
//! |---|---|
//! | `jaeger` | the original HotROD by a tee into both, and a trace with everything that is odd |
//! | `sdks` | OpenTelemetry's SDKs for Python and JavaScript into ours alone |

mod normal;
mod odd;
mod sdks;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use self::normal::{Generation, first_difference};
use crate::http::Client;
use crate::peers::{Hotrod, Jaeger, Tee, Viewer};
use crate::poll;
use crate::report::Report;

pub(super) use self::sdks::sdks;

const ASK_TIMEOUT: Duration = Duration::from_secs(30);
/// How long spans may take to be in both.
const SOON: Duration = Duration::from_secs(30);
/// Traces of a fast redis, as the original's calls of it time out now and then.
const ORDERS: usize = 8;

/// The two that are compared.
struct Pair {
    jaeger: String,
    ours: String,
    client: Client,
}

/// What one of them answered.
struct Answer {
    status: u16,
    body: Value,
}

/// The original HotROD, and odd spans, in both.
pub(super) fn jaeger<W: Write>(report: &mut Report<W>) {
    let started = report.test("viewer/jaeger: both start, and the original HotROD sends to both", start);
    let Some((jaeger, viewer, tee, hotrod)) = started else { return };
    let pair =
        Pair { jaeger: jaeger.query_url(), ours: viewer.url().to_owned(), client: Client::new(ASK_TIMEOUT) };
    let ordered = report.test("viewer/jaeger: orders come to both", || order(&hotrod, &pair, &tee));
    let Some(ids) = ordered else { return };
    drop(hotrod);
    report.test("viewer/jaeger: services and their operations", || pair.compare_names());
    report.test("viewer/jaeger: searches find the same traces", || pair.compare_searches());
    for id in &ids {
        report.test(&format!("viewer/jaeger: trace {id} is the same"), || pair.compare_trace(id));
    }
    report.test("viewer/jaeger: the graph of services", || pair.compare_dependencies());
    report.test("viewer/jaeger: what is not there, and what cannot be asked", || pair.compare_refusals());
    report.test("viewer/jaeger: a trace with everything odd is the same", || {
        odd::send(&[&jaeger.otlp_http(), viewer.otlp_http()])?;
        pair.until_equal(&format!("/api/traces/{}", odd::TRACE_ID), Generation::First)?;
        pair.compare_trace(odd::TRACE_ID)
    });
}

fn start() -> Result<(Jaeger, Viewer, Tee, Hotrod), String> {
    let jaeger = Jaeger::start().map_err(|error| error.to_string())?;
    let viewer = Viewer::start().map_err(|error| error.to_string())?;
    let tee = Tee::start([&jaeger.otlp_http(), viewer.otlp_http()]).map_err(|error| error.to_string())?;
    let hotrod = Hotrod::original(&tee.url(), &[]).map_err(|error| error.to_string())?;
    Ok((jaeger, viewer, tee, hotrod))
}

/// Orders cars; the traces, once both have all of them whole.
fn order(hotrod: &Hotrod, pair: &Pair, tee: &Tee) -> Result<Vec<String>, String> {
    for number in 0..ORDERS {
        let customer = ["123", "392", "567", "731"].iter().cycle().nth(number).copied().unwrap_or("123");
        let baggage = format!("session={number},request={number}-1");
        hotrod.dispatch(customer, &baggage).map_err(|error| error.to_string())?;
    }
    let path = "/api/traces?service=frontend&limit=100";
    poll::until(SOON, || {
        let ids: Vec<String> = pair.ids(&pair.ours, path)?.into_iter().collect();
        match ids.len() {
            ORDERS => pair.until_equal(path, Generation::First).map(|()| ids),
            count => Err(format!("{count} of {ORDERS} traces are there; {} requests failed", tee.failed())),
        }
    })
}

impl Pair {
    fn ask(&self, base: &str, path: &str) -> Result<Answer, String> {
        let url = format!("{base}{path}");
        let response = self.client.get(&url, &[]).map_err(|error| error.to_string())?;
        let body = serde_json::from_str(&response.body)
            .map_err(|error| format!("{url}: {}: {error}: {:.300}", response.status, response.body))?;
        Ok(Answer { status: response.status, body })
    }

    /// The answers of both, which must have one status.
    fn both(&self, path: &str) -> Result<[Answer; 2], String> {
        let [jaeger, ours] = [self.ask(&self.jaeger, path)?, self.ask(&self.ours, path)?];
        if jaeger.status != ours.status {
            return Err(format!("{path}: {} from ours, {} from Jaeger", ours.status, jaeger.status));
        }
        Ok([jaeger, ours])
    }

    fn compare(&self, path: &str, normal: impl Fn(Value) -> Value) -> Result<(), String> {
        let [jaeger, ours] = self.both(path)?;
        match first_difference(&normal(jaeger.body), &normal(ours.body)) {
            Some(difference) => Err(format!("{path}: {difference}")),
            None => Ok(()),
        }
    }

    fn until_equal(&self, path: &str, generation: Generation) -> Result<(), String> {
        poll::until(SOON, || self.compare(path, |body| generation.traces(body)))
    }

    fn compare_trace(&self, id: &str) -> Result<(), String> {
        self.compare(&format!("/api/traces/{id}"), |body| Generation::First.traces(body))?;
        self.compare(&format!("/api/traces?traceID={id}"), |body| Generation::First.traces(body))?;
        self.compare(&format!("/api/v3/traces/{id}"), |body| Generation::Second.traces(body))
    }

    fn compare_names(&self) -> Result<(), String> {
        let mut paths = vec!["/api/services".to_owned(), "/api/v3/services".to_owned()];
        let services = self.ask(&self.ours, "/api/services")?.body;
        let services = services["data"].as_array().cloned().unwrap_or_default();
        if services.len() < 6 {
            return Err(format!("HotROD has six services, not {services:?}"));
        }
        for service in services.iter().filter_map(Value::as_str) {
            paths.push(format!("/api/services/{service}/operations"));
            paths.push(format!("/api/v3/operations?service={service}"));
            for kind in ["server", "client"] {
                paths.push(format!("/api/operations?service={service}&spanKind={kind}"));
                paths.push(format!("/api/v3/operations?service={service}&span_kind={kind}"));
            }
        }
        paths.iter().try_for_each(|path| self.compare(path, normal::sorted))
    }

    fn compare_searches(&self) -> Result<(), String> {
        // Tags that stand for OTLP's fields (`error`, `span.kind`) are not asked for: Jaeger's storage
        // in memory does not find them, its other storages and ours do.
        let firsts = [
            "service=frontend",
            "service=frontend&lookback=1h&limit=20",
            "service=frontend&operation=HTTP%20GET%20%2Fdispatch",
            "service=mysql&minDuration=250ms",
            "service=mysql&maxDuration=1ms",
            "service=customer&tag=http.route:/customer",
            "service=route&tag=http.request.method:GET",
            "service=nobody",
        ];
        for query in firsts {
            self.compare_found(&format!("/api/traces?{query}"))?;
        }
        let times = "query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2200-01-01T00:00:00Z";
        let seconds = [
            "query.service_name=frontend",
            "query.service_name=mysql&query.duration_min=250ms",
            "query.service_name=frontend&query.operation_name=HTTP%20GET%20%2Fdispatch",
            "query.service_name=nobody",
        ];
        for query in seconds {
            self.compare_found(&format!("/api/v3/traces?{query}&query.num_traces=100&{times}"))?;
        }
        Ok(())
    }

    fn compare_found(&self, path: &str) -> Result<(), String> {
        self.both(path)?;
        let [jaeger, ours] = [self.ids(&self.jaeger, path)?, self.ids(&self.ours, path)?];
        if jaeger == ours {
            Ok(())
        } else {
            Err(format!("{path}: {ours:?} from ours, {jaeger:?} from Jaeger"))
        }
    }

    /// The traces of an answer of either generation.
    fn ids(&self, base: &str, path: &str) -> Result<BTreeSet<String>, String> {
        let body = self.ask(base, path)?.body;
        let first = body["data"].as_array().into_iter().flatten().map(|trace| &trace["traceID"]);
        let groups = body["result"]["resourceSpans"].as_array().into_iter().flatten();
        let scopes = groups.flat_map(|group| group["scopeSpans"].as_array().into_iter().flatten());
        let spans = scopes.flat_map(|scope| scope["spans"].as_array().into_iter().flatten());
        let ids = first.chain(spans.map(|span| &span["traceId"]));
        Ok(ids.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    fn compare_dependencies(&self) -> Result<(), String> {
        let end_ms =
            std::time::SystemTime::UNIX_EPOCH.elapsed().map_err(|error| error.to_string())?.as_millis();
        let path = format!("/api/dependencies?endTs={}&lookback=3600000", end_ms + 1_000);
        self.compare(&path, normal::dependencies)
    }

    /// Statuses are the same; the texts are everybody's own.
    fn compare_refusals(&self) -> Result<(), String> {
        let times = "query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2200-01-01T00:00:00Z";
        let firsts = [
            "/api/traces/abc",
            "/api/traces/xyz",
            "/api/traces",
            "/api/traces?service=s&start=now",
            "/api/traces?service=s&minDuration=5",
            "/api/traces?service=s&tag=x",
            "/api/traces?service=s&tags=x",
            "/api/operations",
            "/api/dependencies?endTs=x",
            "/api/metrics/calls?service=frontend",
            "/api/metrics/minstep",
        ];
        for path in firsts {
            let code = |answer: &Answer| answer.body["errors"][0]["code"].clone();
            let [jaeger, ours] = self.both(path)?;
            if code(&jaeger) != code(&ours) || ours.body["errors"][0]["msg"].as_str().is_none() {
                return Err(format!("{path}: {} from ours, {} from Jaeger", ours.body, jaeger.body));
            }
        }
        let seconds = [
            "/api/v3/traces/abc".to_owned(),
            "/api/v3/traces/xyz".to_owned(),
            "/api/v3/traces?query.service_name=s".to_owned(),
            format!("/api/v3/traces?query.duration_min=x&query.num_traces=1&{times}"),
            format!("/api/v3/traces?query.num_traces=x&{times}"),
        ];
        for path in &seconds {
            let code = |answer: &Answer| answer.body["error"]["httpCode"].clone();
            let [jaeger, ours] = self.both(path)?;
            if code(&jaeger) != code(&ours) {
                return Err(format!("{path}: {} from ours, {} from Jaeger", ours.body, jaeger.body));
            }
        }
        Ok(())
    }
}
