//! Jaeger's Thrift against Apache's reader.

use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol};
use tracer_core::row::Rows;
use tracer_core::{Batch, Resource, Scope};
use tracer_exporter_jaeger::encode::thrift::{encode_binary, encode_compact};

use super::jaeger_model::{Seen, Tag, expected, normalized, text};
use super::spans::random_batches;
use super::thrift_reader::{Struct, Value, read_struct, seen, tag};

/// The spans of a `Batch`; what is said of the process must be what the random batches have.
fn spans(mut batch: Struct) -> Vec<Seen> {
    let Some(Value::Struct(mut process)) = batch.take(1) else { panic!("no process") };
    assert_eq!(process.text(1), "svc");
    let tags: Vec<_> = process.structs(2).into_iter().map(tag).collect();
    let expected = [("region", text("Zürich")), ("zone", Tag::I64(7)), ("b", Tag::Bool(true))];
    assert_eq!(tags, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!(process, Struct::default());
    let spans = batch.structs(2).into_iter().map(seen).map(normalized).collect();
    assert_eq!(batch, Struct::default());
    spans
}

#[test]
fn compact_and_binary_say_all_that_jaeger_can_see() {
    random_batches(0x5eed_0000_0000_0001, |batch, records| {
        let expected: Vec<_> = records.iter().map(expected).map(normalized).collect();
        let mut out = b"left over".to_vec();
        assert_eq!(encode_compact(batch, &mut out).spans, records.len());
        let mut rest = &out[..];
        assert_eq!(spans(read_struct(&mut TCompactInputProtocol::new(&mut rest))), expected);
        assert_eq!(rest, [0_u8; 0], "all of it is read");
        assert_eq!(encode_binary(batch, &mut out).spans, records.len());
        let mut rest = &out[..];
        assert_eq!(spans(read_struct(&mut TBinaryInputProtocol::new(&mut rest, true))), expected);
        assert_eq!(rest, [0_u8; 0], "all of it is read");
    });
}

#[test]
fn rows_that_are_no_spans_are_left_out_and_counted() {
    let (trace, span) = ([&[0x0a, 16][..], &[1; 16]].concat(), [&[0x12, 8][..], &[2; 8]].concat());
    let good = [&trace[..], &span].concat();
    let bad: [&[u8]; 9] = [
        b"",
        &trace,
        &[&[0x0a, 15][..], &[1; 15], &span].concat(),
        &[&good[..], &[0x39, 1]].concat(),
        &[&good[..], &[0x38, 1]].concat(),
        &[&good[..], &[0x4a, 2, 0x0a, 9]].concat(),
        &[&good[..], &[0x5a, 2, 0x0a, 9]].concat(),
        &[&good[..], &[0x6a, 2, 0x0a, 9]].concat(),
        &[&good[..], &[0x6a, 3, 0x0a, 1, 1]].concat(),
    ];
    let mut rows = Vec::new();
    for row in bad.iter().chain([&&good[..]]).chain(&bad) {
        tracer_core::row::wire::put_bytes(&mut rows, 0x12, row);
    }
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&rows).unwrap());
    let mut out = Vec::new();
    let encoded = encode_compact(&batch, &mut out);
    assert_eq!((encoded.spans, encoded.unreadable), (1, 18));
    let mut read = read_struct(&mut TCompactInputProtocol::new(&out[..]));
    let spans = read.structs(2);
    assert_eq!(spans.len(), 1);
    assert_eq!(seen(spans[0].clone()).span_id, u64::from_be_bytes([2; 8]));
}
