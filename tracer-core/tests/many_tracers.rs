//! Tracers that come and go, as tests make them by the thousand. Alone in its program, since it counts the
//! memory of all of it.
#![cfg(not(feature = "recording-off"))]
#![expect(unsafe_code, reason = "a counting allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tracer_core::testing::{InMemoryExporter, TestTracer};
use tracer_core::{Pipeline, PipelineBuilder, Resource, Tracer};

const SOON: Duration = Duration::from_secs(60);

/// Bytes that are allocated and not freed.
static HELD_BYTES: AtomicI64 = AtomicI64::new(0);

struct Counting;

fn count(bytes: usize, sign: i64) {
    HELD_BYTES.fetch_add(sign * i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What each of many tracers leaves behind, in bytes. The first are not looked at: what is made once is made then.
fn left_bytes(count: i64, mut make_and_drop: impl FnMut()) -> i64 {
    (0..20).for_each(|_| make_and_drop());
    let before = HELD_BYTES.load(Ordering::Relaxed);
    (0..count).for_each(|_| make_and_drop());
    (HELD_BYTES.load(Ordering::Relaxed) - before) / count
}

/// Spans that make a thread keep what it has for a pipeline, and the pipeline what it has for a thread.
fn work(tracer: &Tracer, spans: usize) {
    let root = tracer.span("root").start();
    (1..spans).for_each(|n| tracer.span("child").child_of(root.context()).tag("n", n).start().finish());
}

fn tracer(pipeline: &Pipeline) -> Tracer {
    Tracer::builder_for(Resource::bare("svc")).pipeline(pipeline).build()
}

fn builder() -> PipelineBuilder {
    Pipeline::builder().exporter(InMemoryExporter::default())
}

/// A chunk alone has 8,192 bytes.
const LITTLE_BYTES: i64 = 1_536;

/// One test: it counts the memory of the whole program.
#[test]
fn tracers_that_are_dropped_leave_little_behind() {
    let short = left_bytes(10_000, || {
        let pipeline = builder().start_without_thread();
        work(&tracer(&pipeline), 2);
        pipeline.flush(SOON).unwrap();
    });
    let busy = left_bytes(300, || {
        let pipeline = builder().start_without_thread();
        work(&tracer(&pipeline), 1_000);
        pipeline.flush(SOON).unwrap();
    });
    let of_tests = left_bytes(300, || {
        let test = TestTracer::new("svc");
        work(test.tracer(), 100);
        assert_eq!(test.spans().len(), 100);
    });
    let with_threads = left_bytes(100, || {
        let tracer = Tracer::builder("svc").exporter(InMemoryExporter::default()).build();
        work(&tracer, 100);
        tracer.shutdown(SOON).unwrap();
    });
    let pipeline = builder().start_without_thread();
    let shared = left_bytes(300, || work(&tracer(&pipeline), 0));
    let outlived = left_bytes(300, || {
        let pipeline = builder().start_without_thread();
        let span = tracer(&pipeline).span("outlives them").tag("n", 1).start();
        drop(pipeline);
        span.finish();
    });
    let all = [short, busy, of_tests, with_threads, shared, outlived];
    assert!(all.iter().all(|left| *left < LITTLE_BYTES), "{all:?} bytes");
}
