//! Arbitrary bytes as rows: they are read or refused, and what is read is no more than there was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracer_core::row::Rows;
use tracer_core::row::record::{SpanRecord, Value, key_value};
use tracer_core::row::wire::Fields;

/// A field that no `Span` has: number 127, a varint.
const UNKNOWN: [u8; 3] = [0xf8, 0x07, 0x01];

/// The nesting that values may have, and one.
const DEPTH_MAX: usize = 17;

fuzz_target!(|bytes: &[u8]| {
    read_fields(bytes);
    read_span(bytes);
    read_rows(bytes);
    if let Ok((key, value)) = key_value(bytes) {
        assert!(key.len() <= bytes.len() && depth(&value) <= DEPTH_MAX);
    }
});

/// Every field takes two bytes or more, and an error is the last thing said.
fn read_fields(bytes: &[u8]) {
    let mut fields = Fields::new(bytes);
    let good = fields.by_ref().take_while(Result::is_ok).count();
    assert!(2 * good <= bytes.len());
    assert_eq!(fields.next(), None);
}

fn read_span(bytes: &[u8]) {
    let Ok(span) = SpanRecord::decode(bytes) else { return };
    assert!(parts(&span) <= bytes.len(), "{span:?}");
    assert!(span.attributes.iter().all(|(_, value)| depth(value) <= DEPTH_MAX));
    let longer = [bytes, &UNKNOWN].concat();
    let again = SpanRecord::decode(&longer).expect("unknown fields are skipped");
    // By their text, in which NaN is like NaN.
    assert_eq!(format!("{again:?}"), format!("{span:?}"));
    let cut = bytes.split_last().map_or(bytes, |(_, start)| start);
    let _ = SpanRecord::decode(cut);
}

fn read_rows(bytes: &[u8]) {
    let Ok(rows) = Rows::from_bytes(bytes) else { return };
    assert_eq!(rows.iter().count(), rows.len());
    assert_eq!(rows.is_empty(), bytes.is_empty());
    assert!(rows.iter().map(|row| row.len() + 2).sum::<usize>() <= bytes.len());
    rows.iter().for_each(read_span);
}

/// Bytes of text, and entries.
fn parts(span: &SpanRecord) -> usize {
    let texts = span.name.len() + span.status_message.len() + span.trace_state.len();
    let events = span.events.iter().map(|event| 1 + event.name.len() + pairs(&event.attributes));
    let links = span.links.iter().map(|link| 1 + link.trace_state.len() + pairs(&link.attributes));
    texts + pairs(&span.attributes) + events.sum::<usize>() + links.sum::<usize>()
}

fn pairs(pairs: &[(String, Value)]) -> usize {
    pairs.iter().map(|(key, value)| key.len() + size(value)).sum()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Str(text) => 1 + text.len(),
        Value::Bytes(bytes) => 1 + bytes.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + pairs(entries),
        _ => 1,
    }
}

fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Map(entries) => entries.iter().map(|(_, value)| depth(value)).max(),
        _ => None,
    };
    1 + below.unwrap_or(0)
}
