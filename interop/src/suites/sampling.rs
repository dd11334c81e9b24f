//! Suite `sampling`: our remote sampler follows the real Jaeger.
//!
//! | scenario | strategies |
//! |---|---|
//! | `http`, `grpc` | from a file that changes, also while Jaeger is away |
//! | `adaptive` | calculated by Jaeger from what it sees of ours |

mod adaptive;
mod traces;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tracer_core::ConstSampler;
use tracer_exporter_jaeger::{GrpcStrategies, HttpStrategies, RemoteSampler, RemoteSamplerStats};

use self::traces::{check_share, kept};
use crate::peers::{Jaeger, Sampling};
use crate::poll;
use crate::report::Report;

pub(super) use self::adaptive::adaptive;

/// How long a change may take to arrive.
const SOON: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_millis(100);
const SERVICE: &str = "sampled shop";

/// Strategies over HTTP.
pub(super) fn http<W: Write>(report: &mut Report<W>) {
    from_file(report, "http", |jaeger| {
        let source = HttpStrategies::builder().endpoint(jaeger.sampling_http()).build();
        start(RemoteSampler::builder(SERVICE, source.map_err(|error| error.to_string())?))
    });
}

/// Strategies over gRPC.
pub(super) fn grpc<W: Write>(report: &mut Report<W>) {
    from_file(report, "grpc", |jaeger| {
        let source = GrpcStrategies::builder().endpoint(jaeger.sampling_grpc()).build();
        start(RemoteSampler::builder(SERVICE, source.map_err(|error| error.to_string())?))
    });
}

fn start(builder: tracer_exporter_jaeger::RemoteSamplerBuilder) -> Result<RemoteSampler, String> {
    builder.initial(ConstSampler::OFF).interval(INTERVAL).start().map_err(|error| error.to_string())
}

fn from_file<W: Write>(
    report: &mut Report<W>,
    name: &str,
    sampler: impl Fn(&Jaeger) -> Result<RemoteSampler, String>,
) {
    let strategies = Strategies::new(name);
    let started = report.test(&format!("sampling/{name}: starts"), || {
        strategies.say(r#"{"default_strategy": {"type": "probabilistic", "param": 0.2}}"#)?;
        let jaeger = Jaeger::with_sampling(&Sampling::File(strategies.path.clone()));
        let jaeger = jaeger.map_err(|error| error.to_string())?;
        let sampler = sampler(&jaeger)?;
        Ok((jaeger, sampler))
    });
    let Some((mut jaeger, sampler)) = started else { return };
    report.test(&format!("sampling/{name}: a share is followed"), || {
        wait_for_changes(&sampler, 1)?;
        check_share(&sampler, "any", 0.2)
    });
    report.test(&format!("sampling/{name}: a rate is followed"), || {
        strategies.say(&of_service(r#""type": "ratelimiting", "param": 7"#))?;
        wait_for_changes(&sampler, 2)?;
        check_rate(&sampler, 7.0)
    });
    report.test(&format!("sampling/{name}: operations are followed"), || {
        strategies.say(&of_service(
            r#""type": "probabilistic", "param": 0.5, "operation_strategies": [
                {"operation": "GET /é", "type": "probabilistic", "param": 1},
                {"operation": "health", "type": "probabilistic", "param": 0},
                {"operation": "tenth", "type": "probabilistic", "param": 0.1}]"#,
        ))?;
        wait_for_changes(&sampler, 3)?;
        [("GET /é", 1.0), ("health", 0.0), ("tenth", 0.1), ("any", 0.5)]
            .into_iter()
            .try_for_each(|(operation, share)| check_share(&sampler, operation, share))
    });
    report.test(&format!("sampling/{name}: while Jaeger is away the last strategy stays"), || {
        jaeger.stop();
        let failed = sampler.stats().failed;
        wait_for(&sampler, |stats| stats.failed > failed)?;
        check_share(&sampler, "tenth", 0.1)
    });
    report.test(&format!("sampling/{name}: a Jaeger that is back is followed"), || {
        strategies.say(r#"{"default_strategy": {"type": "probabilistic", "param": 0.75}}"#)?;
        let _jaeger = jaeger.restart().map_err(|error| error.to_string())?;
        wait_for_changes(&sampler, 4)?;
        check_share(&sampler, "tenth", 0.75)?;
        if sampler.shutdown(SOON) { Ok(()) } else { Err("the sampler's thread does not end".into()) }
    });
}

/// Strategies of our service, another for all others.
fn of_service(strategy: &str) -> String {
    format!(
        r#"{{"service_strategies": [{{"service": "{SERVICE}", {strategy}}}],
            "default_strategy": {{"type": "probabilistic", "param": 0}}}}"#
    )
}

fn wait_for_changes(sampler: &RemoteSampler, changes: u64) -> Result<(), String> {
    wait_for(sampler, |stats| stats.changes >= changes)
}

fn wait_for(sampler: &RemoteSampler, reached: impl Fn(RemoteSamplerStats) -> bool) -> Result<(), String> {
    poll::until(SOON, || match sampler.stats() {
        stats if reached(stats) => Ok(()),
        stats => Err(format!("it has not come: {stats:?}")),
    })
}

/// At once a second's worth, and then what time brings.
fn check_rate(sampler: &RemoteSampler, per_second: f64) -> Result<(), String> {
    let began = Instant::now();
    let kept = f64::from(kept(sampler, "any", 10_000));
    let most = per_second * (1.0 + began.elapsed().as_secs_f64()) + 1.0;
    if kept >= per_second && kept <= most {
        return Ok(());
    }
    Err(format!("{kept} traces at once, and not from {per_second} to {most}"))
}

/// A file of strategies; it goes with this.
struct Strategies {
    path: PathBuf,
}

impl Strategies {
    fn new(name: &str) -> Self {
        let name = format!("tracer-interop-{}-strategies-{name}.json", std::process::id());
        Self { path: std::env::temp_dir().join(name) }
    }

    /// Replaces the file as a whole, so that no half of it is read.
    fn say(&self, text: &str) -> Result<(), String> {
        let part = self.path.with_extension("part");
        let written = std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, &self.path));
        written.map_err(|error| format!("{}: {error}", Path::display(&self.path)))
    }
}

impl Drop for Strategies {
    fn drop(&mut self) {
        // A file that is not there is no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}
