use std::time::{Duration, Instant};

use tracer_core::{Batch, ConstSampler, ExportError, Exporter, Pipeline, Span, Switch, Tracer};
use tracer_exporter_jaeger::OtlpHttp;
use tracer_exporter_jaeger::encode::otlp;

use super::{Exported, Sink};
use crate::workload::{Library, user_name};

/// Ours: a pipeline with its defaults.
pub struct Ours {
    tracer: Tracer,
    off: Tracer,
    switched: Tracer,
    is_drained: bool,
    exported: Exported,
}

/// What can be set of it.
#[derive(Clone, Debug)]
pub struct OursSetup {
    pub sink: Sink,
    pub memory_bytes_max: usize,
    /// A worker of its own, as in production; without, spans leave when `drain` is called.
    pub has_thread: bool,
    /// Whether `drain` does anything: not where spans shall be dropped.
    pub is_drained: bool,
}

impl OursSetup {
    /// The library's own defaults, and an exporter that discards.
    pub const DEFAULT: Self =
        Self { sink: Sink::Discard, memory_bytes_max: 32 << 20, has_thread: true, is_drained: true };
}

struct Count {
    exported: Exported,
    encodes: bool,
    body: Vec<u8>,
}

impl Exporter for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<tracer_core::Exported, ExportError> {
        if self.encodes {
            otlp::encode(batch, &mut self.body);
            std::hint::black_box(&self.body);
        }
        self.exported.add(batch.rows.len());
        Ok(tracer_core::Exported::ALL)
    }
}

impl Ours {
    #[must_use]
    pub fn new(setup: &OursSetup) -> Self {
        let exported = Exported::default();
        let builder = Pipeline::builder().memory_bytes_max(setup.memory_bytes_max);
        let builder = match &setup.sink {
            Sink::Http(url) => builder.exporter(http(url)),
            sink => builder.exporter(Count {
                exported: exported.clone(),
                encodes: matches!(sink, Sink::Encode),
                body: Vec::new(),
            }),
        };
        let pipeline = if setup.has_thread { builder.start() } else { builder.start_without_thread() };
        let tracer = Tracer::builder("bench").pipeline(&pipeline).build();
        let off = Tracer::builder("bench").sampler(ConstSampler::OFF).pipeline(&pipeline).build();
        let switch = Switch::new();
        switch.set("operation:off*=off, tag:off*=off").expect("a rule and a rule");
        let switched = Tracer::builder("bench").switch(&switch).pipeline(&pipeline).build();
        Self { tracer, off, switched, is_drained: setup.is_drained, exported }
    }
}

fn http(url: &str) -> OtlpHttp {
    OtlpHttp::builder().endpoint(url).build().expect("the URL is the benchmark's own")
}

#[inline]
fn tag(span: &mut Span, n: usize) {
    span.set_tag("http.request.method", "GET").set_tag("user.name", user_name(n));
    span.set_tag("http.response.status_code", 200).set_tag("items", n as i64);
}

#[inline]
fn log(span: &mut Span, n: usize) {
    span.log("cache miss", &[("key", user_name(n).into()), ("retries", 2.into())]);
}

impl Library for Ours {
    const NAME: &'static str = "tracer-core";
    const SWITCHES_SPANS: bool = true;
    const SWITCHES_TAGS: bool = true;
    type Parent = Span;

    fn root_span(&self) {
        self.tracer.span("root").ignore_active_span().start().finish();
    }

    fn root_child_rich(&self, n: usize) {
        let mut root = self.tracer.span("root").ignore_active_span().start();
        tag(&mut root, n);
        log(&mut root, n);
        let mut child = self.tracer.span("child").child_of(root.context()).start();
        tag(&mut child, n);
        log(&mut child, n);
        child.finish();
        root.finish();
    }

    fn unsampled(&self) {
        let root = self.off.span("root").ignore_active_span().start();
        drop(self.off.span("child").child_of(root.context()).start());
    }

    fn trace_100(&self) {
        let root = self.tracer.span("root").ignore_active_span().start();
        for _ in 0..100 {
            self.tracer.span("child").child_of(root.context()).start().finish();
        }
    }

    fn with_active(&self) {
        let root = self.tracer.span("root").start_active();
        self.tracer.span("child").start().finish();
        root.finish();
    }

    fn child_plain(&self, parent: &Self::Parent) {
        self.tracer.span("child").child_of(parent.context()).start().finish();
    }

    fn child_one_tag(&self, parent: &Self::Parent, n: usize) {
        let mut child = self.tracer.span("child").child_of(parent.context()).start();
        child.set_tag("items", n as i64);
    }

    fn child_full(&self, parent: &Self::Parent, n: usize) {
        let mut child = self.tracer.span("child").child_of(parent.context()).start();
        tag(&mut child, n);
        child.log("cache miss", &[("retries", 2.into())]);
    }

    fn unsampled_root(&self, n: usize) {
        tag(&mut self.off.span("root").ignore_active_span().start(), n);
    }

    fn unsampled_child(&self, parent: &Self::Parent, n: usize) {
        tag(&mut self.off.span("child").child_of(parent.context()).start(), n);
    }

    fn switched_off(&self, parent: &Self::Parent, n: usize) {
        tag(&mut self.switched.span("off").child_of(parent.context()).start(), n);
    }

    fn tag_off(&self, parent: &Self::Parent, n: usize) {
        let mut child = self.switched.span("child").child_of(parent.context()).start();
        child.set_tag("off.items", n as i64);
    }

    fn parent(&self) -> Self::Parent {
        self.tracer.span("parent").ignore_active_span().start()
    }

    fn unsampled_parent(&self) -> Self::Parent {
        self.off.span("parent").ignore_active_span().start()
    }

    fn drain(&self) {
        if self.is_drained {
            self.tracer.flush(Duration::from_secs(30)).expect("the collector takes all");
        }
    }

    fn exported(&self) -> u64 {
        let stats = self.tracer.stats();
        // Its own account; what the exporters here count must agree.
        let counted = self.exported.get();
        assert!(counted == 0 || counted == stats.exported, "{counted} spans arrived, accounts say {stats}");
        stats.exported
    }
}
