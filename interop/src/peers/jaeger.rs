//! The real Jaeger (v2), all in one, its storage in memory, on ports of its own.

use std::process::Command;
use std::time::Duration;

use super::{QueryApi, tool};
use crate::process::{Child, ProcessError, on_free_ports};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// A running Jaeger.
#[derive(Debug)]
pub struct Jaeger {
    process: Child,
    otlp_http_port: u16,
    query_port: u16,
}

/// The ports it listens on, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
struct Ports {
    otlp_http: u16,
    otlp_grpc: u16,
    query_http: u16,
    query_grpc: u16,
    health: u16,
}

impl Jaeger {
    /// Starts it and waits until it is healthy.
    ///
    /// # Errors
    /// If it cannot be started (then `interop/tools/build` was not run), ends early, or is not
    /// healthy in time.
    pub fn start() -> Result<Self, ProcessError> {
        on_free_ports(|[otlp_http, otlp_grpc, query_http, query_grpc, health]| {
            Self::start_on(Ports { otlp_http, otlp_grpc, query_http, query_grpc, health })
        })
    }

    /// Where spans are sent by OTLP over HTTP, without the path.
    #[must_use]
    pub fn otlp_http(&self) -> String {
        format!("http://127.0.0.1:{}", self.otlp_http_port)
    }

    /// Its query API.
    #[must_use]
    pub fn query(&self) -> QueryApi {
        QueryApi::at(&format!("http://127.0.0.1:{}", self.query_port))
    }

    /// The end of what it printed.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    fn start_on(ports: Ports) -> Result<Self, ProcessError> {
        let mut command = Command::new(tool("jaeger"));
        command.arg(format!("--config=yaml:{}", ports.config()));
        let mut process = Child::start("jaeger", command)?;
        let health = format!("http://127.0.0.1:{}/status", ports.health);
        process.wait_until_answers(&health, READY_DEADLINE)?;
        Ok(Self { process, otlp_http_port: ports.otlp_http, query_port: ports.query_http })
    }
}

impl Ports {
    /// The configuration: OTLP in, memory, the query API out. No port but these; its own
    /// metrics would take one that another Jaeger may hold.
    fn config(self) -> String {
        let Self { otlp_http, otlp_grpc, query_http, query_grpc, health } = self;
        format!(
            r#"
service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2]
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry:
    metrics: {{level: none}}
extensions:
  healthcheckv2:
    use_v2: true
    http: {{endpoint: "127.0.0.1:{health}"}}
  jaeger_query:
    storage: {{traces: in_memory}}
    http: {{endpoint: "127.0.0.1:{query_http}"}}
    grpc: {{endpoint: "127.0.0.1:{query_grpc}"}}
  jaeger_storage:
    backends:
      in_memory: {{memory: {{max_traces: 10000}}}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{otlp_grpc}"}}
      http: {{endpoint: "127.0.0.1:{otlp_http}"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: in_memory}}
"#
        )
    }
}
