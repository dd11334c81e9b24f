use std::time::{Duration, Instant};

use tracer_core::{Batch, ConstSampler, ExportError, Exporter, Span, Tracer};

use super::Exported;
use crate::workload::{Peer, user_name};

pub(super) struct Ours {
    tracer: Tracer,
    off: Tracer,
    exported: Exported,
}

struct Discard(Exported);

impl Exporter for Discard {
    fn name(&self) -> &'static str {
        "discard"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<tracer_core::Exported, ExportError> {
        self.0.add(batch.rows.len());
        Ok(tracer_core::Exported::ALL)
    }
}

impl Ours {
    pub(super) fn new() -> Self {
        let exported = Exported::default();
        let tracer = Tracer::builder("bench").exporter(Discard(exported.clone())).build();
        let off = Tracer::builder("bench").sampler(ConstSampler::OFF).build();
        Self { tracer, off, exported }
    }
}

fn tag(span: &mut Span, n: usize) {
    span.set_tag("http.request.method", "GET").set_tag("user.name", user_name(n));
    span.set_tag("http.response.status_code", 200).set_tag("items", n as i64);
}

fn log(span: &mut Span, n: usize) {
    span.log("cache miss", &[("key", user_name(n).into()), ("retries", 2.into())]);
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "tracer-core"
    }

    fn root_span(&mut self) {
        self.tracer.span("root").ignore_active_span().start().finish();
    }

    fn root_child_rich(&mut self, n: usize) {
        let mut root = self.tracer.span("root").ignore_active_span().start();
        tag(&mut root, n);
        log(&mut root, n);
        let mut child = self.tracer.span("child").child_of(root.context()).start();
        tag(&mut child, n);
        log(&mut child, n);
        child.finish();
        root.finish();
    }

    fn unsampled(&mut self, n: usize) {
        let mut root = self.off.span("root").ignore_active_span().start();
        tag(&mut root, n);
        let mut child = self.off.span("child").child_of(root.context()).start();
        tag(&mut child, n);
    }

    fn with_active(&mut self) {
        let root = self.tracer.span("root").start_active();
        self.tracer.span("child").start().finish();
        root.finish();
    }

    fn drain(&mut self) {
        self.tracer.flush(Duration::from_secs(10)).expect("the exporter only counts");
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
