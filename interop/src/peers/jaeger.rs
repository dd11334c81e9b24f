//! The real Jaeger (v2), all in one, its storage in memory, on ports of its own.

use std::path::PathBuf;
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
    sampling: Option<Sampling>,
}

/// Where its sampling strategies come from.
#[derive(Clone, Debug)]
pub enum Sampling {
    /// A file that is read again when it changes.
    File(PathBuf),
    /// What it calculates from what it sees, kept in this folder.
    Adaptive(PathBuf),
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
    sampling_http: u16,
    sampling_grpc: u16,
}

impl Jaeger {
    /// Starts it and waits until it is healthy.
    ///
    /// # Errors
    /// If it cannot be started (then `interop/tools/build` was not run), ends early, or is not
    /// healthy in time.
    pub fn start() -> Result<Self, ProcessError> {
        on_free_ports(|ports| Self::start_on(Ports::new(ports), None))
    }

    /// The same with sampling strategies.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with_sampling(sampling: &Sampling) -> Result<Self, ProcessError> {
        on_free_ports(|ports| Self::start_on(Ports::new(ports), Some(sampling.clone())))
    }

    /// Starts another with the same ports, once this one has ended.
    ///
    /// # Errors
    /// As [`start`](Self::start), and if a port was taken meanwhile.
    pub fn restart(self) -> Result<Self, ProcessError> {
        let (ports, sampling) = (self.ports, self.sampling.clone());
        drop(self);
        Self::start_on(ports, sampling)
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

    /// Its page.
    #[must_use]
    pub fn page(&self) -> String {
        local_url(self.ports.query_http)
    }

    /// Where sampling strategies are asked for over HTTP, without the path.
    #[must_use]
    pub fn sampling_http(&self) -> String {
        local_url(self.ports.sampling_http)
    }

    /// Where they are asked for over gRPC.
    #[must_use]
    pub fn sampling_grpc(&self) -> String {
        local_url(self.ports.sampling_grpc)
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

    fn start_on(ports: Ports, sampling: Option<Sampling>) -> Result<Self, ProcessError> {
        let mut command = Command::new(tool("jaeger"));
        command.arg(format!("--config=yaml:{}", ports.config()));
        if let Some(sampling) = &sampling {
            // Laid over the other.
            command.arg(format!("--config=yaml:{}", ports.sampling_config(sampling)));
        }
        let mut process = Child::start("jaeger", command)?;
        let health = format!("http://127.0.0.1:{}/status", ports.health);
        process.wait_until_answers(&health, READY_DEADLINE)?;
        Ok(Self { process, ports, sampling })
    }
}

fn local_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Ports {
    const fn new(ports: [u16; 11]) -> Self {
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
            sampling_http,
            sampling_grpc,
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
            sampling_http,
            sampling_grpc,
        }
    }

    /// What strategies need beside that. Adaptive ones are calculated every second, from the second before, to
    /// have five traces per second of each operation.
    fn sampling_config(self, sampling: &Sampling) -> String {
        let Self { sampling_http, sampling_grpc, .. } = self;
        let (processors, backend, strategies) = match sampling {
            Sampling::File(path) => {
                let file = format!("file: {{path: {path:?}, reload_interval: 200ms}}");
                ("", String::new(), file)
            }
            Sampling::Adaptive(folder) => {
                let directories = format!("directories: {{keys: {folder:?}, values: {folder:?}}}");
                let adaptive = "adaptive: {sampling_store: samples, initial_sampling_probability: 0.5, \
                                target_samples_per_second: 5, calculation_interval: 1s, calculation_delay: 0s, \
                                min_samples_per_second: 0.01}";
                let backend = format!("samples: {{badger: {{ephemeral: false, {directories}}}}}");
                ("adaptive_sampling:", backend, adaptive.to_owned())
            }
        };
        let chain = processors.trim_end_matches(':');
        format!(
            r#"
service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2, remote_sampling]
  pipelines:
    traces: {{processors: [{chain}]}}
extensions:
  jaeger_storage:
    backends: {{{backend}}}
  remote_sampling:
    {strategies}
    http: {{endpoint: "127.0.0.1:{sampling_http}"}}
    grpc: {{endpoint: "127.0.0.1:{sampling_grpc}"}}
processors:
  {processors}
"#
        )
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
            ..
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
