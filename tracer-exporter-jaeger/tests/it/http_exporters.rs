//! The exporters over HTTP that are not OTLP's, and what all of them have in common.

use std::time::{Duration, Instant};

use thrift::protocol::TBinaryInputProtocol;
use tracer_core::row::Rows;
use tracer_core::{Batch, ExportError, Exported, Exporter, Resource, Scope};
use tracer_exporter_jaeger::{ConfigError, OtlpHttp, ThriftHttp, ZipkinHttp};

use super::collector::{Collector, Reply, answer};
use super::spans::capture;
use super::thrift_reader::read_struct;

fn export(exporter: &mut dyn Exporter, spans: usize) -> Result<Exported, ExportError> {
    let captured = capture(|tracer| (0..spans).for_each(|_| tracer.span("work").start().finish()));
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let rows = Rows::from_bytes(&captured.rows).unwrap();
    exporter.export(&Batch::new(&resource, &scope, rows), Instant::now() + Duration::from_secs(20))
}

fn accepted() -> Reply {
    Reply::Bytes(answer("202 Accepted", &["content-type: text/plain"], b"ok"))
}

#[test]
fn thrift_is_posted_as_jaeger_wants_it() {
    let collector = Collector::start(|_| accepted());
    let mut exporter = ThriftHttp::builder().endpoint(collector.url()).build().unwrap();
    assert_eq!(export(&mut exporter, 3), Ok(Exported::ALL));
    assert_eq!(export(&mut exporter, 0), Ok(Exported::ALL));
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /api/traces HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/vnd.apache.thrift.binary"));
    let mut batch = read_struct(&mut TBinaryInputProtocol::new(&request.body[..], true));
    assert_eq!(batch.structs(2).len(), 3);
}

#[test]
fn zipkins_json_is_posted_as_zipkin_wants_it() {
    let collector = Collector::start(|_| accepted());
    let mut exporter = ZipkinHttp::builder().endpoint(collector.url()).build().unwrap();
    assert_eq!(export(&mut exporter, 3), Ok(Exported::ALL));
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /api/v2/spans HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let spans: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(spans.as_array().unwrap().len(), 3);
}

#[test]
fn rows_that_are_no_spans_are_rejected_by_number() {
    let collector = Collector::start(|_| accepted());
    let good = [&[0x0a, 16][..], &[1; 16], &[0x12, 8], &[2; 8]].concat();
    let mut rows = Vec::new();
    for row in [b"", &good[..], &[0x12, 0], &good] {
        tracer_core::row::wire::put_bytes(&mut rows, 0x12, row);
    }
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&rows).unwrap());
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut thrift = ThriftHttp::builder().endpoint(collector.url()).build().unwrap();
    let mut zipkin = ZipkinHttp::builder().endpoint(collector.url()).build().unwrap();
    assert_eq!(thrift.export(&batch, deadline), Ok(Exported::all_but(2)));
    assert_eq!(zipkin.export(&batch, deadline), Ok(Exported::all_but(2)));
}

#[test]
fn a_refusal_is_told_and_what_may_pass_is_sent_again() {
    let collector = Collector::start(|n| match n {
        0 => Reply::Bytes(answer("503 Service Unavailable", &[], b"")),
        1 => accepted(),
        _ => Reply::Bytes(answer("400 Bad Request", &[], b"Unable to process request body")),
    });
    let mut exporter = ThriftHttp::builder().endpoint(collector.url()).build().unwrap();
    assert_eq!(export(&mut exporter, 1), Ok(Exported::ALL));
    let error = export(&mut exporter, 1).unwrap_err();
    assert!(matches!(error, ExportError::Refused { status: 400, .. }), "{error}");
    assert_eq!(collector.requests().len(), 3);
}

#[test]
fn a_bearer_token_is_sent_and_never_shown() {
    let collector = Collector::start(|_| accepted());
    let builder = ZipkinHttp::builder().endpoint(collector.url()).bearer_token("s3cret");
    assert!(!format!("{builder:?}").contains("s3cret"));
    let mut exporter = builder.build().unwrap();
    assert!(!format!("{exporter:?}").contains("s3cret"));
    export(&mut exporter, 1).unwrap();
    assert_eq!(collector.requests()[0].header("authorization"), Some("Bearer s3cret"));
    let error = OtlpHttp::builder().bearer_token("s3cret\n").build().unwrap_err();
    assert!(matches!(error, ConfigError::Header { setting: "bearer_token", .. }));
    assert!(!error.to_string().contains("s3cret"));
}

#[cfg(feature = "gzip")]
#[test]
fn gzip_is_said_and_done() {
    use std::io::Read;
    use tracer_exporter_jaeger::Compression;
    let collector = Collector::start(|_| super::collector::ok());
    let plain = OtlpHttp::builder().endpoint(collector.url());
    let mut plain_exporter = plain.clone().build().unwrap();
    let mut exporter = plain.compression(Compression::Gzip).build().unwrap();
    for _ in 0..2 {
        assert_eq!(export(&mut exporter, 50), Ok(Exported::ALL));
    }
    assert_eq!(export(&mut plain_exporter, 50), Ok(Exported::ALL));
    let requests = collector.requests();
    let encodings: Vec<_> = requests.iter().map(|request| request.header("content-encoding")).collect();
    assert_eq!(encodings, [Some("gzip"), Some("gzip"), None]);
    for request in &requests[..2] {
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(&request.body[..]).read_to_end(&mut body).unwrap();
        assert!(body.len() > request.body.len());
        assert_eq!(super::collector::Request { body, ..request.clone() }.span_count(), 50);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_said_and_done() {
    let collector = Collector::start(|_| super::collector::ok());
    let builder = OtlpHttp::builder().endpoint(collector.url());
    let mut exporter = builder.compression(tracer_exporter_jaeger::Compression::Zstd).build().unwrap();
    assert_eq!(export(&mut exporter, 50), Ok(Exported::ALL));
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!(request.header("content-encoding"), Some("zstd"));
    let body = zstd::stream::decode_all(&request.body[..]).unwrap();
    assert_eq!(super::collector::Request { body, ..request.clone() }.span_count(), 50);
}
