use opentelemetry::trace::{Span as _, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanExporter};

use super::Exported;
use crate::workload::{Peer, user_name};

/// The batch processor with its defaults, and an exporter that counts.
pub(super) struct OpenTelemetry {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    off: SdkTracer,
    exported: Exported,
}

#[derive(Debug)]
struct Discard(Exported);

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.add(batch.len());
        Ok(())
    }
}

impl OpenTelemetry {
    pub(super) fn new() -> Self {
        let exported = Exported::default();
        let provider = SdkTracerProvider::builder().with_batch_exporter(Discard(exported.clone())).build();
        let off = SdkTracerProvider::builder()
            .with_batch_exporter(Discard(Exported::default()))
            .with_sampler(Sampler::AlwaysOff)
            .build();
        Self { tracer: provider.tracer("bench"), off: off.tracer("bench"), provider, exported }
    }
}

fn tag(span: &mut Span, n: usize) {
    span.set_attribute(KeyValue::new("http.request.method", "GET"));
    span.set_attribute(KeyValue::new("user.name", user_name(n).to_owned()));
    span.set_attribute(KeyValue::new("http.response.status_code", 200));
    span.set_attribute(KeyValue::new("items", n as i64));
}

fn log(span: &mut Span, n: usize) {
    let fields = vec![KeyValue::new("key", user_name(n).to_owned()), KeyValue::new("retries", 2)];
    span.add_event("cache miss", fields);
}

impl Peer for OpenTelemetry {
    fn name(&self) -> &'static str {
        "opentelemetry 0.33"
    }

    fn root_span(&mut self) {
        self.tracer.start_with_context("root", &Context::new()).end();
    }

    fn root_child_rich(&mut self, n: usize) {
        let mut root = self.tracer.start_with_context("root", &Context::new());
        tag(&mut root, n);
        log(&mut root, n);
        let parent = Context::new().with_remote_span_context(root.span_context().clone());
        let mut child = self.tracer.start_with_context("child", &parent);
        tag(&mut child, n);
        log(&mut child, n);
        child.end();
        root.end();
    }

    fn unsampled(&mut self, n: usize) {
        let mut root = self.off.start_with_context("root", &Context::new());
        tag(&mut root, n);
        let parent = Context::new().with_remote_span_context(root.span_context().clone());
        let mut child = self.off.start_with_context("child", &parent);
        tag(&mut child, n);
    }

    fn with_active(&mut self) {
        let root = self.tracer.start_with_context("root", &Context::new());
        let _guard = Context::current_with_span(root).attach();
        self.tracer.start("child").end();
    }

    fn drain(&mut self) {
        self.provider.force_flush().expect("the exporter only counts");
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
