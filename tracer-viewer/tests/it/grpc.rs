//! OTLP over gRPC, by the client of tonic, and by broken ones.

use std::net::SocketAddr;

use bytes::{Buf, BufMut, Bytes};
use serde_json::json;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tracer_viewer::Viewer;

use crate::builder;
use crate::http::data;
use crate::otlp::{Message, request, span};

/// Messages that are bytes already.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

fn viewer() -> (Viewer, SocketAddr) {
    let viewer = builder().grpc_listen(Some("127.0.0.1:0".parse().unwrap())).start().unwrap();
    let addr = viewer.grpc_addr().unwrap();
    (viewer, addr)
}

/// Calls a method of the trace service.
fn call(addr: SocketAddr, method: &str, message: Vec<u8>, gzip: bool) -> Result<Bytes, Status> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let channel = Endpoint::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
        let mut client = tonic::client::Grpc::new(channel);
        if gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await.unwrap();
        let path = format!("/opentelemetry.proto.collector.trace.v1.TraceService/{method}");
        let answer = client.unary(Request::new(Bytes::from(message)), path.parse().unwrap(), Raw).await?;
        Ok(answer.into_inner())
    })
}

#[test]
fn spans_come_plain_and_gzip() {
    let (viewer, addr) = viewer();
    let message = |trace| request("shop", &[span(trace, 1, None, "order")]).as_ref().to_vec();
    assert_eq!(call(addr, "Export", message(1), false).unwrap(), Bytes::new());
    assert_eq!(call(addr, "Export", message(2), true).unwrap(), Bytes::new());
    assert_eq!(data(viewer.local_addr(), "/api/viewer/traces?service=shop").as_array().unwrap().len(), 2);
    assert_eq!(data(viewer.local_addr(), "/api/services"), json!(["shop"]));
}

#[test]
fn what_was_rejected_is_told() {
    let (viewer, addr) = viewer();
    let message = request("s", &[span(1, 1, None, "x"), span(0, 1, None, "no id")]);
    let answer = call(addr, "Export", message.as_ref().to_vec(), false).unwrap();
    assert_eq!(answer[2..4], [0x08, 1], "partial success, one rejected");
    assert_eq!((viewer.stats().spans, viewer.stats().rejected), (1, 1));
}

#[test]
fn what_cannot_be_read_has_a_status() {
    let (viewer, addr) = viewer();
    let code = |method: &str, message: Vec<u8>, gzip| call(addr, method, message, gzip).unwrap_err().code();
    assert_eq!(code("Export", vec![0x0a, 200], false), Code::InvalidArgument);
    assert_eq!(code("Export", vec![0; 17 << 20], false), Code::ResourceExhausted);
    assert_eq!(code("Export", vec![0; (64 << 20) + 1], true), Code::ResourceExhausted, "a bomb");
    assert_eq!(code("Import", Message::default().as_ref().to_vec(), false), Code::Unimplemented);
    assert_eq!((viewer.stats().malformed_requests, viewer.stats().received), (3, 0));
}

#[test]
fn a_connection_that_does_not_speak_http2_ends() {
    use std::io::{Read, Write};
    let (_viewer, addr) = viewer();
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // Ended, or reset: but not left open.
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}
