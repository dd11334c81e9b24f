//! OTLP's protobuf: rows are OTLP spans already, so they are put behind their heading as they are.
//!
//! ```text
//! ExportTraceServiceRequest = 0a LEN ResourceSpans
//! ResourceSpans             = 0a LEN Resource  12 LEN ScopeSpans
//! ScopeSpans                = 0a LEN InstrumentationScope  rows
//! ```

use tracer_core::Batch;
use tracer_core::row::wire::{bytes_field_len, put_bytes, put_key_len};

/// The media type of what [`encode`] writes.
pub const CONTENT_TYPE: &str = "application/x-protobuf";

const RESOURCE_SPANS: u8 = 0x0a;
const RESOURCE: u8 = 0x0a;
const SCOPE_SPANS: u8 = 0x12;
const SCOPE: u8 = 0x0a;

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
    let scope_spans_len = bytes_field_len(scope.len()) + rows.len();
    let resource_spans_len = bytes_field_len(resource.len()) + bytes_field_len(scope_spans_len);
    out.clear();
    out.reserve(bytes_field_len(resource_spans_len));
    put_key_len(out, RESOURCE_SPANS, resource_spans_len);
    put_bytes(out, RESOURCE, resource);
    put_key_len(out, SCOPE_SPANS, scope_spans_len);
    put_bytes(out, SCOPE, scope);
    out.extend_from_slice(rows);
}
