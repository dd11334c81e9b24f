//! Lost spans, as back ends are told of them.

use std::time::{Duration, Instant};

use ::thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use prost::Message;
use tracer_core::row::Rows;
use tracer_core::{
    Batch, Dropped, Exported, Exporter, FlushError, Losses, Pipeline, Resource, Scope, Tracer,
};
use tracer_exporter_jaeger::encode::{otlp, otlp_json, thrift};
use tracer_exporter_jaeger::{JsonLines, OtlpHttp, ThriftHttp, ZipkinHttp};

use super::collector::{Collector, Reply, answer, ok};
use super::jaeger_model::Tag;
use super::spans::{capture, capture_with};
use super::thrift_reader::{Struct, Value, read_struct, tag};
use super::thrift_udp::Receiver;

/// Runs a check with a batch of some spans.
fn with_batch(spans: usize, check: impl FnOnce(Batch<'_>)) {
    let captured = capture(|tracer| (0..spans).for_each(|_| tracer.span("work").start().finish()));
    let (resource, scope) = (Resource::bare("svc"), Scope::new("lib", "1.2"));
    check(Batch::new(&resource, &scope, Rows::from_bytes(&captured.rows).unwrap()));
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

/// The scope's attributes, which are numbers.
fn told(request: &ExportTraceServiceRequest) -> Vec<(String, i64)> {
    let scope = request.resource_spans[0].scope_spans[0].scope.as_ref().unwrap();
    assert_eq!((scope.name.as_str(), scope.version.is_empty()), ("lib", false));
    let number = |value: Option<AnyValue>| match value {
        Some(AnyValue::IntValue(number)) => number,
        other => panic!("{other:?}"),
    };
    let attributes = scope.attributes.iter().cloned();
    attributes.map(|kv| (kv.key, number(kv.value.and_then(|value| value.value)))).collect()
}

/// `seqNo`, and dropped, too large and failed of the `ClientStats`, if they are there.
fn stats(batch: &mut Struct) -> Option<[i64; 4]> {
    let number = batch.take(3)?;
    let Some(Value::Struct(mut stats)) = batch.take(4) else { panic!("no stats") };
    let counts = [Some(number), stats.take(1), stats.take(2), stats.take(3)];
    assert_eq!(stats, Struct::default());
    Some(counts.map(|count| match count {
        Some(Value::I64(count)) => count,
        other => panic!("{other:?}"),
    }))
}

fn client_uuid(batch: &mut Struct) -> Option<Tag> {
    let Some(Value::Struct(mut process)) = batch.take(1) else { panic!("no process") };
    let tags = process.structs(2).into_iter().map(tag);
    tags.filter(|(key, _)| key == "client-uuid").map(|(_, value)| value).next()
}

#[test]
fn otlp_says_it_in_the_scope_and_json_the_same() {
    with_batch(2, |batch| {
        let (mut body, mut line) = (Vec::new(), Vec::new());
        let mut both = |batch: &Batch<'_>| {
            otlp::encode(batch, &mut body);
            otlp_json::encode(batch, &mut line);
            let read = ExportTraceServiceRequest::decode(&body[..]).unwrap();
            assert_eq!(serde_json::from_slice::<ExportTraceServiceRequest>(&line).unwrap(), read);
            assert_eq!(read.resource_spans[0].scope_spans[0].spans.len(), 2);
            told(&read)
        };
        assert_eq!(both(&batch), []);
        for count in [1, 127, 128, 1 << 40] {
            let seen = i64::try_from(count).unwrap();
            let name = |reason: &str| format!("tracer.spans_lost.{reason}");
            let losses = Losses::new(Dropped::of_memory(count), 0);
            assert_eq!(both(&batch.with_losses(losses)), [(name("memory"), seen)]);
            let losses = Losses::new(Dropped::of_memory(count), 3);
            let expected = [(name("memory"), seen), (name("failed"), 3)];
            assert_eq!(both(&batch.with_losses(losses)), expected);
        }
    });
}

#[test]
fn thrift_says_it_as_jaegers_clients_do() {
    with_batch(2, |batch| {
        let mut out = Vec::new();
        let mut both = |batch: &Batch<'_>| {
            thrift::encode_binary(batch, &mut out);
            let mut binary = read_struct(&mut TBinaryInputProtocol::new(&out[..], true));
            thrift::encode_compact(batch, &mut out);
            let mut compact = read_struct(&mut TCompactInputProtocol::new(&out[..]));
            assert_eq!(compact, binary);
            assert_eq!(compact.structs(2).len(), 2);
            let seen = stats(&mut binary);
            assert_eq!(stats(&mut compact), seen);
            seen
        };
        assert_eq!(both(&batch), None, "nobody counts batches, and nothing is lost");
        assert_eq!(both(&batch.with_number(7)), Some([7, 0, 0, 0]));
        let losses = Losses::new(Dropped::of_memory(1 << 40), 300);
        assert_eq!(both(&batch.with_losses(losses)), Some([0, 1 << 40, 0, 300]));
    });
}

