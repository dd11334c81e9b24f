//! Headers' values, tokens and credentials are sent, and stand in no log line, no error and no debug output,
//! whatever becomes of the export.
//!
//! Exceptions, which the documentation tells: at level "trace", the HTTP client's protocol crate writes down the
//! bytes that it sends, and at level "debug" the client tells a URL with its query.
//!
//! A test of its own process, since a process has one logger.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may, as tests do")]

#[path = "it/collector.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod collector;
#[path = "it/random.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod random;
#[path = "it/spans.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod spans;

use std::fmt::Debug;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use tracer_core::Exporter;
use tracer_exporter_jaeger::{ExporterBuilder, OtlpHttp, ThriftHttp, ZipkinHttp};

use collector::{Collector, Reply, answer, nobody};

const TIMEOUT: Duration = Duration::from_secs(3);

/// `s3cret`, and what basic authorization makes of `me:s3cret`.
const SECRETS: [&str; 2] = ["s3cret", "bWU6czNjcmV0"];

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes all bytes that go over a socket, at level "trace".
const DUMPS: &str = "ureq_proto::util";

/// Takes everything else that any crate says.
struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() == DUMPS && record.level() == Level::Trace {
            return;
        }
        LINES.lock().push(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

fn assert_clean(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what}: {text}");
    }
}

/// Exports to a receiver, and looks at all that can be read of it.
fn try_it<B: Debug, X: Exporter + Debug>(what: &str, builder: B, build: impl Fn(B) -> X) {
    assert_clean(what, &format!("{builder:?} {builder:#?}"));
    let mut exporter = build(builder);
    assert_clean(what, &format!("{exporter:?} {exporter:#?}"));
    for _ in 0..2 {
        if let Err(error) = spans::export(&mut exporter, 1, TIMEOUT) {
            assert_clean(what, &format!("{error} {error:?}"));
        }
    }
    assert_clean(what, &format!("{exporter:?}"));
    for line in LINES.lock().split_off(0) {
        assert_clean(what, &line);
    }
}

/// The same exporter with each kind of secret.
fn try_all<X: tracer_exporter_jaeger::Transport + Exporter + Debug>(
    what: &str,
    url: &str,
    new: fn() -> ExporterBuilder<X>,
) {
    let builder = || new().timeout(TIMEOUT);
    let with_user = url.replace("http://", "http://me:s3cret@");
    for builder in [
        builder().endpoint(url).header("x-api-key", "s3cret"),
        builder().endpoint(url).header("authorization", "Basic s3cret").header("cookie", "s3cret"),
        builder().endpoint(url).bearer_token("s3cret"),
        builder().endpoint(with_user),
    ] {
        try_it(what, builder, |builder| builder.build().unwrap());
    }
}

#[cfg(feature = "grpc")]
fn try_grpc(url: &str) {
    use tracer_exporter_jaeger::{JaegerGrpc, OtlpGrpc};
    let with_user = url.replace("http://", "http://me:s3cret@");
    let timeout = Duration::from_millis(300);
    let otlp = || OtlpGrpc::builder().timeout(timeout);
    let jaeger = || JaegerGrpc::builder().timeout(timeout);
    for builder in [
        otlp().endpoint(url).header("x-api-key", "s3cret"),
        otlp().endpoint(url).bearer_token("s3cret"),
        otlp().endpoint(&with_user),
    ] {
        try_it("otlp-grpc", builder, |builder| builder.build().unwrap());
    }
    for builder in [
        jaeger().endpoint(url).header("x-api-key", "s3cret"),
        jaeger().endpoint(url).bearer_token("s3cret"),
        jaeger().endpoint(&with_user),
    ] {
        try_it("jaeger-grpc", builder, |builder| builder.build().unwrap());
    }
}

#[test]
fn no_secret_is_shown_whatever_becomes_of_an_export() {
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let taken = Collector::start(|_| Reply::Bytes(answer("202 Accepted", &[], b"")));
    let refused = Collector::start(|_| Reply::Bytes(answer("401 Unauthorized", &[], b"who are you?")));
    let broken = Collector::start(|_| Reply::Last(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()));
    let away = format!("http://{}", nobody());
    for url in [taken.url(), refused.url(), broken.url(), away] {
        try_all::<OtlpHttp>("otlp-http", &url, OtlpHttp::builder);
        try_all::<ThriftHttp>("thrift-http", &url, ThriftHttp::builder);
        try_all::<ZipkinHttp>("zipkin-http", &url, ZipkinHttp::builder);
        #[cfg(feature = "grpc")]
        try_grpc(&url);
    }
    // They were sent, and something was logged: the test looks at what it should.
    let requests = taken.requests();
    let has = |name, value| requests.iter().any(|request| request.header(name) == Some(value));
    assert!(has("x-api-key", "s3cret") && has("cookie", "s3cret"));
    assert!(has("authorization", "Bearer s3cret") && has("authorization", "Basic bWU6czNjcmV0"));
    log::trace!("s3cret");
    assert_eq!(LINES.lock().split_off(0).len(), 1);
}
