//! OTLP's protobuf: rows are OTLP spans already, so they are put behind their heading as they are.
//!
//! ```text
//! ExportTraceServiceRequest = 0a LEN ResourceSpans
//! ResourceSpans             = 0a LEN Resource  12 LEN ScopeSpans
//! ScopeSpans                = 0a LEN InstrumentationScope  rows
//! ```
//!
//! What was lost before stands in the scope's attributes, as [`losses`](super::losses) names it.

use tracer_core::Batch;
use tracer_core::row::wire::{bytes_field_len, put_bytes, put_key_len, put_varint, varint_len};

use super::losses;

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "application/x-protobuf";

const RESOURCE_SPANS: u8 = 0x0a;
const RESOURCE: u8 = 0x0a;
const SCOPE_SPANS: u8 = 0x12;
const SCOPE: u8 = 0x0a;
const SCOPE_ATTRIBUTE: u8 = 0x1a;

/// Writes a batch as an `ExportTraceServiceRequest` of one resource and one scope.
///
/// What `out` held is replaced. Used again and again, the same buffer soon allocates no more.
///
/// ```
/// use tracer_core::row::Rows;
/// use tracer_core::{Batch, Resource, Scope};
/// use tracer_exporter_jaeger::encode::otlp;
///
/// let (resource, scope) = (Resource::bare("shop"), Scope::new("cart", "1.0"));
/// let batch = Batch::new(&resource, &scope, Rows::from_bytes(&[])?);
/// let mut body = Vec::new();
/// otlp::encode(&batch, &mut body);
/// assert_eq!(body[..2], [0x0a, 41]); // one `ResourceSpans` of 41 bytes
/// # Ok::<(), tracer_core::row::wire::WireError>(())
/// ```
pub fn encode(batch: &Batch<'_>, out: &mut Vec<u8>) {
    let (resource, scope, rows) = (batch.resource.encoded(), batch.scope.encoded(), batch.rows.as_bytes());
    let losses_len: usize = losses::attributes(&batch.losses).map(attribute_len).map(bytes_field_len).sum();
    let scope_len = scope.len() + losses_len;
    let scope_spans_len = bytes_field_len(scope_len) + rows.len();
    let resource_spans_len = bytes_field_len(resource.len()) + bytes_field_len(scope_spans_len);
    out.clear();
    out.reserve(bytes_field_len(resource_spans_len));
    put_key_len(out, RESOURCE_SPANS, resource_spans_len);
    put_bytes(out, RESOURCE, resource);
    put_key_len(out, SCOPE_SPANS, scope_spans_len);
    put_key_len(out, SCOPE, scope_len);
    out.extend_from_slice(scope);
    losses::attributes(&batch.losses).for_each(|attribute| put_attribute(out, attribute));
    out.extend_from_slice(rows);
}

/// The length of a `KeyValue` whose value is a number.
fn attribute_len((key, number): (&str, u64)) -> usize {
    bytes_field_len(key.len()) + bytes_field_len(1 + varint_len(number))
}

fn put_attribute(out: &mut Vec<u8>, (key, number): (&str, u64)) {
    put_key_len(out, SCOPE_ATTRIBUTE, attribute_len((key, number)));
    put_bytes(out, 0x0a, key.as_bytes());
    put_key_len(out, 0x12, 1 + varint_len(number));
    out.push(0x18);
    put_varint(out, number);
}
