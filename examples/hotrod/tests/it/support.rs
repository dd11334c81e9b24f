//! A HotROD in this process, on free ports, and what its viewer knows.

use std::time::Duration;

use clap::Parser;
use hotrod::cli::{Cli, Command};
use hotrod::{App, StartError};
use interop::jaeger_json::{Envelope, Trace};
use interop::shape::{self, Expectations};
use tokio::time::{Instant, sleep};

const FREE_PORTS: &str = "hotrod -f 0 -c 0 -d 0 -r 0 --viewer-port 0";

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Hotrod {
    pub(crate) app: App,
    pub(crate) client: reqwest::Client,
}

/// What `/dispatch` answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) traceresponse: String,
}

pub(crate) async fn try_start(flags: &str) -> Result<App, StartError> {
    let line = format!("{FREE_PORTS} {flags}");
    let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
    App::start(Command::All, &cli.settings).await
}

impl Hotrod {
    pub(crate) async fn start(flags: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { app: try_start(flags).await.unwrap(), client }
    }

    /// The URL of a path of the frontend.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.addresses().frontend.as_deref().unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// Orders a car; `request` goes along as baggage with the session before its dash.
    pub(crate) async fn order(&self, customer: &str, request: &str) -> Answer {
        let session = request.split('-').next().unwrap();
        let baggage = format!("session={session}, request={request}");
        self.order_with(customer, &[("baggage", &baggage)]).await
    }

    pub(crate) async fn order_with(&self, customer: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.get(self.url(&format!("dispatch?customer={customer}")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Waits until each span that was started has come to its end and to the viewer.
    pub(crate) async fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stats = self.app.spans();
            if stats.started == stats.exported {
                return;
            }
            assert!(Instant::now() < deadline, "spans are missing: {stats}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// A whole trace from the viewer; `None` if it has none of this id.
    pub(crate) async fn trace(&self, id: &str) -> Option<Trace> {
        self.settle().await;
        let viewer = self.app.addresses().viewer.as_deref().unwrap();
        trace_of(&self.client, viewer, id).await
    }

    /// The trace of an answer.
    pub(crate) async fn trace_of(&self, answer: &Answer) -> Trace {
        self.trace(answer.trace_id()).await.unwrap()
    }
}

/// A trace from a viewer.
pub(crate) async fn trace_of(client: &reqwest::Client, viewer: &str, id: &str) -> Option<Trace> {
    let answer = client.get(format!("{viewer}api/traces/{id}")).send().await.unwrap();
    let envelope: Envelope<Vec<Trace>> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    envelope.data.unwrap_or_default().pop()
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let traceresponse = response.headers().get("traceresponse").map(|it| it.to_str().unwrap().to_owned());
        Self {
            status: response.status().as_u16(),
            traceresponse: traceresponse.unwrap_or_default(),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn trace_id(&self) -> &str {
        shape::parse_traceresponse(&self.traceresponse).unwrap().0
    }

    pub(crate) fn driver(&self) -> String {
        let car: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert!(car["ETA"].as_u64().unwrap() >= 120_000_000_000, "{car}");
        car["Driver"].as_str().unwrap().to_owned()
    }

    /// When the car comes.
    pub(crate) fn eta_ns(&self) -> u64 {
        let car: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        car["ETA"].as_u64().unwrap()
    }

    /// What the trace of a request that was answered so must be.
    pub(crate) fn expectations(&self, request: &str, time_scale: f64) -> Expectations {
        let expected = Expectations::of_request(request).time_scale(time_scale);
        let expected = expected.answered_with_traceresponse(&self.traceresponse);
        if self.status == 200 { expected.answered_with_driver(self.driver()) } else { expected }
    }
}

/// The operations of the spans that are errors, in order of their names.
pub(crate) fn errors(trace: &Trace) -> Vec<&str> {
    let failed = trace.spans.iter().filter(|span| span.is_error());
    let mut names: Vec<&str> = failed.map(|span| span.operation_name.as_str()).collect();
    names.sort_unstable();
    names
}

/// The root's log messages.
pub(crate) fn root_logs(trace: &Trace) -> Vec<String> {
    let root = trace.spans.iter().find(|span| span.operation_name == "/dispatch").unwrap();
    root.logs.iter().map(|log| log.message()).collect()
}

/// Panics with all that is wrong.
pub(crate) fn assert_none(failures: &[shape::Failure]) {
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
