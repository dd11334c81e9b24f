//! Our viewer as a program of its own.

use std::time::Duration;

use super::{QueryApi, clean_command, ours};
use crate::process::{Child, ProcessError};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// A running viewer, on ports it chooses itself.
#[derive(Debug)]
pub struct Viewer {
    process: Child,
    query: String,
    otlp_http: String,
    otlp_grpc: String,
    zipkin: String,
}

impl Viewer {
    /// Starts it.
    ///
    /// # Errors
    /// If it cannot be started, ends early, or does not print its addresses in time.
    pub fn start() -> Result<Self, ProcessError> {
        let mut command = clean_command(ours("tracer-viewer"));
        for flag in ["--listen", "--otlp", "--grpc", "--zipkin"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        let mut process = Child::start("tracer-viewer", command)?;
        let mut address = |label: &str, path: &str| {
            process.wait_for_line(label, READY_DEADLINE, |line| {
                let url = line.strip_prefix(label)?.trim();
                Some(url.strip_suffix(path).unwrap_or(url).to_owned())
            })
        };
        let query = address("page and query API", "/")?;
        let otlp_http = address("OTLP over HTTP", "/v1/traces")?;
        let otlp_grpc = address("OTLP over gRPC", "")?;
        let zipkin = address("Zipkin's spans", "/api/v2/spans")?;
        Ok(Self { process, query, otlp_http, otlp_grpc, zipkin })
    }

    /// Its query API.
    #[must_use]
    pub fn query(&self) -> QueryApi {
        QueryApi::at(&self.query)
    }

    /// The base address of page and query API.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.query
    }

    /// Where spans are sent by OTLP over HTTP, without the path.
    #[must_use]
    pub fn otlp_http(&self) -> &str {
        &self.otlp_http
    }

    /// Where spans are sent by OTLP over gRPC.
    #[must_use]
    pub fn otlp_grpc(&self) -> &str {
        &self.otlp_grpc
    }

    /// Where spans are sent in Zipkin's JSON, without the path.
    #[must_use]
    pub fn zipkin(&self) -> &str {
        &self.zipkin
    }

    /// The end of what it printed.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }
}
