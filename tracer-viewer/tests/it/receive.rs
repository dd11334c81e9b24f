//! Ways in: what is taken, and what is refused and how.

use std::io::Write;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use tracer_core::{Batch, ExportError, Exported, Exporter, FlushError, SpanKind, Tracer, tags};

use crate::http::{data, get, post_otlp, send};
use crate::otlp::{Message, key_value, request, span, span_id, string, text_tag, trace_id};
use crate::{builder, flush, tracer, viewer};

/// Turns batches into OTLP requests.
struct Concatenate(mpsc::Sender<Message>);

impl Exporter for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
        let mut scope_spans = Message::default().bytes(1, batch.scope.encoded()).as_ref().to_vec();
        scope_spans.extend_from_slice(batch.rows.as_bytes());
        let resource_spans = Message::default().bytes(1, batch.resource.encoded()).bytes(2, scope_spans);
        self.0.send(Message::default().bytes(1, resource_spans)).unwrap();
        Ok(Exported::ALL)
    }
}

#[test]
fn spans_of_this_process_are_there_after_a_flush() {
    let viewer = viewer();
    let tracer = tracer(&viewer, "shop");
    let mut root = tracer.span("order").kind(SpanKind::Server).start();
    root.set_tag("boxes", 3).log("packed", &[("by", "robot".into())]);
    let trace_id = root.context().trace_id();
    tracer.span("query").child_of(root.context()).start().finish();
    root.finish();
    flush(&tracer);
    let trace = data(viewer.local_addr(), &format!("/api/traces/{trace_id}"));
    assert_eq!(trace[0]["spans"].as_array().unwrap().len(), 2);
    assert_eq!(trace[0]["processes"]["p1"]["serviceName"], "shop");
    let stats = viewer.stats();
    assert_eq!((stats.received, stats.spans, stats.traces), (2, 2, 1));
}

#[test]
fn rows_sent_by_otlp_read_as_those_of_this_process() {
    let viewer = viewer();
    let (sender, requests) = mpsc::channel();
    let remote = Tracer::builder("shop").exporter(Concatenate(sender)).exporter(viewer.exporter()).build();
    let mut root = remote.span("order").kind(SpanKind::Client).start();
    root.set_tag(tags::PEER_SERVICE, "mysql").set_tag("floats", &[1.5, 2.0][..]);
    let other = remote.span("other").start();
    let id = root.context().trace_id();
    remote.span("both").child_of(root.context()).follows_from(other.context()).start().finish();
    root.record_error(&std::io::Error::other("out of boxes"));
    root.finish();
    other.finish();
    flush(&remote);

    let elsewhere = crate::viewer();
    for request in requests.try_iter() {
        let answer = post_otlp(elsewhere.local_addr(), request.as_ref());
        assert_eq!((answer.status, answer.body.len()), (200, 0), "nothing was rejected");
        assert_eq!(answer.header("content-type"), "application/x-protobuf");
    }
    let path = format!("/api/traces/{id}");
    let here = data(viewer.local_addr(), &path);
    assert_eq!(here, data(elsewhere.local_addr(), &path));
    assert!(here.to_string().contains("out of boxes") && here.to_string().contains("FOLLOWS_FROM"));
}

