use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustracing::sampler::{AllSampler, NullSampler};
use rustracing::tag::Tag;
use rustracing_jaeger::{Span, Tracer};

use super::Exported;
use crate::workload::{Library, user_name};

/// Its documentation's bounded channel; it ships no batching, so a thread of ours empties the channel.
pub(super) struct Rustracing {
    tracer: Tracer,
    off: Tracer,
    sweeps: Arc<AtomicU64>,
    exported: Exported,
}

const CHANNEL_SPANS: usize = 4096;
const POLL: Duration = Duration::from_micros(150);

impl Rustracing {
    pub(super) fn new() -> Self {
        let (sender, receiver) = crossbeam_channel::bounded(CHANNEL_SPANS);
        let exported = Exported::default();
        let sweeps = Arc::new(AtomicU64::new(0));
        let tracer = Tracer::with_sender(AllSampler, sender);
        let off = tracer.clone_with_sampler(NullSampler);
        let (counter, sweep) = (exported.clone(), Arc::clone(&sweeps));
        // It ends with the process.
        let poll = move || {
            loop {
                counter.add(receiver.try_iter().count());
                sweep.fetch_add(1, Ordering::Release);
                std::thread::sleep(POLL);
            }
        };
        std::thread::Builder::new().name("poll".to_owned()).spawn(poll).expect("a thread to be had");
        Self { tracer, off, sweeps, exported }
    }
}

fn tag(span: &mut Span, n: usize) {
    span.set_tag(|| Tag::new("http.request.method", "GET"));
    span.set_tag(|| Tag::new("user.name", user_name(n).to_owned()));
    span.set_tag(|| Tag::new("http.response.status_code", 200));
    span.set_tag(|| Tag::new("items", n as i64));
}

fn log(span: &mut Span, n: usize) {
    span.log(|log| {
        log.std().event("cache miss");
        log.field(("key", user_name(n).to_owned()));
        log.field(("retries", "2"));
    });
}

impl Library for Rustracing {
    const NAME: &'static str = "rustracing 0.6";
    const HAS_ACTIVE: bool = false;
    type Parent = Span;

    fn root_span(&self) {
        drop(self.tracer.span("root").start());
    }

    fn root_child_rich(&self, n: usize) {
        let mut root = self.tracer.span("root").start();
        tag(&mut root, n);
        log(&mut root, n);
        let mut child = root.child("child", |options| options.start());
        tag(&mut child, n);
        log(&mut child, n);
    }

    fn unsampled(&self) {
        let root = self.off.span("root").start();
        drop(root.child("child", |options| options.start()));
    }

    fn trace_100(&self) {
        let root = self.tracer.span("root").start();
        for _ in 0..100 {
            drop(root.child("child", |options| options.start()));
        }
    }

    fn with_active(&self) {}

    fn child_plain(&self, parent: &Self::Parent) {
        drop(parent.child("child", |options| options.start()));
    }

    fn child_one_tag(&self, parent: &Self::Parent, n: usize) {
        let mut child = parent.child("child", |options| options.start());
        child.set_tag(|| Tag::new("items", n as i64));
    }

    fn child_full(&self, parent: &Self::Parent, n: usize) {
        let mut child = parent.child("child", |options| options.start());
        tag(&mut child, n);
        child.log(|log| {
            log.std().event("cache miss");
            log.field(("retries", "2"));
        });
    }

    fn unsampled_root(&self, n: usize) {
        tag(&mut self.off.span("root").start(), n);
    }

    fn unsampled_child(&self, parent: &Self::Parent, n: usize) {
        tag(&mut parent.child("child", |options| options.start()), n);
    }

    fn parent(&self) -> Self::Parent {
        self.tracer.span("parent").start()
    }

    fn unsampled_parent(&self) -> Self::Parent {
        self.off.span("parent").start()
    }

    /// Waits for a sweep that began after the call.
    fn drain(&self) {
        let wanted = self.sweeps.load(Ordering::Acquire) + 2;
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.sweeps.load(Ordering::Acquire) < wanted {
            assert!(Instant::now() < deadline, "the thread that empties the channel is gone");
            std::thread::sleep(POLL);
        }
    }

    fn exported(&self) -> u64 {
        self.exported.get()
    }
}
