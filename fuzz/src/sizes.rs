//! How many bytes entries of a row take, worked out from protobuf's rules alone.

use tracer_core::row::record::{EventRecord, LinkRecord, Value};

/// A varint: seven bits in each byte.
fn varint(number: u64) -> usize {
    let bits = usize::try_from(64 - number.leading_zeros()).unwrap_or(64);
    bits.max(1).div_ceil(7)
}

/// A field with a one-byte key and so many bytes of content.
pub fn field(content: usize) -> usize {
    1 + varint(content as u64) + content
}

/// An `AnyValue`.
fn value(value: &Value) -> usize {
    match value {
        Value::Str(text) => field(text.len()),
        Value::Bool(_) => 2,
        Value::I64(number) => 1 + varint(number.cast_unsigned()),
        Value::F64(_) => 9,
        Value::Bytes(bytes) => field(bytes.len()),
        Value::Array(items) => field(items.iter().map(|item| field(self::value(item))).sum()),
        other => unreachable!("no call makes {other:?}"),
    }
}

/// A `KeyValue`.
pub fn pair((key, value): &(String, Value)) -> usize {
    field(key.len()) + field(self::value(value))
}

fn pairs(pairs: &[(String, Value)]) -> usize {
    pairs.iter().map(|entry| field(pair(entry))).sum()
}

/// An `Event`: a time of nine bytes, name, attributes.
pub fn event(event: &EventRecord) -> usize {
    9 + field(event.name.len()) + pairs(&event.attributes)
}

/// A `Link`: two ids, tracestate if there is one, attributes, flags of five bytes.
pub fn link(link: &LinkRecord) -> usize {
    let state = if link.trace_state.is_empty() { 0 } else { field(link.trace_state.len()) };
    field(16) + field(8) + state + pairs(&link.attributes) + 5
}
