//! Why no spans arrive: what holds, where it comes from, and what becomes of a span that is sent.
//!
//! ```
//! use std::time::Duration;
//! use tracer_config::{Configuration, Environment, doctor};
//!
//! let nobody = Environment::from_iter([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
//! let configuration = Configuration::builder("shop").environment(nobody).resolve()?;
//! let report = doctor::examine(&configuration, Duration::from_secs(5));
//! assert!(!report.is_well());
//! assert!(report.to_string().contains("nobody listens on 127.0.0.1:9"));
//! # Ok::<(), tracer_config::ConfigError>(())
//! ```

mod address;
mod diagnosis;
mod speech;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::row::record::Value;
use tracer_core::sampler::Strategy;
use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, Resource, Tracer};

use crate::configuration::Configuration;
use crate::configuration::exporters::{Plan, Protocol, Target};
use crate::configuration::sampler::Remote;
use crate::note::{Effective, Findings};
use crate::setting::printable;

/// What was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// What the settings came to, and which are not used as they are.
    pub findings: Findings,
    /// The tags of the process.
    pub resource: Vec<(String, String)>,
    /// Whether tracing is switched off, so that an application would send nothing.
    pub is_disabled: bool,
    /// What became of the span, for each end point; `None` if none was to be sent.
    pub checks: Option<Vec<Check>>,
    /// What a remote sampler's Jaeger answered; `None` if there is none, or it was not asked.
    pub sampling: Option<Check>,
}

/// What became of a span that was sent to an end point.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    /// How it was sent, in words.
    pub protocol: &'static str,
    /// Where to.
    pub endpoint: String,
    /// Whether it arrived.
    pub verdict: Verdict,
    /// What happened, in plain words.
    pub words: String,
}

/// Whether a span arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The receiver said so.
    Arrived,
    /// Nobody can know: UDP has no answers.
    Unknown,
    /// It did not.
    Failed,
}

/// Sends a span to each end point of a configuration, and says what became of it. Exporters of the program's
/// own are left alone.
///
/// It takes a few times `patience` at most for each end point: that is how long an export, and each question
/// to a port that does not do as expected, may take.
#[must_use]
pub fn examine(configuration: &Configuration, patience: Duration) -> Report {
    let mut report = look(configuration);
    let plans = configuration.exporters.iter();
    report.checks = Some(plans.map(|plan| check(plan, &configuration.resource, patience)).collect());
    report.sampling = configuration.remote().map(|remote| ask(remote, &configuration.resource, patience));
    report
}

/// What a configuration comes to; nothing is sent.
#[must_use]
pub fn look(configuration: &Configuration) -> Report {
    Report {
        findings: configuration.findings().clone(),
        resource: configuration
            .resource
            .tags()
            .into_iter()
            .map(|(key, value)| (key, in_words(&value)))
            .collect(),
        is_disabled: configuration.is_disabled(),
        checks: None,
        sampling: None,
    }
}

