//! Metrics for free: rate, errors and durations of every endpoint, counted from its server spans on their way
//! to the exporter.

mod families;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::row::record::{SpanRecord, Value};
use tracer_core::{Batch, ExportError, Exported, Exporter, SpanKind, StatusCode, tags};

use self::families::{Families, Request};

/// What the server spans of this process say. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Mutex<Families>>);

impl Metrics {
    /// Counts what goes to an exporter.
    pub(crate) fn count<E: Exporter>(&self, exporter: E) -> Counted<E> {
        Counted { metrics: self.clone(), exporter }
    }

    /// All metrics in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        self.0.lock().render()
    }

    fn add(&self, service: &str, span: &SpanRecord) {
        if span.kind != SpanKind::Server {
            return;
        }
        let duration = Duration::from_nanos(span.end_unix_ns.saturating_sub(span.start_unix_ns));
        let status = match span.attribute(tags::HTTP_RESPONSE_STATUS_CODE.key()) {
            Some(Value::I64(status)) => Some(*status),
            _ => None,
        };
        let error = span.status == StatusCode::Error;
        self.0.lock().add(service, &Request { name: &span.name, error, duration, status });
    }
}

/// An exporter whose spans are counted.
pub(crate) struct Counted<E> {
    metrics: Metrics,
    exporter: E,
}

impl<E: Exporter> Exporter for Counted<E> {
    fn name(&self) -> &'static str {
        self.exporter.name()
    }

    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        let service = batch.resource.service_name();
        batch
            .rows
            .iter()
            .filter_map(|row| SpanRecord::decode(row).ok())
            .for_each(|span| self.metrics.add(service, &span));
        self.exporter.export(batch, deadline)
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), ExportError> {
        self.exporter.flush(deadline)
    }
}

/// For a process whose spans go nowhere.
pub(crate) struct Nowhere;

impl Exporter for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }

    fn export(&mut self, _: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        Ok(Exported::ALL)
    }
}
