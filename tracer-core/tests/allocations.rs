//! What a span allocates on the application's thread: nothing, once the thread is warm.
#![cfg(not(feature = "recording-off"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use tracer_core::testing::InMemoryExporter;
use tracer_core::{ConstSampler, Pipeline, Tracer, active};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator that counts")]
// SAFETY: all work is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a hundred runs, behind as many that warm the thread up.
fn allocations(work: impl Fn()) -> u64 {
    (0..100).for_each(|_| work());
    let before = ALLOCATIONS.get();
    (0..100).for_each(|_| work());
    ALLOCATIONS.get() - before
}

/// A log that is full takes a chunk, which is two allocations: once in about 90 plain spans.
const CHUNKS: u64 = 2 * 10;

fn tracer(sampler: ConstSampler) -> (Pipeline, Tracer) {
    let pipeline = Pipeline::builder().exporter(InMemoryExporter::default()).start_without_thread();
    let tracer = Tracer::builder("svc").pipeline(&pipeline).sampler(sampler).build();
    (pipeline, tracer)
}

#[test]
fn a_plain_span_allocates_nothing() {
    let (pipeline, tracer) = tracer(ConstSampler::ON);
    assert!(allocations(|| tracer.span("plain").start().finish()) <= CHUNKS);
    pipeline.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn a_rich_span_with_texts_of_the_moment_allocates_nothing() {
    let (pipeline, tracer) = tracer(ConstSampler::ON);
    let user = String::from("ann@example.com");
    let allocated = allocations(|| {
        let root = tracer.span("root").tag("early", true).start();
        let mut span = tracer.span("child").child_of(root.context()).start();
        span.set_tag("method", "GET").set_tag("user", &user).set_tag("status", 200).set_tag("ratio", 0.5);
        span.log("cache miss", &[("key", (&user).into()), ("retries", 2.into())]);
        span.finish();
    });
    assert!(allocated <= 3 * CHUNKS, "{allocated}");
    pipeline.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn an_active_span_allocates_nothing() {
    let (pipeline, tracer) = tracer(ConstSampler::ON);
    let allocated = allocations(|| {
        let scope = tracer.span("root").start_active();
        active::set_tag("n", 1);
        tracer.span("child").start().finish();
        scope.finish();
    });
    assert!(allocated <= 3 * CHUNKS, "{allocated}");
    pipeline.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn a_span_that_is_not_sampled_allocates_nothing_at_all() {
    let (_pipeline, tracer) = tracer(ConstSampler::OFF);
    let user = String::from("ann@example.com");
    let allocated = allocations(|| {
        let mut root = tracer.span_with_name(&user).tag("user", &user).start();
        root.set_tag("n", 1).log("event", &[("user", (&user).into())]);
        tracer.span("child").child_of(root.context()).start().finish();
    });
    assert_eq!(allocated, 0);
}
