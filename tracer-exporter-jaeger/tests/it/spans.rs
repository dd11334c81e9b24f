//! Batches of real spans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::row::Rows;
use tracer_core::row::record::SpanRecord;
use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, Resource, Scope, SpanLimits, Tracer};
use tracer_exporter_jaeger::encode::otlp;

use super::random::Random;

/// Keeps what it is given, as rows and as a request's body.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Captured>>);

#[derive(Clone, Default)]
pub(crate) struct Captured {
    pub(crate) rows: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Exporter for Capture {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        let mut captured = self.0.lock();
        assert!(captured.rows.is_empty(), "one batch is expected");
        captured.rows = batch.rows.as_bytes().to_vec();
        otlp::encode(batch, &mut captured.body);
        Ok(Exported::ALL)
    }
}

/// What the spans become that `work` finishes.
pub(crate) fn capture(work: impl FnOnce(&Tracer)) -> Captured {
    capture_with(SpanLimits::default(), work)
}

pub(crate) fn capture_with(limits: SpanLimits, work: impl FnOnce(&Tracer)) -> Captured {
    let capture = Capture::default();
    let builder = Pipeline::builder().exporter(capture.clone()).batch_max(usize::MAX, usize::MAX);
    let pipeline = builder.start_without_thread();
    let resource = Resource::bare("svc").with_tag("region", "Zürich");
    let tracer = Tracer::builder_for(resource)
        .scope(Scope::new("lib", "1.2"))
        .pipeline(&pipeline)
        .limits(limits)
        .build();
    work(&tracer);
    pipeline.flush(Duration::from_secs(20)).unwrap();
    let captured = capture.0.lock();
    captured.clone()
}

/// Exports so many spans within so long.
pub(crate) fn export(
    exporter: &mut (impl Exporter + ?Sized),
    spans: usize,
    timeout: Duration,
) -> Result<Exported, ExportError> {
    export_tagged(exporter, spans, "", timeout)
}

pub(crate) fn export_tagged(
    exporter: &mut (impl Exporter + ?Sized),
    spans: usize,
    tag: &str,
    timeout: Duration,
) -> Result<Exported, ExportError> {
    let captured = capture(|tracer| {
        for _ in 0..spans {
            tracer.span("work").tag("tag", tag).start().finish();
        }
    });
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let rows = Rows::from_bytes(&captured.rows).unwrap();
    assert_eq!(rows.len(), spans);
    exporter.export(&Batch::new(&resource, &scope, rows), Instant::now() + timeout)
}

/// Batches of random spans, as their bytes and as records, given to a check one by one.
pub(crate) fn random_batches(seed: u64, check: impl Fn(&Batch<'_>, &[SpanRecord])) {
    let mut random = Random(seed);
    let resource = Resource::bare("svc").with_tag("region", "Zürich").with_tag("zone", 7).with_tag("b", true);
    let scope = Scope::new("lib", "1.2");
    let mut limits = SpanLimits::default();
    (limits.attributes_max, limits.events_max, limits.links_max) = (30, 14, 3);
    for _ in 0..100 {
        let count = random.one_of(&[0, 1, 2, 14, 15, 16]);
        let captured = capture_with(limits.clone(), |tracer| {
            (0..count).for_each(|_| random.finish_span(tracer));
        });
        let rows = Rows::from_bytes(&captured.rows).unwrap();
        let records: Vec<_> = rows.iter().map(|row| SpanRecord::decode(row).unwrap()).collect();
        assert_eq!(records.len(), count);
        check(&Batch::new(&resource, &scope, rows), &records);
    }
}
