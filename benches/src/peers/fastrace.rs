use std::borrow::Cow;

use fastrace::Event;
use fastrace::collector::{Config, Reporter};
use fastrace::prelude::{LocalSpan, Span, SpanContext, SpanRecord};
use fastrace_opentelemetry::OpenTelemetryReporter;

use super::sdk_exporter::SdkExporter;
use super::{Exported, Setup, Sink};
use crate::workload::{Library, user_name};

/// The global collector with its defaults; values are strings only.
pub(super) struct Fastrace {
    exported: Exported,
}

struct Discard(Exported);

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        self.0.add(spans.len());
    }
}

impl Fastrace {
    pub(super) fn new(setup: &Setup) -> Self {
        let exported = Exported::default();
        if let Sink::Discard = setup.sink {
            fastrace::set_reporter(Discard(exported.clone()), Config::default());
        } else {
            let exporter = SdkExporter::new(&setup.sink, &exported);
            let resource = opentelemetry_sdk::Resource::builder().with_service_name("bench").build();
            let scope = opentelemetry::InstrumentationScope::builder("bench").build();
            let reporter = OpenTelemetryReporter::new(exporter, Cow::Owned(resource), scope);
            fastrace::set_reporter(reporter, Config::default());
        }
        Self { exported }
    }
}

type Property = (&'static str, Cow<'static, str>);

fn properties(n: usize) -> [Property; 4] {
    [
        ("http.request.method", "GET".into()),
        ("user.name", user_name(n).to_owned().into()),
        ("http.response.status_code", 200.to_string().into()),
        ("items", n.to_string().into()),
    ]
}

fn event(n: usize) -> Event {
    Event::new("cache miss")
        .with_properties(|| [("key", user_name(n).to_owned()), ("retries", 2.to_string())])
}

impl Library for Fastrace {
    const NAME: &'static str = "fastrace 0.7";
    /// A thread's ring holds 10,240 of up to three commands a span, and what overflows dies with the thread.
    const DRAIN_EVERY_SPANS: usize = 2_500;
    type Parent = Span;

    fn root_span(&self) {
        drop(Span::root("root", SpanContext::random()));
    }

    fn root_child_rich(&self, n: usize) {
        let root = Span::root("root", SpanContext::random());
        root.add_properties(|| properties(n));
        root.add_event(event(n));
        let child = Span::enter_with_parent("child", &root);
        child.add_properties(|| properties(n));
        child.add_event(event(n));
    }

    fn unsampled(&self) {
        let root = Span::root("root", SpanContext::random().sampled(false));
        drop(Span::enter_with_parent("child", &root));
    }

    fn trace_100(&self) {
        let root = Span::root("root", SpanContext::random());
        for _ in 0..100 {
            drop(Span::enter_with_parent("child", &root));
        }
    }

    fn with_active(&self) {
        let root = Span::root("root", SpanContext::random());
        let _guard = root.set_local_parent();
        drop(LocalSpan::enter_with_local_parent("child"));
    }

    fn child_plain(&self, parent: &Self::Parent) {
        drop(Span::enter_with_parent("child", parent));
    }

    fn child_one_tag(&self, parent: &Self::Parent, n: usize) {
        let child = Span::enter_with_parent("child", parent);
        child.add_property(|| ("items", n.to_string()));
    }

    fn child_full(&self, parent: &Self::Parent, n: usize) {
        let child = Span::enter_with_parent("child", parent);
        child.add_properties(|| properties(n));
        child.add_event(Event::new("cache miss").with_property(|| ("retries", 2.to_string())));
    }

    fn unsampled_root(&self, n: usize) {
        let root = Span::root("root", SpanContext::random().sampled(false));
        root.add_properties(|| properties(n));
    }

    fn unsampled_child(&self, parent: &Self::Parent, n: usize) {
        let child = Span::enter_with_parent("child", parent);
        child.add_properties(|| properties(n));
    }

    fn parent(&self) -> Self::Parent {
        Span::root("parent", SpanContext::random())
    }

    fn unsampled_parent(&self) -> Self::Parent {
        Span::root("parent", SpanContext::random().sampled(false))
    }

    fn drain(&self) {
        fastrace::flush();
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
