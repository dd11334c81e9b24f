//! The span API: references, times, names, baggage, errors.
#![cfg(not(feature = "recording-off"))]

use std::time::{Duration, UNIX_EPOCH};

use tracer_core::row::record::Value;
use tracer_core::testing::TestTracer;
use tracer_core::{
    Baggage, Clock, Span, SpanContext, SpanId, SpanKind, StatusCode, TraceFlags, TraceId, Tracer, tags,
};

fn remote(byte: u8, flags: TraceFlags) -> SpanContext {
    SpanContext::new(TraceId::from_bytes([byte; 16]), SpanId::from_bytes([byte; 8]), flags).into_remote()
}

#[test]
fn a_span_keeps_what_is_set_and_ends_when_dropped() {
    let test = TestTracer::new("svc");
    {
        let mut span = test.tracer().span("work").kind(SpanKind::Client).tag("early", 1).start();
        span.set_tag("late", true).set_tag("ratio", 0.5).set_tag("late", false);
        span.log("step", &[("n", 7.into()), ("who", "me".into())]);
        assert_eq!(test.unfinished(), ["work"]);
    }
    assert_eq!(test.tree(), "work (client) early=1 ratio=0.5 late=false\n  · step n=7 who=me\n");
    assert!(test.unfinished().is_empty());
}

#[test]
fn every_type_of_value_survives() {
    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("values").start();
    let text = String::from("owned");
    span.set_tag("str", "é").set_tag("string", &text).set_tag("bytes", &[0_u8, 255][..]);
    span.set_tag("i64", i64::MIN)
        .set_tag("u64", u64::MAX)
        .set_tag("u64_small", 7_u64)
        .set_tag("usize", 3_usize);
    span.set_tag("f64", f64::MAX).set_tag("u8", 255_u8).set_tag("f32", 0.5_f32);
    span.set_tag("strs", &["a", ""][..]).set_tag("i64s", &[-1_i64, 2][..]);
    span.set_tag("bools", &[true, false][..])
        .set_tag("f64s", &[0.25_f64][..])
        .set_tag("none", &[0_i64; 0][..]);
    span.finish();
    let expected = [
        ("str", Value::Str("é".into())),
        ("string", Value::Str("owned".into())),
        ("bytes", Value::Bytes(vec![0, 255])),
        ("i64", Value::I64(i64::MIN)),
        ("u64", Value::Str("18446744073709551615".into())),
        ("u64_small", Value::I64(7)),
        ("usize", Value::I64(3)),
        ("f64", Value::F64(f64::MAX)),
        ("u8", Value::I64(255)),
        ("f32", Value::F64(0.5)),
        ("strs", Value::Array(vec![Value::Str("a".into()), Value::Str(String::new())])),
        ("i64s", Value::Array(vec![Value::I64(-1), Value::I64(2)])),
        ("bools", Value::Array(vec![Value::Bool(true), Value::Bool(false)])),
        ("f64s", Value::Array(vec![Value::F64(0.25)])),
        ("none", Value::Array(vec![])),
    ];
    let spans = test.spans();
    for (key, value) in expected {
        assert_eq!(spans[0].attribute(key), Some(&value), "{key}");
    }
}

#[test]
fn a_later_tag_of_a_key_replaces_the_earlier_and_no_other() {
    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("work").start();
    // "ab" and "ba" share their length and letters; "k-1".."k-99" fill all bits of the key filter.
    span.set_tag("ab", 1).set_tag("ba", 2);
    span.log("between", &[("ab", "not a tag".into())]);
    for n in 1..100 {
        span.set_tag(&format!("k-{n}"), n);
    }
    span.set_tag("ab", "replaced");
    span.finish();
    let spans = test.spans();
    assert_eq!(spans[0].attributes.len(), 101 + 2, "and the sampler's two");
    assert_eq!(spans[0].attribute("ab"), Some(&Value::Str("replaced".into())));
    assert_eq!(spans[0].attribute("ba"), Some(&Value::I64(2)));
    assert_eq!(spans[0].events[0].attributes, [("ab".into(), Value::Str("not a tag".into()))]);
}

#[test]
fn the_first_child_of_is_the_parent_and_other_references_are_links() {
    let test = TestTracer::new("svc");
    let [cause, parent, other] = [1, 2, 3].map(|byte| remote(byte, TraceFlags::SAMPLED));
    let span = test
        .tracer()
        .span("join")
        .follows_from(&cause)
        .child_of(&parent)
        .child_of(&other)
        .link(&cause, &[("why", "batch".into())])
        .child_of(None)
        .start();
    assert_eq!(span.context().trace_id(), parent.trace_id());
    assert_eq!(span.context().parent_id(), parent.span_id());
    span.finish();
    let spans = test.spans();
    let links: Vec<_> = spans[0].links.iter().map(|link| (link.span_id, link.attributes.clone())).collect();
    let typed = |ref_type: &str| vec![("opentracing.ref_type".to_owned(), Value::Str(ref_type.into()))];
    assert_eq!(
        links,
        [
            (cause.span_id(), typed("follows_from")),
            (other.span_id(), typed("child_of")),
            (cause.span_id(), vec![("why".to_owned(), Value::Str("batch".into()))]),
        ]
    );
}

