//! OTLP's JSON against OpenTelemetry's own types, which read it too.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tracer_exporter_jaeger::encode::{otlp, otlp_json};

use super::spans::random_batches;

#[test]
fn it_says_what_the_protobuf_says() {
    random_batches(0x5eed_0000_0000_0003, |batch, records| {
        let (mut line, mut protobuf) = (b"left over".to_vec(), Vec::new());
        assert_eq!(otlp_json::encode(batch, &mut line).spans, records.len());
        assert!(!line.contains(&b'\n'));
        otlp::encode(batch, &mut protobuf);
        let expected = ExportTraceServiceRequest::decode(&finite(protobuf)[..]).unwrap();
        let text = String::from_utf8(line).unwrap();
        // Their reader does not know the infinities of proto3's JSON.
        let text = text.replace(r#""doubleValue":"Infinity""#, r#""doubleValue":1.25e308"#);
        let text = text.replace(r#""doubleValue":"-Infinity""#, r#""doubleValue":-1.25e308"#);
        let read: ExportTraceServiceRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(read, expected);
    });
}

/// Doubles that are infinite, replaced by large ones.
fn finite(mut protobuf: Vec<u8>) -> Vec<u8> {
    const DOUBLE: u8 = 0x21;
    for at in 0..protobuf.len().saturating_sub(8) {
        for (infinite, large) in [(f64::INFINITY, 1.25e308_f64), (f64::NEG_INFINITY, -1.25e308)] {
            if protobuf[at] == DOUBLE && protobuf[at + 1..at + 9] == infinite.to_le_bytes() {
                protobuf[at + 1..at + 9].copy_from_slice(&large.to_le_bytes());
            }
        }
    }
    protobuf
}
