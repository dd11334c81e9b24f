//! The encoder against OpenTelemetry's own generated types, in both directions.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use tracer_core::row::Rows;
use tracer_core::row::record::SpanRecord;
use tracer_core::{
    Batch, Resource, Scope, SpanContext, SpanId, SpanKind, SpanLimits, StatusCode, TraceFlags, TraceId,
    TraceState, Tracer,
};
use tracer_exporter_jaeger::encode::otlp;

use super::random::{Owned, Random};
use super::spans::{Captured, capture, capture_with};

fn decode(captured: &Captured) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(captured.body.as_slice()).unwrap()
}

/// The spans of a request that has one resource and one scope.
fn spans(request: &ExportTraceServiceRequest) -> &[Span] {
    let [resource] = &request.resource_spans[..] else { panic!("{request:?}") };
    let [scope] = &resource.scope_spans[..] else { panic!("{resource:?}") };
    &scope.spans
}

fn key_value(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(value: &str) -> Value {
    Value::StringValue(value.into())
}

fn array(values: impl IntoIterator<Item = Value>) -> Value {
    let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

/// Ids that say which they are, with a tracestate, from another process.
fn remote(n: u8) -> SpanContext {
    let mut state = TraceState::default();
    state.push("vendor", "ab").unwrap();
    let flags = TraceFlags::SAMPLED.with(TraceFlags::RANDOM);
    SpanContext::new(TraceId::from_bytes([n; 16]), SpanId::from_bytes([n; 8]), flags)
        .with_trace_state(state)
        .into_remote()
}

#[test]
fn resource_and_scope_stand_before_the_spans() {
    let request = decode(&capture(|tracer| tracer.span("work").start().finish()));
    let resource_spans = &request.resource_spans[0];
    let attributes = &resource_spans.resource.as_ref().unwrap().attributes;
    assert_eq!(attributes[..], [key_value("service.name", text("svc")), key_value("region", text("Zürich"))]);
    let scope = resource_spans.scope_spans[0].scope.as_ref().unwrap();
    let expected =
        InstrumentationScope { name: "lib".into(), version: "1.2".into(), ..InstrumentationScope::default() };
    assert_eq!(*scope, expected);
    assert_eq!(spans(&request).len(), 1);
}

fn set_every_type(span: &mut tracer_core::Span) {
    span.set_tag("text", "Grüße, 世界 🦀").set_tag("empty", "").set_tag("yes", true).set_tag("no", false);
    span.set_tag("zero", 0_i64).set_tag("least", i64::MIN).set_tag("most", i64::MAX).set_tag("minus", -1);
    span.set_tag("huge", u64::MAX).set_tag("half", 0.5).set_tag("tiny", f64::MIN_POSITIVE);
    span.set_tag("infinite", f64::NEG_INFINITY).set_tag("bytes", &[0_u8, 255, 10][..]);
    span.set_tag("texts", &["a", "", "ü"][..]).set_tag("truths", &[true, false][..]);
    span.set_tag("integers", &[0, -1, i64::MAX][..]).set_tag("floats", &[0.0, -1.5][..]);
    span.set_tag("none", &[] as &[i64]);
}

fn every_type() -> Vec<KeyValue> {
    use Value::{BoolValue, BytesValue, DoubleValue, IntValue};
    let values = [
        ("text", text("Grüße, 世界 🦀")),
        ("empty", text("")),
        ("yes", BoolValue(true)),
        ("no", BoolValue(false)),
        ("zero", IntValue(0)),
        ("least", IntValue(i64::MIN)),
        ("most", IntValue(i64::MAX)),
        ("minus", IntValue(-1)),
        ("huge", text("18446744073709551615")),
        ("half", DoubleValue(0.5)),
        ("tiny", DoubleValue(f64::MIN_POSITIVE)),
        ("infinite", DoubleValue(f64::NEG_INFINITY)),
        ("bytes", BytesValue(vec![0, 255, 10])),
        ("texts", array(["a", "", "ü"].map(text))),
        ("truths", array([true, false].map(BoolValue))),
        ("integers", array([0, -1, i64::MAX].map(IntValue))),
        ("floats", array([0.0, -1.5].map(DoubleValue))),
        ("none", array([])),
    ];
    values.map(|(key, value)| key_value(key, value)).into()
}

#[test]
fn every_field_of_a_span_is_what_was_set() {
    let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(1_700_000_000_000 + ms);
    let (parent, cause) = (remote(1), remote(2));
    let mut own_id = SpanId::INVALID;
    let captured = capture(|tracer| {
        let builder = tracer.span("GET /größe").child_of(&parent).follows_from(&cause);
        let mut span = builder.kind(SpanKind::Server).start_time(at(0)).start();
        own_id = span.context().span_id();
        set_every_type(&mut span);
        span.log_at(at(1), "ereignis é", &[("n", 7.into()), ("s", "ß".into())]).log_at(at(2), "", &[]);
        span.set_status(StatusCode::Error, "kaputt ✗");
        span.finish_at(at(3));
    });
    let request = decode(&captured);
    let ns = |ms: u64| 1_700_000_000_000_000_000 + ms * 1_000_000;
    let expected = Span {
        trace_id: vec![1; 16],
        span_id: own_id.to_bytes().into(),
        trace_state: "vendor=ab".into(),
        parent_span_id: vec![1; 8],
        // Sampled and random, and the parent is known to be remote.
        flags: 0x303,
        name: "GET /größe".into(),
        kind: 2,
        start_time_unix_nano: ns(0),
        end_time_unix_nano: ns(3),
        attributes: every_type(),
        events: vec![
            Event {
                time_unix_nano: ns(1),
                name: "ereignis é".into(),
                attributes: vec![key_value("n", Value::IntValue(7)), key_value("s", text("ß"))],
                dropped_attributes_count: 0,
            },
            Event { time_unix_nano: ns(2), ..Event::default() },
        ],
        links: vec![Link {
            trace_id: vec![2; 16],
            span_id: vec![2; 8],
            trace_state: "vendor=ab".into(),
            attributes: vec![key_value("opentracing.ref_type", text("follows_from"))],
            flags: 0x303,
            ..Link::default()
        }],
        status: Some(Status { message: "kaputt ✗".into(), code: 2 }),
        ..Span::default()
    };
    assert_eq!(spans(&request), [expected]);
}

#[test]
fn what_was_left_out_is_told() {
    let mut limits = SpanLimits::default();
    (limits.attributes_max, limits.events_max, limits.links_max) = (1, 2, 0);
    let link = remote(3);
    let captured = capture_with(limits, |tracer| {
        let mut span = tracer.span("work").child_of(&link).start();
        for n in 0..301 {
            span.set_tag(&format!("k{n}"), n);
        }
        for _ in 0..5 {
            span.log("event", &[]);
        }
        span.add_link(&link, &[]);
        span.finish();
    });
    let request = decode(&captured);
    let span = &spans(&request)[0];
    assert_eq!((span.attributes.len(), span.events.len(), span.links.len()), (1, 2, 0));
    assert_eq!(span.dropped_attributes_count, 300);
    assert_eq!((span.dropped_events_count, span.dropped_links_count), (3, 1));
    assert_eq!(span.status, None);
}

#[test]
fn kinds_and_statuses_have_their_numbers() {
    let kinds =
        [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    let request = decode(&capture(|tracer| {
        for kind in kinds {
            tracer.span("work").kind(kind).start().finish();
        }
        let mut ok = tracer.span("ok").start();
        ok.set_status(StatusCode::Ok, "");
        ok.finish();
    }));
    let spans = spans(&request);
    assert_eq!(spans.iter().map(|span| span.kind).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 1]);
    assert_eq!(spans[5].status, Some(Status { message: String::new(), code: 1 }));
    assert_eq!(spans[0].parent_span_id, [0_u8; 0], "a root has no parent, not one of zeros");
}

fn random_value(random: &mut Random) -> (Value, Owned) {
    let owned = random.value();
    let value = match &owned {
        Owned::Bool(truth) => Value::BoolValue(*truth),
        Owned::I64(number) => Value::IntValue(*number),
        Owned::U64(number) => {
            i64::try_from(*number).map_or_else(|_| text(&number.to_string()), Value::IntValue)
        }
        Owned::F64(number) => Value::DoubleValue(*number),
        Owned::Str(value) => text(value),
        Owned::Bytes(bytes) => Value::BytesValue(bytes.clone()),
        Owned::I64s(numbers) => array(numbers.iter().copied().map(Value::IntValue)),
        Owned::F64s(numbers) => array(numbers.iter().copied().map(Value::DoubleValue)),
        Owned::Bools(truths) => array(truths.iter().copied().map(Value::BoolValue)),
    };
    (value, owned)
}

/// Never empty: an empty name is a field of two bytes in ours and none in theirs.
fn random_name(random: &mut Random) -> String {
    random.text() + "n"
}

fn finish_random_span(random: &mut Random, tracer: &Tracer) -> Span {
    let mut expected = Span { name: random_name(random), ..Span::default() };
    let parent = remote(9);
    let mut span = tracer.span_with_name(&expected.name).child_of(&parent).start();
    for n in 0..random.below(12) {
        let ((value, owned), key) = (random_value(random), format!("{n}{}", random.text()));
        span.set_tag(&key, owned.borrow());
        expected.attributes.push(key_value(&key, value));
    }
    for _ in 0..random.below(5) {
        let (name, (value, owned)) = (random_name(random), random_value(random));
        span.log_at(UNIX_EPOCH + Duration::from_nanos(5), &name, &[("f", owned.borrow())]);
        let attributes = vec![key_value("f", value)];
        expected.events.push(Event { time_unix_nano: 5, name, attributes, dropped_attributes_count: 0 });
    }
    span.finish();
    expected
}

#[test]
fn random_spans_come_out_as_they_went_in() {
    let mut limits = SpanLimits::default();
    limits.name_bytes_max = 2048;
    let mut random = Random(0x5eed_1234_5678_9abc);
    for _ in 0..100 {
        let mut expected = Vec::new();
        let captured = capture_with(limits.clone(), |tracer| {
            let count = 1 + random.below(8);
            expected = (0..count).map(|_| finish_random_span(&mut random, tracer)).collect();
        });
        let request = decode(&captured);
        let spans = spans(&request);
        assert_eq!(spans.len(), expected.len());
        for (span, expected) in spans.iter().zip(&expected) {
            assert_eq!((&span.name, &span.attributes), (&expected.name, &expected.attributes));
            assert_eq!(span.events, expected.events);
        }
        // The other direction: what their encoder writes, our reader reads as it reads ours.
        for (span, row) in spans.iter().zip(Rows::from_bytes(&captured.rows).unwrap().iter()) {
            let theirs = SpanRecord::decode(&span.encode_to_vec()).unwrap();
            assert_eq!(theirs, SpanRecord::decode(row).unwrap());
        }
        // No byte more than theirs: all lengths are minimal, nothing is encoded twice.
        assert_eq!(captured.body.len(), request.encoded_len());
    }
}

#[test]
fn lengths_are_right_wherever_a_varint_grows() {
    let captured = capture(|tracer| tracer.span("x").start().finish());
    for service_len in (0..300).chain(16_200..16_500) {
        let (resource, scope) = (Resource::bare(&"s".repeat(service_len)), Scope::new("lib", ""));
        let rows = Rows::from_bytes(&captured.rows).unwrap();
        let mut body = Vec::new();
        otlp::encode(&Batch::new(&resource, &scope, rows), &mut body);
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        assert_eq!(spans(&request).len(), 1);
        assert_eq!(body.len(), request.encoded_len(), "{service_len}");
    }
}

#[test]
fn a_buffer_that_was_used_is_used_again() {
    let captured = capture(|tracer| (0..50).for_each(|_| tracer.span("x").start().finish()));
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap());
    let mut body = b"left over".to_vec();
    otlp::encode(&batch, &mut body);
    let (first, place, capacity) = (body.clone(), body.as_ptr(), body.capacity());
    for _ in 0..3 {
        otlp::encode(&batch, &mut body);
        assert_eq!((body.as_ptr(), body.capacity()), (place, capacity));
        assert_eq!(body, first);
    }
}
