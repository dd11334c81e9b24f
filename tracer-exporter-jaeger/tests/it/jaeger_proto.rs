//! Jaeger's protobuf against prost, with the schema written down as prost has it.

use prost::Message;
use tracer_exporter_jaeger::encode::jaeger_proto::encode;

use super::jaeger_model::{Seen, Tag, expected, normalized, text};
use super::spans::random_batches;

#[derive(Clone, PartialEq, Message)]
struct PostSpansRequest {
    #[prost(message, optional, tag = "1")]
    batch: Option<Batch>,
}

#[derive(Clone, PartialEq, Message)]
struct Batch {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<Span>,
    #[prost(message, optional, tag = "2")]
    process: Option<Process>,
}

#[derive(Clone, PartialEq, Message)]
struct Process {
    #[prost(string, tag = "1")]
    service_name: String,
    #[prost(message, repeated, tag = "2")]
    tags: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes, tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes, tag = "2")]
    span_id: Vec<u8>,
    #[prost(string, tag = "3")]
    operation_name: String,
    #[prost(message, repeated, tag = "4")]
    references: Vec<SpanRef>,
    #[prost(uint32, tag = "5")]
    flags: u32,
    #[prost(message, optional, tag = "6")]
    start_time: Option<Time>,
    #[prost(message, optional, tag = "7")]
    duration: Option<Time>,
    #[prost(message, repeated, tag = "8")]
    tags: Vec<KeyValue>,
    #[prost(message, repeated, tag = "9")]
    logs: Vec<Log>,
}

#[derive(Clone, PartialEq, Message)]
struct SpanRef {
    #[prost(bytes, tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes, tag = "2")]
    span_id: Vec<u8>,
    #[prost(int32, tag = "3")]
    ref_type: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Log {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Time>,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(int32, tag = "2")]
    v_type: i32,
    #[prost(string, tag = "3")]
    v_str: String,
    #[prost(bool, tag = "4")]
    v_bool: bool,
    #[prost(int64, tag = "5")]
    v_int64: i64,
    #[prost(double, tag = "6")]
    v_float64: f64,
    #[prost(bytes, tag = "7")]
    v_binary: Vec<u8>,
}

impl Time {
    fn ns(&self) -> u64 {
        u64::try_from(self.seconds * 1_000_000_000 + i64::from(self.nanos)).unwrap()
    }
}

fn seen(span: &Span) -> Seen {
    let reference = |reference: &SpanRef| {
        let (trace_id, span_id) = (trace_id(&reference.trace_id), span_id(&reference.span_id));
        (reference.ref_type == 1, trace_id, span_id)
    };
    let log = |log: &Log| (log.timestamp.clone().unwrap_or_default().ns() / 1000, tags(&log.fields));
    Seen {
        trace_id: trace_id(&span.trace_id),
        span_id: span_id(&span.span_id),
        name: span.operation_name.clone(),
        references: span.references.iter().map(reference).collect(),
        flags: span.flags,
        start_us: span.start_time.clone().unwrap_or_default().ns() / 1000,
        duration_us: span.duration.clone().unwrap_or_default().ns() / 1000,
        tags: tags(&span.tags),
        logs: span.logs.iter().map(log).collect(),
    }
}

fn tags(tags: &[KeyValue]) -> Vec<(String, Tag)> {
    let tag = |tag: &KeyValue| {
        let value = match tag.v_type {
            0 => text(&tag.v_str),
            1 => Tag::Bool(tag.v_bool),
            2 => Tag::I64(tag.v_int64),
            3 => Tag::F64(tag.v_float64.to_bits()),
            4 => Tag::Bytes(tag.v_binary.clone()),
            other => panic!("type {other}"),
        };
        (tag.key.clone(), value)
    };
    tags.iter().map(tag).collect()
}

fn trace_id(bytes: &[u8]) -> u128 {
    u128::from_be_bytes(bytes.try_into().unwrap())
}

fn span_id(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

#[test]
fn it_says_all_that_jaeger_can_see() {
    random_batches(0x5eed_0000_0000_0002, |batch, records| {
        let mut out = b"left over".to_vec();
        assert_eq!(encode(batch, &mut out).spans, records.len());
        let request = PostSpansRequest::decode(&out[..]).unwrap();
        let read = request.batch.unwrap();
        let process = read.process.unwrap();
        assert_eq!(process.service_name, "svc");
        let process_tags = [("region", text("Zürich")), ("zone", Tag::I64(7)), ("b", Tag::Bool(true))];
        assert_eq!(tags(&process.tags), process_tags.map(|(key, value)| (key.to_owned(), value)));
        assert_eq!(read.spans.len(), records.len());
        for (span, record) in read.spans.iter().zip(records) {
            assert_eq!(normalized(seen(span)), normalized(expected(record)));
            assert_eq!(span.start_time.as_ref().unwrap().ns(), record.start_unix_ns);
            let duration_ns = record.end_unix_ns - record.start_unix_ns;
            assert_eq!(span.duration.clone().unwrap_or_default().ns(), duration_ns);
        }
    });
}