#[test]
fn fields_may_come_in_any_order_with_unknown_ones_between() {
    let viewer = viewer();
    let span = Message::default()
        .varint(99, 7)
        .fixed64(8, 2_000_000)
        .bytes(9, text_tag("first", "1"))
        .bytes(5, "backwards")
        .fixed64(7, 1_000_000)
        .bytes(2, span_id(1))
        .bytes(9, text_tag("second", "2"))
        .bytes(1, trace_id(7));
    let scope = Message::default().bytes(2, "9").bytes(1, "lib");
    let resource = Message::default().bytes(1, text_tag("service.name", "late"));
    let resource_spans = Message::default()
        .bytes(2, Message::default().bytes(2, span).bytes(1, scope).bytes(3, "schema"))
        .bytes(1, resource);
    let answer = post_otlp(viewer.local_addr(), Message::default().bytes(1, resource_spans).as_ref());
    assert_eq!(answer.status, 200);
    let trace = data(viewer.local_addr(), "/api/traces/07070707070707070707070707070707");
    let span = &trace[0]["spans"][0];
    assert_eq!((span["operationName"].as_str(), span["duration"].as_u64()), (Some("backwards"), Some(1_000)));
    assert_eq!(trace[0]["processes"]["p1"]["serviceName"], "late");
    let keys: Vec<_> =
        span["tags"].as_array().unwrap().iter().map(|tag| tag["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["first", "otel.scope.name", "otel.scope.version", "second"], "no kind was sent");
}

#[test]
fn gzip_is_unpacked_within_its_limit() {
    let viewer = viewer();
    let headers =
        [("host", "localhost"), ("content-type", "application/x-protobuf"), ("content-encoding", "gzip")];
    let post = |body: &[u8]| send(viewer.local_addr(), "POST", "/v1/traces", &headers, body).status;
    assert_eq!(post(&gzip(request("zip", &[span(1, 1, None, "packed")]).as_ref())), 200);
    assert_eq!(viewer.stats().spans, 1);
    assert_eq!(post(b"not gzip"), 400);
    let cut = gzip(&[7; 5000]);
    assert_eq!(post(&cut[..cut.len() - 9]), 400);
    assert_eq!(post(&gzip(&vec![0; (64 << 20) + 1])), 413, "a bomb");
    assert_eq!(viewer.stats().malformed_requests, 3);
}

#[test]
fn what_is_not_otlp_is_refused_and_nothing_of_it_is_kept() {
    let viewer = viewer();
    let good = span(1, 1, None, "good");
    let of = |bad: &Message| request("s", &[good.clone(), bad.clone()]).as_ref().to_vec();
    let deep =
        (0..40).fold(string("x"), |inner, _| Message::default().bytes(5, Message::default().bytes(1, inner)));
    let whole = request("s", std::slice::from_ref(&good)).as_ref().to_vec();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("cut off", whole[..whole.len() - 1].to_vec()),
        ("text", b"hello, world".to_vec()),
        ("name of the wrong type", of(&span(1, 2, None, "x").varint(5, 1))),
        ("time of the wrong type", of(&span(1, 2, None, "x").varint(7, 1))),
        ("name that is not UTF-8", of(&span(1, 2, None, "x").bytes(5, [0xff, 0xfe]))),
        ("values too deep", of(&span(1, 2, None, "x").bytes(9, key_value("deep", &deep)))),
        ("attribute cut off", of(&span(1, 2, None, "x").bytes(9, [0x0a, 0x50]))),
        ("span that is a number", request("s", &[]).varint(1, 3).as_ref().to_vec()),
        (
            "resource cut off",
            Message::default()
                .bytes(1, Message::default().bytes(1, [0x0a, 9]).bytes(2, Message::default().bytes(2, &good)))
                .as_ref()
                .to_vec(),
        ),
    ];
    let count = cases.len() as u64;
    for (what, body) in cases {
        let answer = post_otlp(viewer.local_addr(), &body);
        assert_eq!(answer.status, 400, "{what}");
        assert!(answer.body.starts_with(&[0x08, 3, 0x12]), "{what}: google.rpc.Status, INVALID_ARGUMENT");
    }
    assert_eq!(viewer.stats().spans, 0);
    assert_eq!(viewer.stats().malformed_requests, count);
}

#[test]
fn other_types_methods_and_sizes_are_refused() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let with = |headers: &[(&str, &str)]| {
        let headers: Vec<_> = [("host", "localhost")].iter().chain(headers).copied().collect();
        send(addr, "POST", "/v1/traces", &headers, b"").status
    };
    assert_eq!(with(&[]), 415);
    assert_eq!(with(&[("content-type", "text/plain")]), 415);
    assert_eq!(with(&[("content-type", "application/x-protobuf"), ("content-encoding", "br")]), 415);
    assert_eq!(
        with(&[("content-type", "Application/X-Protobuf; charset=x")]),
        200,
        "empty, and that is fine"
    );
    assert_eq!(get(addr, "/v1/traces").status, 405);
    assert_eq!(post_otlp(addr, &vec![0; (16 << 20) + 1]).status, 413);
    assert_eq!(viewer.stats().malformed_requests, 4);
}

