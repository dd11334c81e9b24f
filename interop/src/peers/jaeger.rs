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
    ports: Ports,
}

/// The ports it listens on, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
struct Ports {
    otlp_http: u16,
    otlp_grpc: u16,
    query_http: u16,
    query_grpc: u16,
    health: u16,
    thrift_http: u16,
    thrift_udp: u16,
    jaeger_grpc: u16,
    zipkin: u16,
}

impl Jaeger {
    /// Starts it and waits until it is healthy.
    ///
    /// # Errors
    /// If it cannot be started (then `interop/tools/build` was not run), ends early, or is not
    /// healthy in time.
    pub fn start() -> Result<Self, ProcessError> {
        on_free_ports(|ports| Self::start_on(Ports::new(ports)))
    }

    /// Starts another with the same ports, once this one has ended.
    ///
    /// # Errors
    /// As [`start`](Self::start), and if a port was taken meanwhile.
    pub fn restart(self) -> Result<Self, ProcessError> {
        let ports = self.ports;
        drop(self);
        Self::start_on(ports)
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Where spans are sent by OTLP over HTTP, without the path.
    #[must_use]
    pub fn otlp_http(&self) -> String {
        local_url(self.ports.otlp_http)
    }

    /// Where spans are sent by OTLP over gRPC.
    #[must_use]
    pub fn otlp_grpc(&self) -> String {
        local_url(self.ports.otlp_grpc)
    }

    /// Where spans are sent in Thrift over HTTP, without the path.
    #[must_use]
    pub fn thrift_http(&self) -> String {
        local_url(self.ports.thrift_http)
    }

    /// Where spans are sent in Thrift over UDP: host and port.
    #[must_use]
    pub fn thrift_udp(&self) -> String {
        format!("127.0.0.1:{}", self.ports.thrift_udp)
    }

    /// Where spans are sent by Jaeger's own gRPC.
    #[must_use]
    pub fn jaeger_grpc(&self) -> String {
        local_url(self.ports.jaeger_grpc)
    }

    /// Where spans are sent in Zipkin's JSON, without the path.
    #[must_use]
    pub fn zipkin(&self) -> String {
        local_url(self.ports.zipkin)
    }

    /// Its query API.
    #[must_use]
    pub fn query(&self) -> QueryApi {
        QueryApi::at(&self.query_url())
    }

    /// The base address of its query API.
    #[must_use]
    pub fn query_url(&self) -> String {
        local_url(self.ports.query_http)
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
        Ok(Self { process, ports })
    }
}

fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Ports {
    const fn new(ports: [u16; 9]) -> Self {
        let [
            otlp_http,
            otlp_grpc,
            query_http,
            query_grpc,
            health,
            thrift_http,
            thrift_udp,
            jaeger_grpc,
            zipkin,
        ] = ports;
        Self {
            otlp_http,
            otlp_grpc,
            query_http,
            query_grpc,
            health,
            thrift_http,
            thrift_udp,
            jaeger_grpc,
            zipkin,
        }
    }

    /// The configuration: all its protocols in, memory, the query API out. No port but these; its own
    /// metrics would take one that another Jaeger may hold.
    fn config(self) -> String {
        let Self {
            otlp_http,
            otlp_grpc,
            query_http,
            query_grpc,
            health,
            thrift_http,
            thrift_udp,
            jaeger_grpc,
            zipkin,
        } = self;
        format!(
            r#"
service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2]
  pipelines:
    traces: {{receivers: [otlp, jaeger, zipkin], exporters: [jaeger_storage_exporter]}}
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
  jaeger:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{jaeger_grpc}"}}
      thrift_http: {{endpoint: "127.0.0.1:{thrift_http}"}}
      thrift_compact: {{endpoint: "127.0.0.1:{thrift_udp}"}}
  zipkin: {{endpoint: "127.0.0.1:{zipkin}"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: in_memory}}
"#
        )
    }
}
