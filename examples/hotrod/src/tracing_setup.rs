//! The tracers: six services that share one pipeline.

use std::time::Duration;

use tracer_core::{Pipeline, Tracer};
use tracer_exporter_jaeger::{ConfigError, OtlpHttp};
use tracer_propagation::{B3, Composite, Jaeger, TraceContext, W3cBaggage};
use tracer_viewer::Viewer;

use crate::cli::Propagation;
use crate::metrics::{Metrics, Nowhere};

/// A finished trace is seen within this.
const INTERVAL: Duration = Duration::from_millis(200);

/// A collector that hangs keeps the viewer waiting no longer than this.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// A tracer for each service that appears in traces, the simulated databases included.
#[derive(Clone, Debug)]
pub(crate) struct Tracers {
    pub(crate) pipeline: Pipeline,
    pub(crate) metrics: Metrics,
    pub(crate) frontend: Tracer,
    pub(crate) customer: Tracer,
    pub(crate) mysql: Tracer,
    pub(crate) driver: Tracer,
    pub(crate) redis: Tracer,
    pub(crate) route: Tracer,
}

impl Tracers {
    /// Tracers whose spans go to a viewer, to a collector, to both or to none.
    pub(crate) fn new(viewer: Option<&Viewer>, otlp: Option<OtlpHttp>) -> Self {
        let builder = Pipeline::builder().interval(INTERVAL).export_timeout(EXPORT_TIMEOUT);
        let metrics = Metrics::default();
        // Each span is counted once, on its way to the first exporter.
        let builder = match (viewer, otlp) {
            (Some(viewer), Some(otlp)) => builder.exporter(metrics.count(viewer.exporter())).exporter(otlp),
            (Some(viewer), None) => builder.exporter(metrics.count(viewer.exporter())),
            (None, Some(otlp)) => builder.exporter(metrics.count(otlp)),
            (None, None) => builder.exporter(metrics.count(Nowhere)),
        };
        let pipeline = builder.start();
        let tracer = |service: &str| Tracer::builder(service).pipeline(&pipeline).build();
        Self {
            frontend: tracer("frontend"),
            customer: tracer("customer"),
            mysql: tracer("mysql"),
            driver: tracer("driver"),
            redis: tracer("redis-manual"),
            route: tracer("route"),
            pipeline,
            metrics,
        }
    }
}

/// How contexts go out; they are read in every format. B3 has no baggage of its own, so that goes by
/// W3C's header.
pub(crate) fn propagation(chosen: Propagation) -> Composite {
    let read = Composite::new()
        .with_extract(TraceContext)
        .with_extract(B3::single())
        .with_extract(Jaeger)
        .with_extract(W3cBaggage);
    match chosen {
        Propagation::W3c => read.with_inject(TraceContext).with_inject(W3cBaggage),
        Propagation::B3 => read.with_inject(B3::single()).with_inject(W3cBaggage),
        Propagation::B3multi => read.with_inject(B3::multi()).with_inject(W3cBaggage),
        Propagation::Jaeger => read.with_inject(Jaeger),
        Propagation::All => all_formats(),
    }
}

/// All formats, both ways.
pub(crate) fn all_formats() -> Composite {
    Composite::new().with(TraceContext).with(B3::both()).with(Jaeger).with(W3cBaggage)
}

/// Where spans are sent: as the flag says, else as OpenTelemetry's variables say, if they do.
pub(crate) fn otlp(url: Option<&str>) -> Result<Option<OtlpHttp>, ConfigError> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match url {
        Some(url) => OtlpHttp::builder().endpoint(url).build().map(Some),
        None if is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_ENDPOINT") => {
            OtlpHttp::from_env().map(Some)
        }
        None => Ok(None),
    }
}
