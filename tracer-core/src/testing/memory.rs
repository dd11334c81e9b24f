//! An exporter that keeps spans, and a tracer with a pipeline of its own that ends in one.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::export::{Batch, ExportError, Exported, Exporter};
use crate::pipeline::Pipeline;
use crate::row::record::SpanRecord;
use crate::sampler::Sampler;
use crate::tracer::{Tracer, TracerBuilder};

/// A finished span and the service that made it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FinishedSpan {
    /// The service.
    pub service: String,
    /// The span.
    pub span: SpanRecord,
}

impl Deref for FinishedSpan {
    type Target = SpanRecord;

    fn deref(&self) -> &SpanRecord {
        &self.span
    }
}

/// Keeps all spans that it is given. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct InMemoryExporter(Arc<Mutex<Vec<FinishedSpan>>>);

impl InMemoryExporter {
    /// The spans, in the order in which they finished.
    #[must_use]
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.0.lock().clone()
    }

    /// Forgets all spans.
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

impl Exporter for InMemoryExporter {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
        let service = batch.resource.service_name();
        let mut spans = self.0.lock();
        for row in batch.rows.iter() {
            let span = SpanRecord::decode(row).map_err(|error| ExportError::Failed(error.to_string()))?;
            spans.push(FinishedSpan { service: service.to_owned(), span });
        }
        Ok(Exported::ALL)
    }
}

/// A tracer for one test: it records everything, and its spans can be looked at.
///
/// ```
/// use tracer_core::testing::TestTracer;
///
/// let test = TestTracer::new("shop");
/// let outer = test.tracer().span("outer").start();
/// test.tracer().span("inner").child_of(outer.context()).start().finish();
/// assert_eq!(test.unfinished(), ["outer"]);
/// outer.finish();
/// assert_eq!(test.tree(), "outer\n└─ inner\n");
/// ```
#[derive(Debug)]
pub struct TestTracer {
    tracer: Tracer,
    exporter: InMemoryExporter,
}

impl TestTracer {
    /// A tracer of a service, without any thread.
    #[must_use]
    pub fn new(service_name: &str) -> Self {
        Self::build(service_name, Clock::system(), |builder| builder)
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(service_name: &str, clock: Clock) -> Self {
        Self::build(service_name, clock, |builder| builder)
    }

    /// With a sampler.
    #[must_use]
    pub fn with_sampler(service_name: &str, sampler: impl Sampler + 'static) -> Self {
        Self::build(service_name, Clock::system(), |builder| builder.sampler(sampler))
    }

    /// With any settings but the pipeline.
    #[must_use]
    pub fn build(
        service_name: &str,
        clock: Clock,
        settings: impl FnOnce(TracerBuilder) -> TracerBuilder,
    ) -> Self {
        let exporter = InMemoryExporter::default();
        let pipeline = Pipeline::builder().exporter(exporter.clone()).clock(clock).start_without_thread();
        let builder = settings(Tracer::builder(service_name)).pipeline(&pipeline).track_open_spans();
        Self { tracer: builder.build(), exporter }
    }

    /// The tracer.
    #[must_use]
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The spans that finished, in that order.
    #[must_use]
    pub fn spans(&self) -> Vec<FinishedSpan> {
        // Nothing can fail or hang: the exporter is a vector.
        let _ = self.tracer.flush(Duration::from_secs(60));
        self.exporter.spans()
    }

    /// The spans that finished, as [`tree`](super::tree()) draws them.
    #[must_use]
    pub fn tree(&self) -> String {
        super::tree(&self.spans())
    }

    /// The names of spans that were started, record, and have not ended, sorted.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        self.tracer
            .core()
            .and_then(|core| core.open_spans.as_ref())
            .map_or_else(Vec::new, |open| open.names())
    }
}
