//! gRPC against a server on OpenTelemetry's generated types.

#![cfg(feature = "grpc")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may, as tests do")]

#[path = "shared/grpc_server.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod grpc_server;
#[path = "it/random.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod random;
#[path = "it/spans.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod spans;

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use tonic::{Code, Status};
use tracer_core::row::Rows;
use tracer_core::{Batch, Dropped, ExportError, Exported, Exporter, Losses, Resource, Scope};
use tracer_exporter_jaeger::{
    ConfigError, GrpcStrategies, JaegerGrpc, OtlpGrpc, StrategyError, StrategySource,
};

use self::grpc_server::{HANG, Receiver, ok};

const SOON: Duration = Duration::from_secs(20);

fn export(exporter: &mut dyn Exporter, spans: usize, timeout: Duration) -> Result<Exported, ExportError> {
    let captured = spans::capture(|tracer| (0..spans).for_each(|_| tracer.span("work").start().finish()));
    let (resource, scope) = (Resource::bare("svc"), Scope::default());
    let rows = Rows::from_bytes(&captured.rows).unwrap();
    exporter.export(&Batch::new(&resource, &scope, rows), Instant::now() + timeout)
}

#[test]
fn a_call_has_the_spans_and_the_metadata() {
    let receiver = Receiver::start(ok);
    let url = receiver.url().replace("http://", "http://me:secret@");
    let builder = OtlpGrpc::builder().endpoint(url).header("X-Tenant", "shop");
    assert!(!format!("{builder:?}").contains("secret"));
    let mut exporter = builder.build().unwrap();
    assert!(!format!("{exporter:?}").contains("secret"));
    assert_eq!(export(&mut exporter, 3, SOON), Ok(Exported::ALL));
    assert_eq!(export(&mut exporter, 0, SOON), Ok(Exported::ALL));
    let calls = receiver.service.calls.lock();
    let [(metadata, request)] = &calls[..] else { panic!("one call") };
    assert_eq!(request.resource_spans[0].scope_spans[0].spans.len(), 3);
    assert_eq!(metadata.get("x-tenant").unwrap(), "shop");
    assert_eq!(metadata.get("authorization").unwrap(), "Basic bWU6c2VjcmV0");
    assert!(metadata.get("user-agent").unwrap().to_str().unwrap().starts_with("tracer-exporter-jaeger/"));
}

#[test]
fn rejected_spans_are_counted() {
    let receiver = Receiver::start(|n| {
        let rejected_spans = [2, 99, 0][n.min(2)];
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: "too old".into() };
        Ok(ExportTraceServiceResponse { partial_success: Some(partial) })
    });
    let mut exporter = receiver.exporter();
    for rejected in [2, 5, 0] {
        assert_eq!(export(&mut exporter, 5, SOON), Ok(Exported::all_but(rejected)));
    }
}

#[test]
fn only_what_otlp_calls_retryable_is_sent_again() {
    let codes: Vec<Code> = (1..=16).map(Code::from_i32).collect();
    for code in codes {
        let receiver =
            Receiver::start(move |n| if n == 0 { Err(Status::new(code, "no\nway")) } else { ok(n) });
        let sent = export(&mut receiver.exporter(), 1, SOON);
        let is_retryable = matches!(
            code,
            Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unavailable
                | Code::DataLoss
        );
        assert_eq!(receiver.calls(), if is_retryable { 2 } else { 1 }, "{code:?}");
        if is_retryable {
            assert_eq!(sent, Ok(Exported::ALL), "{code:?}");
            continue;
        }
        let endpoint = receiver.url() + "/";
        let status = u16::try_from(code as i32).unwrap();
        assert_eq!(sent, Err(ExportError::Refused { endpoint, status, message: "no way".into() }));
    }
}

/// `google.rpc.Status` with `RetryInfo`.
fn retry_after(code: Code, seconds: i64) -> Status {
    #[derive(Clone, PartialEq, Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes, tag = "2")]
        value: Vec<u8>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<Delay>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Details {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }
    let info = RetryInfo { retry_delay: Some(Delay { seconds }) };
    let any =
        Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".into(), value: info.encode_to_vec() };
    let details = Details { code: code as i32, details: vec![any] };
    Status::with_details(code, "later", details.encode_to_vec().into())
}

#[test]
fn retry_info_is_honoured() {
    let receiver =
        Receiver::start(|n| if n == 0 { Err(retry_after(Code::ResourceExhausted, 1)) } else { ok(n) });
    let mut exporter = receiver.exporter();
    let begun = Instant::now();
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(receiver.calls(), 2);
    // More time than there is: the receiver is left alone.
    let receiver = Receiver::start(|n| if n == 0 { Err(retry_after(Code::Unavailable, 30)) } else { ok(n) });
    let mut exporter = receiver.exporter();
    for _ in 0..3 {
        let error = export(&mut exporter, 1, Duration::from_secs(5)).unwrap_err();
        assert!(matches!(error, ExportError::Refused { status: 14, .. }), "{error}");
    }
    assert_eq!(receiver.calls(), 1);
}

