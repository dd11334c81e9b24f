//! Starting and stopping.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tracer_viewer::StartError;

use crate::http::{data, get};
use crate::{builder, flush, tracer, viewer};

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    for settings in [builder().listen(addr), builder().otlp_listen(Some(addr))] {
        let error = settings.start().unwrap_err();
        assert!(matches!(error, StartError::Listen { addr: named, .. } if named == addr));
        assert!(error.to_string().contains(&addr.to_string()), "{error}");
    }
}

#[test]
fn two_viewers_know_nothing_of_each_other() {
    let (first, second) = (viewer(), viewer());
    let tracer = tracer(&first, "first");
    tracer.span("x").start().finish();
    flush(&tracer);
    assert_eq!(first.stats().spans, 1);
    assert_eq!(second.stats().spans, 0);
    assert_eq!(data(second.local_addr(), "/api/services"), serde_json::json!([]));
}

#[test]
fn it_stops_although_connections_are_open_and_frees_its_port() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let idle = TcpStream::connect(addr).unwrap();
    let mut half = TcpStream::connect(addr).unwrap();
    half.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: 9\r\n\r\nxx").unwrap();
    assert_eq!(get(addr, "/api/services").status, 200);
    let exporter = viewer.exporter();
    let begin = Instant::now();
    viewer.stop();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(TcpListener::bind(addr).is_ok(), "the port is free");
    drop((idle, half, exporter));
}

#[test]
fn spans_that_come_after_the_end_are_still_taken() {
    let viewer = viewer();
    let tracer = tracer(&viewer, "s");
    drop(viewer);
    tracer.span("late").start().finish();
    flush(&tracer);
    assert_eq!((tracer.stats().exported, tracer.stats().failed), (1, 0));
}

#[test]
fn it_starts_and_stops_within_a_runtime_of_the_application() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let viewer = viewer();
        let addr = viewer.local_addr();
        assert_eq!(get(addr, "/search").status, 200, "though this thread is blocked");
        drop(viewer);
    });
}
