//! Stage 9 of a span's walk: a batch of rows becomes the body of a request.
//!
//! | module | what it writes | who takes it |
//! |---|---|---|
//! | [`otlp`] | OTLP protobuf: the rows as they are, behind their heading | OTLP over HTTP and gRPC |
//! | [`otlp_json`] | OTLP's JSON | OTLP over HTTP, files, standard output, Jaeger's page |
//! | [`thrift`] | Jaeger's Thrift, compact or binary | Jaeger over UDP and HTTP |
//! | [`jaeger_proto`] | Jaeger's `PostSpansRequest` | Jaeger over gRPC |
//! | [`jaeger_json`] | the JSON of Jaeger's page and query API | Jaeger's page |
//! | [`zipkin`] | Zipkin v2 JSON | Zipkin, and Jaeger's port for it |
//!
//! What a format has no field for becomes a tag, by the names of OpenTelemetry's specification of
//! non-OTLP exporters ([`names`]). A row that is no OTLP span is left out and counted in
//! [`Encoded::unreadable`]; rows that this family's tracers wrote are always readable.

pub mod jaeger_json;
mod jaeger_model;
pub mod jaeger_proto;
mod json;
mod losses;
pub mod names;
pub mod otlp;
pub mod otlp_json;
pub mod thrift;
pub mod zipkin;

use tracer_core::row::record::{SpanRecord, Value};
use tracer_core::row::wire::{Field, Fields};
use tracer_core::{Resource, Scope};

/// How many spans an encoder wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// Spans that were written.
    pub spans: usize,
    /// Rows that could not be read and were left out.
    pub unreadable: usize,
}

impl Encoded {
    /// Counts a row that was written, or was not.
    const fn count(&mut self, is_written: bool) {
        if is_written {
            self.spans += 1;
        } else {
            self.unreadable += 1;
        }
    }
}

/// The version of a scope, which its encoding alone has.
fn scope_version(scope: &Scope) -> &str {
    let version = Fields::new(scope.encoded()).find_map(|field| match field {
        Ok((2, Field::Bytes(version))) => Some(version),
        _ => None,
    });
    version.and_then(|version| std::str::from_utf8(version).ok()).unwrap_or("")
}

/// A row as a value; none without both ids.
fn read(row: &[u8]) -> Option<SpanRecord> {
    SpanRecord::decode(row).ok().filter(|span| span.trace_id.is_valid() && span.span_id.is_valid())
}

/// The tags of a resource but the service's name.
fn process_tags(resource: &Resource) -> Vec<(String, Value)> {
    let mut tags = resource.tags();
    tags.retain(|(key, _)| key != names::SERVICE_NAME);
    tags
}
