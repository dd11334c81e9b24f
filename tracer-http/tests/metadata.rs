//! tonic's metadata as a carrier: it is a `HeaderMap` behind its `as_ref` and `as_mut`.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use http::HeaderMap;
use tonic::metadata::{MetadataMap, MetadataValue};
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::{Codec, Composite, Extracted, GrpcTraceBin, GrpcTraceBinError};

fn context() -> SpanContext {
    SpanContext::new(TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]), TraceFlags::SAMPLED)
}

fn extract(codec: &dyn Codec, metadata: &MetadataMap) -> Extracted {
    let headers: &HeaderMap = metadata.as_ref();
    codec.extract(headers).unwrap_or_else(Extracted::from)
}

fn inject(codec: &dyn Codec, context: &SpanContext, metadata: &mut MetadataMap) {
    let headers: &mut HeaderMap = metadata.as_mut();
    codec.inject(context, headers).unwrap();
}

#[test]
fn a_binary_context_is_what_tonic_reads_and_writes_as_bytes() {
    let mut metadata = MetadataMap::new();
    inject(&GrpcTraceBin, &context(), &mut metadata);
    let bytes = GrpcTraceBin::to_bytes(&context()).unwrap();
    assert_eq!(metadata.get_bin("grpc-trace-bin").unwrap().to_bytes().unwrap(), bytes.as_slice());

    let mut metadata = MetadataMap::new();
    metadata.insert_bin("grpc-trace-bin", MetadataValue::from_bytes(&bytes));
    assert_eq!(extract(&GrpcTraceBin, &metadata).context, Some(context().into_remote()));
    metadata.insert_bin("grpc-trace-bin", MetadataValue::from_bytes(bytes.split_at(20).0));
    assert_eq!(extract(&GrpcTraceBin, &metadata).error, Some(GrpcTraceBinError::Cut(1).into()));
}

#[test]
fn text_goes_beside_it_and_what_is_stale_goes_away() {
    let codecs = Composite::w3c().with(GrpcTraceBin);
    let mut metadata = MetadataMap::new();
    metadata.append("traceparent", "00-stale".parse().unwrap());
    metadata.append("traceparent", "00-staler".parse().unwrap());
    metadata.insert("tracestate", "stale=1".parse().unwrap());
    metadata.insert("x-other", "kept".parse().unwrap());
    inject(&codecs, &context().with_baggage_item("session", "é"), &mut metadata);
    let all: Vec<_> = metadata.get_all("traceparent").iter().collect();
    assert_eq!(all, ["00-01010101010101010101010101010101-0202020202020202-01"]);
    assert_eq!(metadata.get("baggage").unwrap(), "session=%C3%A9");
    assert!(metadata.get("tracestate").is_none());
    assert_eq!(metadata.get("x-other").unwrap(), "kept");
    let extracted = extract(&codecs, &metadata);
    assert_eq!(extracted.context, Some(context().into_remote()));
    assert_eq!(extracted.baggage.get("session"), Some("é"));

    inject(&codecs, &SpanContext::default(), &mut metadata);
    assert_eq!(metadata.len(), 1);
}