#[test]
fn packets_are_numbered_and_name_their_sender_once_something_is_lost() {
    let mut receiver = Receiver::start();
    let mut exporter = receiver.exporter(512);
    with_batch(6, |batch| {
        assert_eq!(exporter.export(&batch, soon()), Ok(Exported::ALL));
        let (mut spans, mut next) = (0, 1);
        while spans < 6 {
            let (size, mut packet) = receiver.packet();
            assert!(size <= 512);
            spans += packet.structs(2).len();
            assert_eq!(stats(&mut packet), Some([next, 0, 0, 0]));
            assert_eq!(client_uuid(&mut packet), None);
            next += 1;
        }
        let lossy = batch.with_losses(Losses::new(Dropped::of_memory(200), 300));
        let mut empty = lossy;
        empty.rows = Rows::from_bytes(&[]).unwrap();
        exporter.report_losses(&empty, soon()).unwrap();
        let (_, mut packet) = receiver.packet();
        assert_eq!(packet.structs(2), []);
        assert_eq!(stats(&mut packet), Some([next, 200, 0, 300]));
        let uuid = client_uuid(&mut packet).unwrap();
        assert_eq!(exporter.export(&lossy, soon()), Ok(Exported::ALL));
        let (size, mut packet) = receiver.packet();
        assert!(size <= 512);
        assert_eq!(client_uuid(&mut packet), Some(uuid), "it keeps its name");
    });
}

#[test]
fn a_span_that_no_packet_can_hold_counts_as_too_large() {
    let mut receiver = Receiver::start();
    let mut exporter = receiver.exporter(512);
    let limits = tracer_core::SpanLimits::default();
    let captured = capture_with(limits, |tracer| {
        tracer.span_with_name(&"n".repeat(500)).start().finish();
        tracer.span("small").start().finish();
    });
    let (resource, scope) = (Resource::bare("svc"), Scope::new(&"s".repeat(400), ""));
    let rows = Rows::from_bytes(&captured.rows).unwrap();
    let batch = Batch::new(&resource, &scope, rows);
    let lost = exporter.export(&batch, soon()).map_or(2, |exported| exported.rejected);
    assert!(lost > 0, "the scope's name fills the packet");
    let losses = Losses::new(Dropped::default(), 2 + lost as u64);
    let lost = i64::try_from(lost).unwrap();
    let (scope, rows) = (Scope::new("lib", ""), Rows::from_bytes(&[]).unwrap());
    exporter.report_losses(&Batch::new(&resource, &scope, rows).with_losses(losses), soon()).unwrap();
    let all = std::iter::from_fn(|| Some(receiver.packet().1));
    let seen = all.map(|mut packet| stats(&mut packet).unwrap()).find(|stats| stats[3] > 0);
    assert_eq!(seen.map(|[_, dropped, too_large, failed]| [dropped, too_large, failed]), Some([0, lost, 2]));
}

#[test]
fn what_is_lost_last_is_told_at_the_shutdown() {
    let rejection = [0x0a, 2, 0x08, 1];
    let first = answer("200 OK", &["content-type: application/x-protobuf"], &rejection);
    let collector = Collector::start(move |n| if n == 0 { Reply::Bytes(first.clone()) } else { ok() });
    let exporter = OtlpHttp::builder().endpoint(collector.url()).build().unwrap();
    let pipeline = Pipeline::builder().exporter(exporter).start();
    let tracer = Tracer::builder("svc").scope(Scope::new("lib", "1")).pipeline(&pipeline).build();
    (0..2).for_each(|_| tracer.span("work").start().finish());
    assert_eq!(pipeline.flush(Duration::from_secs(20)), Err(FlushError::ExportFailed));
    assert_eq!(pipeline.shutdown(Duration::from_secs(20)), Ok(()));
    let [batch, report] = &collector.requests()[..] else { panic!("two requests") };
    assert_eq!((batch.span_count(), told(&batch.decode())), (2, Vec::new()));
    assert_eq!(report.span_count(), 0);
    assert_eq!(told(&report.decode()), [("tracer.spans_lost.failed".to_owned(), 1)]);
}

#[test]
fn who_has_no_place_for_it_is_not_bothered() {
    let collector = Collector::start(|_| Reply::Bytes(answer("202 Accepted", &[], b"")));
    let mut zipkin = ZipkinHttp::builder().endpoint(collector.url()).build().unwrap();
    let mut thrift = ThriftHttp::builder().endpoint(collector.url()).build().unwrap();
    with_batch(0, |batch| {
        let lossy = batch.with_losses(Losses::new(Dropped::of_memory(5), 6));
        zipkin.report_losses(&lossy, soon()).unwrap();
        thrift.report_losses(&lossy, soon()).unwrap();
    });
    let [request] = &collector.requests()[..] else { panic!("one request") };
    let mut batch = read_struct(&mut TBinaryInputProtocol::new(&request.body[..], true));
    assert_eq!(stats(&mut batch), Some([0, 5, 0, 6]));
}

#[test]
fn a_file_has_a_line_for_it() {
    let path = std::env::temp_dir().join(format!("losses-{}.jsonl", std::process::id()));
    let mut exporter = JsonLines::append(&path).unwrap();
    with_batch(0, |batch| {
        exporter.report_losses(&batch.with_losses(Losses::new(Dropped::of_memory(5), 0)), soon()).unwrap();
    });
    let line = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let read: ExportTraceServiceRequest = serde_json::from_str(&line).unwrap();
    assert_eq!(told(&read), [("tracer.spans_lost.memory".to_owned(), 5)]);
}
