//! OTLP over HTTP in JSON: requests, and answers in either encoding.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use tracer_core::{ExportError, Exported, Exporter};
use tracer_exporter_jaeger::{OtlpEncoding, OtlpHttp, OtlpHttpBuilder};

use super::collector::{Collector, Reply, answer};
use super::spans::export;

const SOON: Duration = Duration::from_secs(20);
const JSON: &str = "content-type: application/json";

fn builder(collector: &Collector) -> OtlpHttpBuilder {
    OtlpHttp::builder().endpoint(collector.url()).encoding(OtlpEncoding::Json)
}

fn spans_in(json: &[u8]) -> usize {
    let request: ExportTraceServiceRequest = serde_json::from_slice(json).unwrap();
    request.resource_spans[0].scope_spans[0].spans.len()
}

#[test]
fn a_request_is_as_otlp_wants_it() {
    let collector = Collector::start(|_| Reply::Bytes(answer("200 OK", &[JSON], b"{}")));
    let mut exporter = builder(&collector).build().unwrap();
    assert_eq!(
        (exporter.name(), exporter.endpoint()),
        ("otlp-http-json", &*(collector.url() + "/v1/traces"))
    );
    assert_eq!(export(&mut exporter, 3, SOON), Ok(Exported::ALL));
    let mut childs = exporter.for_child().unwrap();
    assert_eq!(export(childs.as_mut(), 2, SOON), Ok(Exported::ALL));
    let requests = collector.requests();
    for (request, spans) in requests.iter().zip([3, 2]) {
        assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(spans_in(&request.body), spans);
    }
    assert_eq!(requests.len(), 2);
}

#[test]
fn rejected_spans_are_counted_in_whatever_encoding_they_are_told() {
    let bodies: [(&str, &[u8]); 5] = [
        (JSON, br#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#),
        ("content-type: application/json; charset=utf-8", br#"{"partialSuccess":{"rejectedSpans":99}}"#),
        ("content-type: application/x-protobuf", &[0x0a, 2, 0x08, 1]),
        // What cannot be read was taken all the same.
        (JSON, br#"{"partialSuccess":[]}"#),
        (JSON, b"{"),
    ];
    let collector = Collector::start(move |n| Reply::Bytes(answer("200 OK", &[bodies[n].0], bodies[n].1)));
    let mut exporter = builder(&collector).build().unwrap();
    for rejected in [2, 5, 1, 0, 0] {
        assert_eq!(export(&mut exporter, 5, SOON), Ok(Exported::all_but(rejected)));
    }
    assert_eq!(collector.connections(), 1);
    // A receiver that answers protobuf in JSON is understood too.
    let collector = Collector::start(|_| {
        Reply::Bytes(answer("200 OK", &[JSON], br#"{"partialSuccess":{"rejectedSpans":"1"}}"#))
    });
    let mut exporter = OtlpHttp::builder().endpoint(collector.url()).build().unwrap();
    assert_eq!(export(&mut exporter, 5, SOON), Ok(Exported::all_but(1)));
}

#[test]
fn a_refusal_is_told_by_its_message() {
    let body: &[u8] = br#"{"code":3,"message":"spans of\nyesterday"}"#;
    let collector = Collector::start(move |_| Reply::Bytes(answer("400 Bad Request", &[JSON], body)));
    let error = export(&mut builder(&collector).build().unwrap(), 1, SOON).unwrap_err();
    let endpoint = collector.url() + "/v1/traces";
    assert_eq!(error, ExportError::Refused { endpoint, status: 400, message: "spans of yesterday".into() });
}

#[cfg(feature = "gzip")]
#[test]
fn it_is_compressed_where_that_is_asked_for() {
    use std::io::Read;
    let collector = Collector::start(|_| Reply::Bytes(answer("200 OK", &[JSON], b"{}")));
    let builder = builder(&collector).compression(tracer_exporter_jaeger::Compression::Gzip);
    assert_eq!(export(&mut builder.build().unwrap(), 50, SOON), Ok(Exported::ALL));
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&request.body[..]).read_to_end(&mut body).unwrap();
    assert_eq!(spans_in(&body), 50);
}
