//! HotROD: the original, or ours.

use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

use super::{QueryApi, clean_command, ours, tool};
use crate::http::{Client, HttpError, Response};
use crate::process::{Child, ProcessError, on_free_ports};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// Fifty dispatches at once take 15 s, as they queue for one database connection.
const DISPATCH_DEADLINE: Duration = Duration::from_secs(60);

/// A running HotROD with all its services.
#[derive(Debug)]
pub struct Hotrod {
    process: Child,
    frontend: String,
    viewer: Option<String>,
    client: Client,
}

impl Hotrod {
    /// Starts the original, sending spans by OTLP over HTTP to `otlp_endpoint`, with these
    /// arguments in addition.
    ///
    /// # Errors
    /// If it cannot be started (then `interop/tools/build` was not run), ends early, or does
    /// not answer in time.
    pub fn original(otlp_endpoint: &str, arguments: &[&str]) -> Result<Self, ProcessError> {
        on_free_ports(|ports| Self::original_on(ports, otlp_endpoint, arguments))
    }

    /// Starts ours, on ports it chooses itself, with these arguments in addition.
    ///
    /// # Errors
    /// If it cannot be started, ends early, or does not print its addresses in time.
    pub fn ours(arguments: &[&str]) -> Result<Self, ProcessError> {
        let mut command = clean_command(ours("hotrod"));
        command.args(["all", "-f", "0", "-c", "0", "-d", "0", "-r", "0"]);
        command.args(["--viewer-port", "0"]).args(arguments);
        let mut process = Child::start("hotrod", command)?;
        let mut address = |label: &str| {
            process.wait_for_line(label, READY_DEADLINE, |line| {
                let (_, url) = line.split_once(label)?;
                let url = url.split_whitespace().next()?;
                Some(url.trim_end_matches('/').to_owned())
            })
        };
        let frontend = address("HotROD: ")?;
        let viewer = address("viewer: ")?;
        process.wait_until_answers(&format!("{frontend}/config"), READY_DEADLINE)?;
        Ok(Self { process, frontend, viewer: Some(viewer), client: Client::new(DISPATCH_DEADLINE) })
    }

    /// The query API of the embedded viewer; `None` for the original.
    #[must_use]
    pub fn viewer(&self) -> Option<QueryApi> {
        self.viewer.as_deref().map(QueryApi::at)
    }

    /// Where its page is, without a slash at the end.
    #[must_use]
    pub fn frontend(&self) -> &str {
        &self.frontend
    }

    /// Where the embedded viewer's page is; `None` for the original.
    #[must_use]
    pub fn viewer_page(&self) -> Option<&str> {
        self.viewer.as_deref()
    }

    /// Orders a car for a customer, with this header `baggage`.
    ///
    /// # Errors
    /// If there was no answer. Any status is an answer.
    pub fn dispatch(&self, customer: &str, baggage: &str) -> Result<Response, HttpError> {
        let url = format!("{}/dispatch?customer={customer}", self.frontend);
        self.client.get(&url, &[("baggage", baggage)])
    }

    /// What `/debug/vars` reports.
    ///
    /// # Errors
    /// If there was no answer, or no JSON.
    pub fn debug_vars(&self) -> Result<Value, HttpError> {
        self.client.get_json(&format!("{}/debug/vars", self.frontend))
    }

    /// Ends it by SIGTERM, and answers how it ended and how long that took.
    pub fn stop(&mut self) -> (Option<ExitStatus>, Duration) {
        self.process.stop()
    }

    /// Ends it by SIGINT, as Ctrl-C does.
    pub fn interrupt(&mut self) -> (Option<ExitStatus>, Duration) {
        self.process.interrupt()
    }

    /// The end of what it printed.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn original_on(ports: [u16; 4], otlp_endpoint: &str, arguments: &[&str]) -> Result<Self, ProcessError> {
        let mut command = clean_command(tool("hotrod"));
        command.arg("all").args(arguments).env("OTEL_EXPORTER_OTLP_ENDPOINT", otlp_endpoint);
        let services = ["frontend", "customer", "driver", "route"];
        for (service, port) in services.iter().zip(ports) {
            command.arg(format!("--{service}-service-hostname=127.0.0.1"));
            command.arg(format!("--{service}-service-port={port}"));
        }
        let mut process = Child::start("hotrod", command)?;
        // No request yet: each would be traced.
        for port in ports {
            process.wait_until_listens(port, READY_DEADLINE)?;
        }
        let [frontend, ..] = ports;
        let frontend = format!("http://127.0.0.1:{frontend}");
        Ok(Self { process, frontend, viewer: None, client: Client::new(DISPATCH_DEADLINE) })
    }
}