#[test]
fn follows_from_alone_is_the_parent_and_says_so() {
    let test = TestTracer::new("svc");
    let cause = remote(1, TraceFlags::SAMPLED);
    test.tracer().span("consume").follows_from(&cause).start().finish();
    let span = &test.spans()[0];
    assert_eq!(span.parent_span_id, cause.span_id());
    assert_eq!(span.links[0].span_id, cause.span_id());
    assert_eq!(span.flags & 0x300, 0x300, "the parent is remote");
}

#[test]
fn times_can_be_given_and_never_run_backwards() {
    let clock = Clock::manual(UNIX_EPOCH + Duration::from_secs(100));
    let test = TestTracer::with_clock("svc", clock.clone());
    let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
    test.tracer().span("given").start_time(at(50)).start().finish_at(at(60));
    test.tracer().span("backwards").start_time(at(50)).start().finish_at(at(40));
    let mut logged = test.tracer().span("logged").start();
    clock.advance(Duration::from_secs(1));
    logged.log("now", &[]).log_at(at(7), "then", &[]);
    clock.advance(Duration::from_secs(1));
    logged.finish();
    let spans = test.spans();
    let times: Vec<_> =
        spans.iter().map(|s| (s.start_unix_ns / 1_000_000_000, s.end_unix_ns / 1_000_000_000)).collect();
    assert_eq!(times, [(50, 60), (50, 50), (100, 102)]);
    let logs: Vec<_> = spans[2].events.iter().map(|event| event.time_unix_ns / 1_000_000_000).collect();
    assert_eq!(logs, [101, 7]);
}

#[test]
fn a_start_time_before_the_clock_began_survives() {
    let test = TestTracer::new("svc");
    let start = UNIX_EPOCH + Duration::from_secs(1_000);
    test.tracer().span("old").start_time(start).start().finish_at(start + Duration::from_secs(1));
    assert_eq!(test.spans()[0].start_unix_ns, 1_000_000_000_000);
    assert_eq!(test.spans()[0].end_unix_ns, 1_001_000_000_000);
}

#[test]
fn a_span_can_be_renamed_and_named_while_running() {
    let test = TestTracer::new("svc");
    let name = format!("GET /{}", "users");
    test.tracer().span_with_name(&name).start().finish();
    let mut span = test.tracer().span("GET").start();
    span.set_operation_name("GET /users/{id}");
    span.finish();
    assert_eq!(test.tree(), "GET /users\nGET /users/{id}\n");
}

#[test]
fn baggage_goes_down_and_never_up_or_sideways() {
    let test = TestTracer::new("svc");
    let mut parent = test.tracer().span("parent").start();
    let before = test.tracer().span("before").child_of(parent.context()).start();
    parent.set_baggage_item("user", "ann");
    let mut after = test.tracer().span("after").child_of(parent.context()).start();
    after.set_baggage_item("own", "1");
    assert_eq!(before.baggage_item("user"), None);
    assert_eq!(after.baggage_item("user"), Some("ann"));
    assert_eq!(parent.baggage_item("own"), None);
}

#[test]
fn baggage_without_a_trace_starts_a_trace_that_has_it() {
    let test = TestTracer::new("svc");
    let context = SpanContext::from_baggage(Baggage::new().with_item("session", "7"));
    let span = test.tracer().span("root").child_of(&context).start();
    assert!(span.context().is_valid());
    assert!(!span.context().parent_id().is_valid());
    assert_eq!(span.baggage_item("session"), Some("7"));
}

#[test]
fn error_and_kind_are_more_than_tags() {
    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("call").start();
    span.set_tag(tags::ERROR, true).set_tag(tags::SPAN_KIND, "producer");
    span.finish();
    let span = &test.spans()[0];
    assert_eq!((span.status, span.kind), (StatusCode::Error, SpanKind::Producer));
    assert_eq!(span.attribute("error"), None);
}

#[test]
fn record_error_takes_the_causes_along() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot load")]
    struct Load(#[source] std::num::ParseIntError);

    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("load").start();
    span.record_error(&Load("x".parse::<i32>().unwrap_err()));
    span.finish();
    assert_eq!(test.spans()[0].status_message, "cannot load: invalid digit found in string");
}

#[test]
fn a_noop_tracer_passes_the_context_on() {
    let incoming = remote(5, TraceFlags::SAMPLED).with_baggage_item("k", "v");
    let mut span = Tracer::noop().span("ignored").child_of(&incoming).start();
    span.set_tag("k", 1).log("nothing", &[]);
    assert!(!span.is_recording());
    assert_eq!(span.context(), &incoming);
    assert_eq!(Span::noop().context(), &SpanContext::default());
}

#[test]
fn lazy_values_are_not_worked_out_for_nobody() {
    let mut span = Span::noop();
    span.set_tag_with("k", || -> i64 { panic!("not recorded") });
    let test = TestTracer::new("svc");
    let mut span = test.tracer().span("work").start();
    span.set_tag_with("k", || 7).set_tag_display("id", &SpanId::from_bytes([1; 8]));
    span.finish();
    assert_eq!(test.tree(), "work k=7 id=0101010101010101\n");
}