impl Report {
    /// Whether no setting is malformed, tracing is on, and no span is known to be lost.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let is_lost = |check: &Check| check.verdict == Verdict::Failed;
        !self.is_disabled
            && !self.findings.notes.iter().any(|note| note.is_malformed)
            && !self.checks.iter().flatten().chain(&self.sampling).any(is_lost)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Settings")?;
        let Findings { values, notes } = &self.findings;
        let keys = values.iter().map(|value| value.key.len()).max().unwrap_or(0);
        let texts = values.iter().map(|value| value.value.chars().count().min(40)).max().unwrap_or(0);
        for Effective { key, value, origin } in values {
            writeln!(f, "  {key:keys$}  {value:texts$}  {origin}")?;
        }
        writeln!(f, "Process")?;
        let keys = self.resource.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in &self.resource {
            writeln!(f, "  {key:keys$}  {}", printable(value))?;
        }
        if !notes.is_empty() {
            writeln!(f, "Not used as it is set")?;
        }
        for note in notes {
            writeln!(f, "  {note}")?;
        }
        if self.is_disabled {
            writeln!(f, "Tracing is switched off: an application records and sends nothing")?;
        }
        match self.checks.as_deref() {
            Some([]) => writeln!(f, "No span was sent: no exporter is chosen")?,
            Some(_) => writeln!(f, "A span was sent")?,
            None => {}
        }
        for check in self.checks.iter().flatten() {
            writeln!(f, "  {check}")?;
        }
        if let Some(check) = &self.sampling {
            writeln!(f, "The sampler asked\n  {check}")?;
        }
        writeln!(f, "{}", if self.is_well() { "All is well." } else { "Something is wrong." })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Arrived => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Failed => "FAILED",
        };
        write!(f, "{verdict}: {} to {}: {}", self.protocol, self.endpoint, self.words)
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::I64(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn check(plan: &Plan, resource: &Resource, patience: Duration) -> Check {
    let target = match plan.target() {
        Ok(target) => target,
        Err(error) => Target { protocol: Protocol::Local, endpoint: error.to_string() },
    };
    let (verdict, words) = if let Plan::Log | Plan::Console = plan {
        (Verdict::Arrived, "nothing was sent; spans are written there".to_owned())
    } else {
        send(plan, resource, &target, patience)
    };
    Check { protocol: target.protocol.in_words(), endpoint: target.endpoint, verdict, words }
}

fn ask(remote: &Remote, resource: &Resource, patience: Duration) -> Check {
    let target = remote.target();
    let deadline = Instant::now() + patience;
    let (verdict, words) = match remote.fetch(resource.service_name(), deadline) {
        Ok(Strategy::Probabilistic(share)) => (Verdict::Arrived, format!("the answer is a share of {share}")),
        Ok(Strategy::RateLimiting(rate)) => {
            (Verdict::Arrived, format!("the answer is {rate} traces per second"))
        }
        Ok(_) => (Verdict::Arrived, "the answer has a share for each operation".to_owned()),
        Err(error) => (Verdict::Failed, diagnosis::of_strategy(&target, &error, patience)),
    };
    Check { protocol: target.protocol.in_words(), endpoint: target.endpoint, verdict, words }
}

fn send(plan: &Plan, resource: &Resource, target: &Target, patience: Duration) -> (Verdict, String) {
    let exporter = match plan.exporter() {
        Ok(exporter) => exporter,
        Err(error) => return (Verdict::Failed, error.to_string()),
    };
    let (trace_id, outcome) = send_span(exporter, resource, patience);
    match outcome {
        Err(error) => (Verdict::Failed, diagnosis::of_failure(target, &error, patience)),
        Ok(exported) if exported.rejected > 0 => {
            (Verdict::Failed, "the receiver took the request and rejected the span in it".into())
        }
        Ok(_) if target.protocol == Protocol::ThriftUdp => (
            Verdict::Unknown,
            format!(
                "the packet left; UDP has no answers, so only the back end can show it: trace {trace_id}"
            ),
        ),
        Ok(_) => diagnosis::of_success(target, patience).map_or_else(
            || (Verdict::Arrived, format!("the receiver took it: trace {trace_id}")),
            |words| (Verdict::Failed, words),
        ),
    }
}

/// Sends one span as an application's would go, and answers what the exporter said.
fn send_span(
    exporter: Box<dyn Exporter>,
    resource: &Resource,
    patience: Duration,
) -> (String, Result<Exported, ExportError>) {
    let outcome = Arc::new(Mutex::new(None));
    let relay = Relay { exporter, outcome: Arc::clone(&outcome) };
    let pipeline = Pipeline::builder().exporter(relay).export_timeout(patience).start_without_thread();
    let tracer = Tracer::builder_for(resource.clone()).pipeline(&pipeline).build();
    let mut span = tracer.span("doctor").start();
    span.set_tag("test", true);
    let trace_id = span.context().trace_id().to_string();
    span.finish();
    // What went wrong is in the outcome.
    let _ = pipeline.flush(patience);
    let outcome = outcome.lock().take();
    (trace_id, outcome.unwrap_or_else(|| Err(ExportError::Failed("nothing was sent".into()))))
}

/// An exporter whose answers are kept.
struct Relay {
    exporter: Box<dyn Exporter>,
    outcome: Arc<Mutex<Option<Result<Exported, ExportError>>>>,
}

impl Exporter for Relay {
    fn name(&self) -> &'static str {
        self.exporter.name()
    }

    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        let mut result = self.exporter.export(batch, deadline);
        // A datagram that nobody takes is known of when the next is sent.
        if self.exporter.name() == "thrift-udp" && result.is_ok() {
            std::thread::sleep(Duration::from_millis(100));
            result = self.exporter.export(batch, deadline);
        }
        *self.outcome.lock() = Some(result.clone());
        result
    }
}
