//! Recording compiled away: nothing starts, nothing is kept, and contexts still travel.
#![cfg(feature = "recording-off")]

use std::time::Duration;

use tracer_core::testing::InMemoryExporter;
use tracer_core::{
    Pipeline, SpanContext, SpanId, Stats, StatusCode, TraceFlags, TraceId, TraceState, Tracer, tags,
};

fn incoming(state: TraceState) -> SpanContext {
    SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED)
        .with_trace_state(state)
        .with_baggage_item("user", "7")
}

#[test]
fn the_context_of_a_request_is_passed_on_with_all_that_it_carries() {
    let tracer = Tracer::builder("shop").build();
    let mut state = TraceState::default();
    state.insert("vendor", "1").unwrap();
    let parent = incoming(state);
    let mut server = tracer.span("GET").child_of(&parent).tag("a", 1).start_active();
    server.with(|span| {
        span.set_baggage_item("cart", "9");
    });
    let client = tracer.span("call").start();
    assert_eq!(
        (client.context().trace_id(), client.context().span_id()),
        (parent.trace_id(), parent.span_id())
    );
    assert_eq!((client.baggage_item("user"), client.baggage_item("cart")), (Some("7"), Some("9")));
    assert_eq!(client.context().trace_state(), parent.trace_state());
    client.finish();
    server.finish();
    let root = tracer.span("root").ignore_active_span().start();
    assert!(!root.context().is_valid());
}

#[test]
fn nothing_is_recorded_and_every_call_is_taken() {
    let exporter = InMemoryExporter::default();
    let pipeline = Pipeline::builder().exporter(exporter.clone()).start();
    for tracer in [
        Tracer::builder("a").exporter(exporter.clone()).build(),
        Tracer::builder("b").pipeline(&pipeline).build(),
    ] {
        let mut span = tracer.span("work").start();
        span.set_tag("a", 1).set_tag(tags::SAMPLING_PRIORITY, 1).set_tag(tags::ERROR, true);
        span.set_tag_with("never", || -> i64 { panic!("worked out for nobody") });
        span.log("event", &[("k", 1.into())]);
        span.set_status(StatusCode::Error, "no");
        assert!(!span.is_recording() && !tracer.is_enabled());
        span.finish();
        assert_eq!(tracer.flush(Duration::from_secs(60)), Ok(()));
        assert_eq!(tracer.stats(), Stats::default());
        assert_eq!(tracer.shutdown(Duration::from_secs(60)), Ok(()));
    }
    assert!(exporter.spans().is_empty());
}
