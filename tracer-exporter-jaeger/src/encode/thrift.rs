//! Jaeger's Thrift: a `Batch`, in the compact protocol (over UDP) or the binary one (over HTTP).
//!
//! ```text
//! Batch   = 1 process  2 list<Span>  3 number of the batch  4 ClientStats
//! Process = 1 service name  2 list<Tag>
//! Span    = 1 trace id low  2 trace id high  3 span id  4 parent  5 name  6 list<SpanRef>
//!           7 flags  8 start µs  9 duration µs  10 list<Tag>  11 list<Log>
//! ```
//!
//! The schema is `jaeger.thrift` of jaeger-idl. Rows are transcoded, in either protocol by the same code. Common
//! ones take one look (`fast`). For any other, `scan` reads the row once, to count its tags, logs and references,
//! whose numbers stand before them; `transcode` reads it again and writes. Nothing is allocated but the output. What
//! gets lost: the parts of a time below a microsecond, tags and tracestates of links, and the types of arrays, which
//! become JSON text.

mod binary;
mod compact;
mod fast;
mod framed_row;
mod packet;
mod protocol;
mod scan;
mod spans;
mod stats;
mod transcode;
mod trim;

use tracer_core::row::record::Value;
use tracer_core::row::wire::Fields;
use tracer_core::{Batch, Resource, Scope};

pub(crate) use self::packet::{Packed, Packer};

use self::binary::Binary;
use self::compact::Compact;
use self::framed_row::FramedRow;
use self::protocol::{Protocol, Type, put_str_tag, put_tag};
use self::spans::Spans;
use super::{Encoded, names, process_tags, scope_version};

/// The media type of what [`encode_binary`] writes.
pub const CONTENT_TYPE: &str = "application/vnd.apache.thrift.binary";

/// Writes a batch as a Thrift struct `Batch`, in the binary protocol, as Jaeger takes it over HTTP. What
/// `out` held is replaced.
///
/// ```
/// use tracer_core::row::Rows;
/// use tracer_core::{Batch, Resource, Scope};
/// use tracer_exporter_jaeger::encode::thrift;
///
/// let (resource, scope) = (Resource::bare("shop"), Scope::default());
/// let batch = Batch::new(&resource, &scope, Rows::from_bytes(&[])?);
/// let mut body = Vec::new();
/// thrift::encode_binary(&batch, &mut body);
/// assert_eq!(body[..3], [12, 0, 1]); // a struct, as field 1: the process
/// # Ok::<(), tracer_core::row::wire::WireError>(())
/// ```
pub fn encode_binary(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    encode::<Binary>(batch, out)
}

/// Writes a batch as a Thrift struct `Batch`, in the compact protocol, as packets have it. What `out`
/// held is replaced.
pub fn encode_compact(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    encode::<Compact>(batch, out)
}

fn encode<P: Protocol>(batch: &Batch<'_>, out: &mut Vec<u8>) -> Encoded {
    let mut spans = Spans::over::<P>(std::mem::take(out), batch.scope);
    let mut head = Vec::new();
    P::field(&mut head, 0, 1, Type::Struct);
    put_process::<P>(&mut head, batch.resource);
    P::field(&mut head, 1, 2, Type::List);
    spans.put_raw(&head);
    let list_at = spans.len();
    spans.put_raw(&list_head::<P>(batch.rows.len()));
    let spans_at = spans.len();
    let mut encoded = Encoded::default();
    let mut rows = Fields::new(batch.rows.as_bytes());
    while let Some(row) = FramedRow::next(&mut rows) {
        encoded.count(spans.put::<P>(&row));
    }
    if encoded.unreadable > 0 {
        spans.replace(list_at..spans_at, &list_head::<P>(encoded.spans));
    }
    let mut tail = Vec::new();
    if batch.number > 0 || !batch.losses.is_empty() {
        stats::put::<P>(&mut tail, batch.number, stats::ClientStats::new(&batch.losses, 0));
    }
    P::stop(&mut tail);
    spans.put_raw(&tail);
    *out = spans.into_bytes();
    encoded
}

fn list_head<P: Protocol>(count: usize) -> Vec<u8> {
    let mut head = Vec::new();
    P::list(&mut head, Type::Struct, count);
    head
}

/// The tags that all spans of a batch begin with.
#[derive(Clone, Debug)]
struct ScopeTags {
    bytes: Vec<u8>,
    /// The first of them.
    block: [u8; fast::SCOPE_BLOCK_BYTES],
    count: usize,
}

impl ScopeTags {
    fn new<P: Protocol>(scope: &Scope) -> Self {
        let (mut bytes, mut count) = (Vec::new(), 0);
        for (key, value) in [(names::SCOPE_NAME, scope.name()), (names::SCOPE_VERSION, scope_version(scope))]
        {
            if !value.is_empty() {
                put_str_tag::<P>(&mut bytes, key.as_bytes(), value.as_bytes());
                count += 1;
            }
        }
        let mut block = [0; fast::SCOPE_BLOCK_BYTES];
        block.iter_mut().zip(&bytes).for_each(|(to, byte)| *to = *byte);
        Self { bytes, block, count }
    }
}

/// Appends a `Process`.
fn put_process<P: Protocol>(out: &mut Vec<u8>, resource: &Resource) {
    P::field(out, 0, 1, Type::Binary);
    P::bytes(out, resource.service_name().as_bytes());
    let tags = process_tags(resource);
    if !tags.is_empty() {
        P::field(out, 1, 2, Type::List);
        put_tags::<P>(out, &tags);
    }
    P::stop(out);
}

fn put_tags<P: Protocol>(out: &mut Vec<u8>, tags: &[(String, Value)]) {
    P::list(out, Type::Struct, tags.len());
    for (key, value) in tags {
        put_tag::<P>(out, key.as_bytes(), value);
    }
}