#[test]
fn spans_without_valid_ids_are_left_out_and_counted() {
    let viewer = viewer();
    let bare = || Message::default().bytes(5, "x").fixed64(7, 1).fixed64(8, 2);
    let spans = [
        span(1, 1, None, "good"),
        bare(),
        bare().bytes(1, [0; 16]).bytes(2, span_id(1)),
        bare().bytes(1, trace_id(1)).bytes(2, [0; 8]),
        bare().bytes(1, [1; 15]).bytes(2, span_id(1)),
        bare().bytes(1, trace_id(1)).bytes(2, [1; 9]),
        bare().bytes(1, trace_id(1)).bytes(2, span_id(2)).bytes(4, [1; 7]),
    ];
    let answer = post_otlp(viewer.local_addr(), request("s", &spans).as_ref());
    assert_eq!(answer.status, 200);
    // partial_success { rejected_spans: 6, error_message: … }
    assert_eq!(answer.body[0], 0x0a);
    assert_eq!(answer.body[2..5], [0x08, 6, 0x12]);
    assert!(String::from_utf8_lossy(&answer.body).contains("6 spans without valid"));
    let stats = viewer.stats();
    assert_eq!((stats.received, stats.rejected, stats.spans), (7, 6, 1));
}

#[test]
fn an_address_for_otlp_alone_has_no_page() {
    let viewer = builder().otlp_listen(Some("127.0.0.1:0".parse().unwrap())).start().unwrap();
    let otlp = viewer.otlp_addr().unwrap();
    assert_eq!(post_otlp(otlp, request("s", &[span(1, 1, None, "x")]).as_ref()).status, 200);
    assert_eq!(get(otlp, "/search").status, 404);
    assert_eq!(get(otlp, "/api/services").status, 404);
    assert_eq!(data(viewer.local_addr(), "/api/services"), serde_json::json!(["s"]));
}

#[test]
fn late_spans_join_their_trace_and_repeated_ones_do_not() {
    let viewer = viewer();
    let first = request("s", &[span(1, 1, None, "first")]);
    let late = request("t", &[span(1, 2, Some(1), "late")]);
    for message in [&first, &late, &first] {
        assert_eq!(post_otlp(viewer.local_addr(), message.as_ref()).status, 200);
    }
    let trace = data(viewer.local_addr(), "/api/traces/01010101010101010101010101010101");
    assert_eq!(trace[0]["spans"].as_array().unwrap().len(), 2);
    assert_eq!(viewer.stats().duplicates, 1);
}

#[test]
fn the_oldest_traces_leave_and_are_counted() {
    let viewer = builder().traces_max(3).spans_per_trace_max(2).start().unwrap();
    for trace in 1..=5 {
        let spans = [1, 2, 3].map(|id| span(trace, id, None, &format!("operation-{trace}")));
        let answer = post_otlp(viewer.local_addr(), request(&format!("service-{trace}"), &spans).as_ref());
        assert!(String::from_utf8_lossy(&answer.body).contains("1 spans over the limits"));
    }
    let addr = viewer.local_addr();
    assert_eq!(get(addr, "/api/traces/02020202020202020202020202020202").status, 404);
    assert_eq!(get(addr, "/api/traces/03030303030303030303030303030303").status, 200);
    assert_eq!(data(addr, "/api/services"), serde_json::json!(["service-3", "service-4", "service-5"]));
    let stats = viewer.stats();
    assert_eq!((stats.traces, stats.traces_evicted, stats.spans_evicted), (3, 2, 4));
    assert_eq!(stats.received, stats.over_limit + stats.spans + stats.spans_evicted);
    assert_eq!(data(addr, "/api/viewer/stats")["tracesEvicted"], 2);
}

#[test]
fn spans_over_the_limits_are_told_to_the_pipeline() {
    let viewer = builder().spans_per_trace_max(1).start().unwrap();
    let tracer = tracer(&viewer, "s");
    let root = tracer.span("root").start();
    tracer.span("child").child_of(root.context()).start().finish();
    root.finish();
    assert_eq!(tracer.flush(Duration::from_secs(10)), Err(FlushError::ExportFailed));
    let stats = tracer.stats();
    assert_eq!((stats.exported, stats.failed), (1, 1));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
