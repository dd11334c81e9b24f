//! Requests and answers, one by one.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use tracer_core::{ExportError, Exported, Exporter};
use tracer_exporter_jaeger::OtlpHttp;

use super::collector::{Collector, Reply, answer, ok};
use super::spans::export;

const SOON: Duration = Duration::from_secs(20);
const PROTOBUF: &str = "content-type: application/x-protobuf";

fn exporter(collector: &Collector) -> OtlpHttp {
    OtlpHttp::builder().endpoint(collector.url()).build().unwrap()
}

fn partial_success(rejected_spans: i64, message: &str) -> Reply {
    let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message: message.into() });
    Reply::Bytes(answer(
        "200 OK",
        &[PROTOBUF],
        &ExportTraceServiceResponse { partial_success }.encode_to_vec(),
    ))
}

#[test]
fn a_request_is_as_otlp_wants_it() {
    let collector = Collector::start(|_| ok());
    let url = collector.url().replace("http://", "http://me:secret@");
    let builder = OtlpHttp::builder().endpoint(url).header("X-Tenant", "shop");
    let mut exporter = builder.build().unwrap();
    assert_eq!(export(&mut exporter, 3, SOON), Ok(Exported::ALL));
    let [request] = &collector.requests()[..] else { panic!("one request") };
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.header("host"), collector.url().strip_prefix("http://"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(request.header("content-length"), Some(&*request.body.len().to_string()));
    assert_eq!(request.header("x-tenant"), Some("shop"));
    assert_eq!(request.header("authorization"), Some("Basic bWU6c2VjcmV0"));
    assert!(request.header("user-agent").unwrap().starts_with("tracer-exporter-jaeger/"));
    assert_eq!((request.header("expect"), request.header("transfer-encoding")), (None, None));
    assert_eq!(request.span_count(), 3);
}

#[test]
fn a_batch_without_spans_is_not_sent() {
    let collector = Collector::start(|_| ok());
    assert_eq!(export(&mut exporter(&collector), 0, SOON), Ok(Exported::ALL));
    assert_eq!(collector.connections(), 0);
}

#[test]
fn rejected_spans_are_counted() {
    let replies = [partial_success(2, "too old"), partial_success(99, ""), partial_success(0, "hm"), ok()];
    let mut replies = replies.into_iter();
    let collector = Collector::start(move |_| replies.next().unwrap());
    let mut exporter = exporter(&collector);
    for rejected in [2, 5, 0, 0] {
        assert_eq!(export(&mut exporter, 5, SOON), Ok(Exported::all_but(rejected)));
    }
    assert_eq!(collector.connections(), 1);
}

#[test]
fn a_bad_request_is_refused_and_not_sent_again() {
    let status = [&[0x08, 3, 0x12, 9][..], b"bad\nspans"].concat();
    let collector = Collector::start(move |_| Reply::Bytes(answer("400 Bad Request", &[PROTOBUF], &status)));
    let error = export(&mut exporter(&collector), 1, SOON).unwrap_err();
    let endpoint = collector.url() + "/v1/traces";
    assert_eq!(error, ExportError::Refused { endpoint, status: 400, message: "bad spans".into() });
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn a_refusal_that_may_pass_is_sent_again_after_the_time_that_was_asked_for() {
    let collector = Collector::start(|n| match n {
        0 => Reply::Bytes(answer("503 Service Unavailable", &["retry-after: 1"], b"busy")),
        _ => ok(),
    });
    let begun = Instant::now();
    assert_eq!(export(&mut exporter(&collector), 2, SOON), Ok(Exported::ALL));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    let requests = collector.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn a_receiver_that_asks_for_more_time_than_there_is_is_left_alone() {
    let collector = Collector::start(|n| match n {
        0 => Reply::Bytes(answer("429 Too Many Requests", &["retry-after: 3"], b"slow down")),
        _ => ok(),
    });
    let mut exporter = exporter(&collector);
    let begun = Instant::now();
    for _ in 0..3 {
        let error = export(&mut exporter, 1, Duration::from_secs(1)).unwrap_err();
        let endpoint = collector.url() + "/v1/traces";
        assert_eq!(error, ExportError::Refused { endpoint, status: 429, message: "slow down".into() });
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(collector.requests().len(), 1);
    // With time enough, it is waited for.
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn retries_are_few_and_none_while_the_receiver_keeps_failing() {
    let collector = Collector::start(|n| match n {
        0..=3 => Reply::Bytes(answer("502 Bad Gateway", &[], b"")),
        4 => ok(),
        5 => Reply::Bytes(answer("504 Gateway Timeout", &[], b"")),
        _ => ok(),
    });
    let mut exporter = exporter(&collector);
    let mut attempts = Vec::new();
    for expected in [false, false, true, true] {
        assert_eq!(export(&mut exporter, 1, SOON).is_ok(), expected);
        attempts.push(collector.requests().len());
    }
    assert_eq!(attempts, [3, 4, 5, 7]);
    assert_eq!(collector.connections(), 1);
}

#[test]
fn the_deadline_holds_whatever_the_receiver_does() {
    let timeout = Duration::from_millis(300);
    for reply in [|| Reply::Hang, || Reply::Trickle] {
        let collector = Collector::start(move |_| reply());
        let begun = Instant::now();
        let error = export(&mut exporter(&collector), 1, timeout).unwrap_err();
        let taken = begun.elapsed();
        assert_eq!(error, ExportError::TimedOut { endpoint: collector.url() + "/v1/traces" });
        assert!(taken >= timeout && taken < timeout * 5, "{taken:?}");
        assert_eq!(collector.requests().len(), 1);
    }
}

#[test]
fn the_exporters_own_timeout_holds_too() {
    let collector = Collector::start(|_| Reply::Hang);
    let builder = OtlpHttp::builder().endpoint(collector.url()).timeout(Duration::from_millis(200));
    let begun = Instant::now();
    let error = export(&mut builder.build().unwrap(), 1, SOON).unwrap_err();
    assert!(matches!(error, ExportError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_receiver_that_does_not_read_cannot_hold_the_exporter() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut exporter = OtlpHttp::builder().endpoint(url).build().unwrap();
    // More than the sockets' buffers hold.
    let tag = "x".repeat(8_000);
    let begun = Instant::now();
    let error =
        super::spans::export_tagged(&mut exporter, 2_000, &tag, Duration::from_millis(500)).unwrap_err();
    assert!(matches!(error, ExportError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let collector = Collector::start(|n| match n {
        0 => Reply::Bytes(answer("200 OK", &[PROTOBUF], &vec![0; 4 << 20])),
        1 => Reply::Bytes(answer("400 Bad Request", &[], &vec![b'x'; 4 << 20])),
        2 => Reply::Bytes(answer("200 OK", &[&format!("x-large: {}", "x".repeat(100_000))], b"")),
        _ => ok(),
    });
    let mut exporter = exporter(&collector);
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    let refused = export(&mut exporter, 1, SOON).unwrap_err();
    assert!(matches!(&refused, ExportError::Refused { message, .. } if message.len() == 200), "{refused}");
    let large_head = export(&mut exporter, 1, SOON).unwrap_err();
    assert!(matches!(large_head, ExportError::Unreachable { .. }), "{large_head}");
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    assert_eq!(collector.connections(), 4);
}

#[test]
fn a_connection_that_closes_before_the_answer_is_tried_again() {
    let collector = Collector::start(|n| if n == 0 { Reply::Last(Vec::new()) } else { ok() });
    assert_eq!(export(&mut exporter(&collector), 2, SOON), Ok(Exported::ALL));
    assert_eq!((collector.requests().len(), collector.connections()), (2, 2));
}

#[test]
fn a_status_counts_even_if_the_connection_closes_in_the_middle_of_the_answer() {
    let collector = Collector::start(|n| {
        let status = if n == 0 { "200 OK" } else { "403 Forbidden" };
        let mut bytes = answer(status, &["content-type: text/plain"], b"you are unwelcome");
        bytes.truncate(bytes.len() - 10);
        Reply::Last(bytes)
    });
    let mut exporter = exporter(&collector);
    assert_eq!(export(&mut exporter, 2, SOON), Ok(Exported::ALL));
    let endpoint = collector.url() + "/v1/traces";
    let refused = ExportError::Refused { endpoint, status: 403, message: "you are".into() };
    assert_eq!(export(&mut exporter, 2, SOON), Err(refused));
    assert_eq!(collector.requests().len(), 2);
}

#[test]
fn an_answer_of_success_that_is_not_otlp_is_a_success() {
    let html = || Reply::Bytes(answer("200 OK", &["content-type: text/html"], b"<p>hello</p>"));
    let malformed = || Reply::Bytes(answer("202 Accepted", &[PROTOBUF], &[0x0a, 99]));
    let empty = || Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let collector = Collector::start(move |n| [html, malformed, empty][n]());
    let mut exporter = exporter(&collector);
    for _ in 0..3 {
        assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    }
    assert_eq!(collector.connections(), 1);
}

#[test]
fn what_is_no_http_is_an_error_and_not_repeated() {
    let collector = Collector::start(|_| Reply::Last(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()));
    let error = export(&mut exporter(&collector), 1, SOON).unwrap_err();
    assert!(matches!(error, ExportError::Unreachable { .. }), "{error}");
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Collector::start(|_| ok());
    let location = format!("location: {}/v1/traces", elsewhere.url());
    for status in ["302 Found", "307 Temporary Redirect"] {
        let location = location.clone();
        let collector = Collector::start(move |_| Reply::Bytes(answer(status, &[&location], b"")));
        let error = export(&mut exporter(&collector), 1, SOON).unwrap_err();
        assert!(matches!(error, ExportError::Refused { status: 302 | 307, .. }), "{error}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn many_batches_share_one_connection() {
    let collector = Collector::start(|_| ok());
    let mut exporter = exporter(&collector);
    for spans in 1..=20 {
        assert_eq!(export(&mut exporter, spans, SOON), Ok(Exported::ALL));
    }
    assert_eq!((collector.requests().len(), collector.connections()), (20, 1));
}

#[test]
fn a_connection_that_the_receiver_closed_meanwhile_costs_nothing() {
    let collector = Collector::start(|_| Reply::Last(answer("200 OK", &[PROTOBUF], b"")));
    let mut exporter = exporter(&collector);
    for _ in 0..5 {
        assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
        collector.wait_until_all_closed();
    }
    assert_eq!((collector.requests().len(), collector.connections()), (5, 5));
}

#[test]
fn nobody_there_is_told_soon_and_without_credentials() {
    let address = super::collector::nobody();
    let url = format!("http://me:secret@{address}/x?key=secret");
    let builder = OtlpHttp::builder().endpoint(url).header("api-key", "secret");
    assert!(!format!("{builder:?}").contains("secret"), "{builder:?}");
    let mut exporter = builder.build().unwrap();
    assert!(!format!("{exporter:?}").contains("secret"), "{exporter:?}");
    let begun = Instant::now();
    let error = export(&mut exporter, 1, SOON).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(error.to_string().starts_with(&format!("cannot reach http://{address}/x: ")), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[cfg(feature = "tls")]
#[test]
fn https_to_a_receiver_without_it_is_an_error() {
    let collector = Collector::start(|_| ok());
    let url = collector.url().replace("http://", "https://");
    let mut exporter = OtlpHttp::builder().endpoint(url).build().unwrap();
    // The collector waits for the rest of what it takes for a request line.
    let error = export(&mut exporter, 1, Duration::from_millis(500)).unwrap_err();
    assert!(matches!(error, ExportError::TimedOut { .. } | ExportError::Unreachable { .. }), "{error}");
}

#[test]
fn the_exporter_for_a_forked_process_has_the_same_settings_and_a_connection_of_its_own() {
    let collector = Collector::start(|_| ok());
    let mut exporter =
        OtlpHttp::builder().endpoint(collector.url()).header("X-Tenant", "shop").build().unwrap();
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    let mut childs = exporter.for_child().unwrap();
    assert_eq!(export(childs.as_mut(), 2, SOON), Ok(Exported::ALL));
    assert_eq!(export(&mut exporter, 3, SOON), Ok(Exported::ALL));
    assert_eq!(collector.connections(), 2);
    let requests = collector.requests();
    let seen = requests.iter().map(|request| (request.header("x-tenant"), request.span_count()));
    assert_eq!(seen.collect::<Vec<_>>(), [1, 2, 3].map(|spans| (Some("shop"), spans)));
}