#[test]
fn the_deadline_holds_and_the_connection_is_good_afterwards() {
    let receiver = Receiver::start(|n| if n == 0 { Err(Status::unknown(HANG)) } else { ok(n) });
    let mut exporter = receiver.exporter();
    let error = export(&mut exporter, 1, Duration::from_millis(300)).unwrap_err();
    assert_eq!(error, ExportError::TimedOut { endpoint: receiver.url() + "/" });
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
}

#[test]
fn a_receiver_that_goes_and_comes_back_is_found_again() {
    let receiver = Receiver::start(ok);
    let mut exporter = receiver.exporter();
    assert_eq!(export(&mut exporter, 1, SOON), Ok(Exported::ALL));
    let address = receiver.stop();
    let mut errors = (0..100).filter_map(|_| export(&mut exporter, 1, SOON).err());
    let error = errors.next().unwrap();
    assert!(matches!(&error, ExportError::Unreachable { .. }), "{error}");
    let receiver = Receiver::start_at(address, ok);
    let found = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        export(&mut exporter, 1, SOON).is_ok()
    });
    assert!(found);
    assert!(receiver.calls() > 0);
}

#[test]
fn it_may_be_called_within_a_runtime() {
    let receiver = Receiver::start(ok);
    let mut exporter = receiver.exporter();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..2 {
        let sent = runtime.block_on(async { export(&mut exporter, 1, SOON) });
        assert_eq!(sent, Ok(Exported::ALL));
    }
    // And dropped there.
    runtime.block_on(async { drop(exporter) });
}

#[test]
fn jaegers_own_service_is_called_by_its_name() {
    let receiver = Receiver::start(ok);
    let mut exporter = JaegerGrpc::builder().endpoint(receiver.url()).build().unwrap();
    // This server does not have it, and says so.
    let error = export(&mut exporter, 1, SOON).unwrap_err();
    assert!(matches!(error, ExportError::Refused { status: 12, .. }), "{error}");
    assert_eq!(receiver.calls(), 0);
}

#[test]
fn what_was_lost_is_told_without_spans() {
    let receiver = Receiver::start(|n| if n == 0 { Err(Status::unavailable("later")) } else { ok(n) });
    let (resource, scope) = (Resource::bare("svc"), Scope::new("lib", "1.2"));
    let losses = Losses::new(Dropped::of_memory(5), 6);
    let batch = Batch::new(&resource, &scope, Rows::from_bytes(&[]).unwrap()).with_losses(losses);
    let mut exporter = receiver.exporter();
    exporter.report_losses(&batch, Instant::now() + SOON).unwrap();
    let calls = std::mem::take(&mut *receiver.service.calls.lock());
    let [_, (_, request)] = &calls[..] else { panic!("it is sent again as spans are: {}", calls.len()) };
    let scope_spans = &request.resource_spans[0].scope_spans[0];
    let attributes = &scope_spans.scope.as_ref().unwrap().attributes;
    let told = attributes.iter().map(|kv| (kv.key.as_str(), kv.value.as_ref().unwrap().value.as_ref()));
    let expected = [("tracer.spans_lost.memory", 5), ("tracer.spans_lost.failed", 6)];
    let expected = expected.map(|(key, count)| (key, Some(Value::IntValue(count))));
    assert!(told.eq(expected.iter().map(|(key, count)| (*key, count.as_ref()))), "{attributes:?}");
    assert_eq!(scope_spans.spans, []);
    // Jaeger's own protocol has no place for it.
    let mut jaeger = JaegerGrpc::builder().endpoint(receiver.url()).build().unwrap();
    jaeger.report_losses(&batch, Instant::now() + SOON).unwrap();
    assert_eq!(receiver.calls(), 0);
    // What does not get through is an error, so that it is told again.
    let endpoint = receiver.url() + "/";
    receiver.stop();
    let error = exporter.report_losses(&batch, Instant::now() + SOON).unwrap_err();
    assert!(matches!(&error, ExportError::Unreachable { endpoint: at, .. } if *at == endpoint), "{error}");
}

#[test]
fn settings_are_checked() {
    for bad in ["http://h:4317/v1/traces", "http://h:4317/?a=b", "h:4317", "http://h:0", ""] {
        let error = OtlpGrpc::builder().endpoint(bad).build().unwrap_err();
        assert!(matches!(error, ConfigError::Endpoint { setting: "endpoint", .. }), "{bad}: {error}");
    }
    assert!(OtlpGrpc::builder().timeout(Duration::ZERO).build().is_err());
    assert!(OtlpGrpc::builder().header("a b", "c").build().is_err());
    assert_eq!(OtlpGrpc::builder().build().unwrap().endpoint(), "http://localhost:4317/");
}

#[test]
fn a_receiver_that_knows_no_strategies_is_told() {
    let receiver = Receiver::start(|_| Ok(ExportTraceServiceResponse::default()));
    let mut source =
        GrpcStrategies::builder().endpoint(receiver.url()).bearer_token("secret").build().unwrap();
    let error = source.fetch("shop", Instant::now() + SOON).unwrap_err();
    let unimplemented = u16::try_from(i32::from(Code::Unimplemented)).unwrap();
    let StrategyError::Unanswered(ExportError::Refused { status, .. }) = &error else {
        unreachable!("{error:?}");
    };
    assert_eq!(*status, unimplemented);
    assert!(!format!("{source:?}{error:?}").contains("secret"));
    receiver.stop();
}
