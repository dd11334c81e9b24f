//! Jaeger's adaptive sampling: it sees our tags, calculates probabilities, and we follow.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tracer_core::{Pipeline, Tracer};
use tracer_exporter_jaeger::{HttpStrategies, OtlpHttp, RemoteSampler};

use super::traces::{check_share, kept};
use super::{SERVICE, SOON, start, wait_for_changes};
use crate::peers::{Jaeger, Sampling};
use crate::report::Report;

/// What Jaeger gives an operation that it does not know.
const INITIAL_SHARE: f64 = 0.5;
/// Several of Jaeger's rounds of calculation, which take a second each.
const TRAFFIC: Duration = Duration::from_secs(6);
/// Two seconds' worth at once.
const BURST: u32 = 400;

/// Less of an operation that is called often, more of one that is not.
pub(in crate::suites) fn adaptive<W: Write>(report: &mut Report<W>) {
    let folder = Folder::new();
    let started = report.test("sampling/adaptive: starts", || {
        let jaeger = Jaeger::with_sampling(&Sampling::Adaptive(folder.0.clone()));
        let jaeger = jaeger.map_err(|error| error.to_string())?;
        let source = HttpStrategies::builder().endpoint(jaeger.sampling_http()).build();
        let source = source.map_err(|error| error.to_string())?;
        Ok((jaeger, start(RemoteSampler::builder(SERVICE, source))?))
    });
    let Some((jaeger, sampler)) = started else { return };
    let began = report.test("sampling/adaptive: begins with Jaeger's initial share", || {
        wait_for_changes(&sampler, 1)?;
        check_share(&sampler, "often", INITIAL_SHARE)?;
        make_traffic(&jaeger, &sampler)
    });
    if began.is_none() {
        return;
    }
    let again = report.test("sampling/adaptive: Jaeger's calculation is served", || {
        let jaeger = jaeger.restart().map_err(|error| error.to_string())?;
        wait_for_changes(&sampler, 2)?;
        Ok(jaeger)
    });
    let Some(_jaeger) = again else { return };
    report.test("sampling/adaptive: less of an operation that is called often", || {
        // Some two hundred were recorded in a second, and five are wanted.
        match kept(&sampler, "often", 10_000) {
            kept @ 1..1_000 => Ok(kept),
            kept => Err(format!("{kept} of 10000 traces, and not less than 1000")),
        }
    });
    report.test("sampling/adaptive: more of one that is not", || check_share(&sampler, "seldom", 1.0));
}

/// Two operations, one called two hundred times a second, the other once. What is recorded is sent.
fn make_traffic(jaeger: &Jaeger, sampler: &RemoteSampler) -> Result<(), String> {
    let exporter = OtlpHttp::builder().endpoint(jaeger.otlp_http()).build();
    let exporter = exporter.map_err(|error| error.to_string())?;
    let pipeline = Pipeline::builder().exporter(exporter).interval(Duration::from_millis(50)).start();
    let tracer = Tracer::builder(SERVICE).pipeline(&pipeline).sampler(sampler.clone()).build();
    // In whatever part of Jaeger's round this begins, the first one must not look like a quiet one: Jaeger
    // would stay with what it makes of that, since nobody is served it and so nobody uses it.
    (0..BURST).for_each(|_| tracer.span("often").start().finish());
    let (began, mut calls) = (Instant::now(), 0_u32);
    while began.elapsed() < TRAFFIC {
        tracer.span("often").start().finish();
        if calls % 200 == 0 {
            tracer.span("seldom").start().finish();
        }
        calls += 1;
        let next = began + Duration::from_millis(5) * calls;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    pipeline.shutdown(SOON).map_err(|error| error.to_string())?;
    let stats = pipeline.stats();
    if stats.exported == stats.started && stats.unsampled > 0 { Ok(()) } else { Err(stats.to_string()) }
}

/// Where Jaeger keeps what it calculates; it goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("tracer-interop-{}-samples", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is not there is no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
