use opentelemetry::trace::{Span as _, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};

use super::sdk_exporter::provider;
use super::{Exported, Setup};
use crate::workload::{Library, user_name};

/// The SDK with its batch processor.
pub(super) struct OpenTelemetry {
    provider: SdkTracerProvider,
    _off_provider: SdkTracerProvider,
    tracer: SdkTracer,
    off: SdkTracer,
    exported: Exported,
}

impl OpenTelemetry {
    pub(super) fn new(setup: &Setup) -> Self {
        let exported = Exported::default();
        let provider = provider(setup, Sampler::ParentBased(Box::new(Sampler::AlwaysOn)), &exported);
        let off_provider = super::sdk_exporter::provider(
            &Setup::DISCARD,
            Sampler::ParentBased(Box::new(Sampler::AlwaysOff)),
            &Exported::default(),
        );
        let (tracer, off) = (provider.tracer("bench"), off_provider.tracer("bench"));
        Self { provider, _off_provider: off_provider, tracer, off, exported }
    }
}

/// A context with the span's ids.
fn of(span: &Span) -> Context {
    Context::new().with_remote_span_context(span.span_context().clone())
}

fn with_context(span: Span) -> (Span, Context) {
    let context = of(&span);
    (span, context)
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

impl Library for OpenTelemetry {
    const NAME: &'static str = "opentelemetry 0.33";
    type Parent = (Span, Context);

    fn root_span(&self) {
        self.tracer.start_with_context("root", &Context::new()).end();
    }

    fn root_child_rich(&self, n: usize) {
        let mut root = self.tracer.start_with_context("root", &Context::new());
        tag(&mut root, n);
        log(&mut root, n);
        let mut child = self.tracer.start_with_context("child", &of(&root));
        tag(&mut child, n);
        log(&mut child, n);
        child.end();
        root.end();
    }

    fn unsampled(&self) {
        let root = self.off.start_with_context("root", &Context::new());
        drop(self.off.start_with_context("child", &of(&root)));
    }

    fn trace_100(&self) {
        let root = self.tracer.start_with_context("root", &Context::new());
        let parent = of(&root);
        for _ in 0..100 {
            self.tracer.start_with_context("child", &parent).end();
        }
    }

    fn with_active(&self) {
        let root = self.tracer.start_with_context("root", &Context::new());
        let _guard = Context::current_with_span(root).attach();
        self.tracer.start("child").end();
    }

    fn child_plain(&self, parent: &Self::Parent) {
        self.tracer.start_with_context("child", &parent.1).end();
    }

    fn child_one_tag(&self, parent: &Self::Parent, n: usize) {
        let mut child = self.tracer.start_with_context("child", &parent.1);
        child.set_attribute(KeyValue::new("items", n as i64));
    }

    fn child_full(&self, parent: &Self::Parent, n: usize) {
        let mut child = self.tracer.start_with_context("child", &parent.1);
        tag(&mut child, n);
        child.add_event("cache miss", vec![KeyValue::new("retries", 2)]);
    }

    fn unsampled_root(&self, n: usize) {
        tag(&mut self.off.start_with_context("root", &Context::new()), n);
    }

    fn unsampled_child(&self, parent: &Self::Parent, n: usize) {
        tag(&mut self.off.start_with_context("child", &parent.1), n);
    }

    fn parent(&self) -> Self::Parent {
        with_context(self.tracer.start_with_context("parent", &Context::new()))
    }

    fn unsampled_parent(&self) -> Self::Parent {
        with_context(self.off.start_with_context("parent", &Context::new()))
    }

    fn drain(&self) {
        self.provider.force_flush().expect("the collector takes all");
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
