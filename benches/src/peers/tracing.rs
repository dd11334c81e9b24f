use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Dispatch, Span, info, info_span};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use super::sdk_exporter::provider;
use super::{Exported, Setup};
use crate::workload::{Library, user_name};

/// `tracing` with the registry and the OpenTelemetry layer, and the SDK behind it. Tags are fields of the span.
pub(super) struct Tracing {
    provider: SdkTracerProvider,
    off: Dispatch,
    exported: Exported,
}

fn dispatch(provider: &SdkTracerProvider) -> Dispatch {
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    let targets = Targets::new().with_default(LevelFilter::TRACE).with_target("off", LevelFilter::OFF);
    Dispatch::new(tracing_subscriber::registry().with(targets).with(layer))
}

impl Tracing {
    /// Sets the process's default subscriber.
    pub(super) fn new(setup: &Setup) -> Self {
        let exported = Exported::default();
        let provider = provider(setup, Sampler::ParentBased(Box::new(Sampler::AlwaysOn)), &exported);
        let off_provider = super::sdk_exporter::provider(
            &Setup::DISCARD,
            Sampler::ParentBased(Box::new(Sampler::AlwaysOff)),
            &Exported::default(),
        );
        tracing::dispatcher::set_global_default(dispatch(&provider)).expect("the only subscriber");
        let off = dispatch(&off_provider);
        Self { provider, off, exported }
    }
}

macro_rules! tagged {
    ($parent:expr, $name:literal, $n:expr) => {
        tagged!("bench", $parent, $name, $n)
    };
    ($target:literal, $parent:expr, $name:literal, $n:expr) => {
        info_span!(
            target: $target,
            parent: $parent,
            $name,
            http.request.method = "GET",
            user.name = user_name($n),
            http.response.status_code = 200,
            items = $n as i64
        )
    };
}

fn log(span: &Span, n: usize) {
    info!(parent: span, key = user_name(n), retries = 2, "cache miss");
}

impl Library for Tracing {
    const NAME: &'static str = "tracing-opentelemetry 0.34";
    const SWITCHES_SPANS: bool = true;
    type Parent = Span;

    fn root_span(&self) {
        drop(info_span!(parent: None, "root"));
    }

    fn root_child_rich(&self, n: usize) {
        let root = tagged!(None, "root", n);
        log(&root, n);
        let child = tagged!(&root, "child", n);
        log(&child, n);
    }

    fn unsampled(&self) {
        let root = info_span!(parent: None, "root");
        drop(info_span!(parent: &root, "child"));
    }

    fn trace_100(&self) {
        let root = info_span!(parent: None, "root");
        for _ in 0..100 {
            drop(info_span!(parent: &root, "child"));
        }
    }

    fn with_active(&self) {
        let root = info_span!(parent: None, "root");
        let _entered = root.enter();
        drop(info_span!("child"));
    }

    fn child_plain(&self, parent: &Self::Parent) {
        drop(info_span!(parent: parent, "child"));
    }

    fn child_one_tag(&self, parent: &Self::Parent, n: usize) {
        drop(info_span!(parent: parent, "child", items = n as i64));
    }

    fn child_full(&self, parent: &Self::Parent, n: usize) {
        let child = tagged!(parent, "child", n);
        info!(parent: &child, retries = 2, "cache miss");
    }

    fn unsampled_root(&self, n: usize) {
        drop(tagged!(None, "root", n));
    }

    fn unsampled_child(&self, parent: &Self::Parent, n: usize) {
        drop(tagged!(parent, "child", n));
    }

    fn switched_off(&self, parent: &Self::Parent, n: usize) {
        drop(tagged!("off", parent, "child", n));
    }

    fn parent(&self) -> Self::Parent {
        info_span!(parent: None, "parent")
    }

    fn unsampled_parent(&self) -> Self::Parent {
        info_span!(parent: None, "parent")
    }

    fn rejecting(&self, run: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.off, run);
    }

    fn drain(&self) {
        self.provider.force_flush().expect("the collector takes all");
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
