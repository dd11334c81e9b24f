use fastrace::Event;
use fastrace::collector::{Config, Reporter};
use fastrace::prelude::{LocalSpan, Span, SpanContext, SpanRecord};

use super::Exported;
use crate::workload::{Peer, user_name};

/// The global collector with its defaults, and a reporter that counts. Values are strings only.
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
    pub(super) fn new() -> Self {
        let exported = Exported::default();
        fastrace::set_reporter(Discard(exported.clone()), Config::default());
        Self { exported }
    }
}

fn properties(n: usize) -> [(&'static str, String); 4] {
    [
        ("http.request.method", "GET".to_owned()),
        ("user.name", user_name(n).to_owned()),
        ("http.response.status_code", 200.to_string()),
        ("items", n.to_string()),
    ]
}

fn event(n: usize) -> Event {
    Event::new("cache miss")
        .with_properties(|| [("key", user_name(n).to_owned()), ("retries", 2.to_string())])
}

impl Peer for Fastrace {
    fn name(&self) -> &'static str {
        "fastrace 0.7"
    }

    fn root_span(&mut self) {
        drop(Span::root("root", SpanContext::random()));
    }

    fn root_child_rich(&mut self, n: usize) {
        let root = Span::root("root", SpanContext::random());
        root.add_properties(|| properties(n));
        root.add_event(event(n));
        let child = Span::enter_with_parent("child", &root);
        child.add_properties(|| properties(n));
        child.add_event(event(n));
    }

    fn unsampled(&mut self, n: usize) {
        let root = Span::root("root", SpanContext::random().sampled(false));
        root.add_properties(|| properties(n));
        let child = Span::enter_with_parent("child", &root);
        child.add_properties(|| properties(n));
    }

    fn with_active(&mut self) {
        let root = Span::root("root", SpanContext::random());
        let _guard = root.set_local_parent();
        drop(LocalSpan::enter_with_local_parent("child"));
    }

    fn drain(&mut self) {
        fastrace::flush();
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
