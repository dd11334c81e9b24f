//! The receiver goes and comes back under load: nothing is lost without being counted.

use std::io::Write;
use std::time::{Duration, Instant};

use tracer_core::{Exporter, Pipeline, Stats, Tracer};
use tracer_exporter_jaeger::{JaegerGrpc, OtlpGrpc, OtlpHttp, ThriftHttp, ZipkinHttp};

use crate::peers::Jaeger;
use crate::poll;
use crate::report::Report;

const SOON: Duration = Duration::from_secs(20);

/// How long spans are made with the receiver there, away, and there again.
const PHASE: Duration = Duration::from_secs(2);

/// The pipeline's memory, small enough to matter.
const MEMORY_BYTES_MAX: usize = 1 << 20;

const FOUR_AT_ONCE: &str = "otlp-http, 4 at once";

/// Jaeger is ended and started again while spans are finished, for every transport that is answered.
pub(in crate::suites) fn outage<W: Write>(report: &mut Report<W>) {
    let started =
        report.test("transports/outage: starts", || Jaeger::start().map_err(|error| error.to_string()));
    let Some(mut jaeger) = started else { return };
    for transport in ["otlp-http", FOUR_AT_ONCE, "otlp-grpc", "thrift-http", "jaeger-grpc", "zipkin-http"] {
        let name = format!("transports/outage: {transport}: each span is there or counted");
        let mut restarted = None;
        report.test(&name, || {
            let (back, result) = survive(transport, jaeger)?;
            restarted = Some(back);
            result
        });
        match restarted {
            Some(back) => jaeger = back,
            None => return,
        }
    }
}

/// Answers the Jaeger that was started last, and what was found.
fn survive(transport: &'static str, mut jaeger: Jaeger) -> Result<(Jaeger, Result<(), String>), String> {
    let builder = match transport {
        "otlp-http" => with(OtlpHttp::builder().endpoint(jaeger.otlp_http()).build()),
        FOUR_AT_ONCE => {
            with(OtlpHttp::builder().endpoint(jaeger.otlp_http()).concurrent_sends_max(4).build())
        }
        "otlp-grpc" => with(OtlpGrpc::builder().endpoint(jaeger.otlp_grpc()).build()),
        "thrift-http" => with(ThriftHttp::builder().endpoint(jaeger.thrift_http()).build()),
        "jaeger-grpc" => with(JaegerGrpc::builder().endpoint(jaeger.jaeger_grpc()).build()),
        _ => with(ZipkinHttp::builder().endpoint(jaeger.zipkin()).build()),
    }?;
    let pipeline = builder.start();
    let tracer = Tracer::builder(&format!("outage-{transport}")).pipeline(&pipeline).build();
    let first = make_trace(&tracer, PHASE);
    let flushed = pipeline.flush(SOON).map_err(|error| error.to_string());
    let flushed = flushed.and_then(|()| first.is_whole_in(&jaeger));
    let before = pipeline.stats();
    jaeger.stop();
    let mut made = vec![make_trace(&tracer, PHASE)];
    let away = pipeline.stats();
    let jaeger = jaeger.restart().map_err(|error| error.to_string())?;
    // The first exports may still meet what is left of the old connection.
    let back = poll::until(SOON, || {
        made.push(make_trace(&tracer, Duration::from_millis(50)));
        pipeline.flush(SOON).map_err(|error| error.to_string())
    });
    let at_return = pipeline.stats();
    let last = make_trace(&tracer, PHASE);
    let ended = pipeline.shutdown(SOON).map_err(|error| error.to_string());
    let after = pipeline.stats();
    let result = flushed.and(back).and(ended).and_then(|()| check(&before, &away, &at_return, &after));
    let result = result.and_then(|()| last.is_whole_in(&jaeger));
    made.push(last);
    // The new one knows nothing of what the old one took.
    let result = result.and_then(|()| are_all_in(&jaeger, &made, after.exported - away.exported));
    Ok((jaeger, result))
}

fn with<X: Exporter + 'static, E: std::error::Error>(
    exporter: Result<X, E>,
) -> Result<tracer_core::PipelineBuilder, String> {
    let exporter = exporter.map_err(|error| error.to_string())?;
    let builder = Pipeline::builder().exporter(exporter).memory_bytes_max(MEMORY_BYTES_MAX);
    Ok(builder.interval(Duration::from_millis(50)))
}

/// A trace of many spans.
struct Made {
    trace_id: String,
    spans: usize,
}

/// About 3,000 spans a second, all of one trace.
fn make_trace(tracer: &Tracer, phase: Duration) -> Made {
    let end = Instant::now() + phase;
    let root = tracer.span("root").start();
    let mut spans = 1;
    while Instant::now() < end {
        for n in 0..15 {
            tracer
                .span("work")
                .child_of(root.context())
                .tag("n", n)
                .tag("text", "0123456789")
                .start()
                .finish();
            spans += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let trace_id = root.context().trace_id().to_hex().map(char::from).iter().collect();
    root.finish();
    Made { trace_id, spans }
}

impl Made {
    fn is_whole_in(&self, jaeger: &Jaeger) -> Result<(), String> {
        poll::until(SOON, || {
            let seen = jaeger.query().trace(&self.trace_id)?.spans.len();
            if seen == self.spans { Ok(()) } else { Err(format!("{seen} of {} spans are there", self.spans)) }
        })
    }
}

/// What counts as exported is what is stored, no span more or less.
fn are_all_in(jaeger: &Jaeger, made: &[Made], exported: u64) -> Result<(), String> {
    poll::until(SOON, || {
        // Of a trace that was lost as a whole nothing is known.
        let spans = |made: &Made| jaeger.query().trace(&made.trace_id).map_or(0, |trace| trace.spans.len());
        let stored: usize = made.iter().map(spans).sum();
        if stored as u64 == exported {
            return Ok(());
        }
        Err(format!("{exported} spans count as exported since it came back, and {stored} are stored"))
    })
}

fn check(before: &Stats, away: &Stats, at_return: &Stats, after: &Stats) -> Result<(), String> {
    for stats in [before, away, at_return, after] {
        let ended = stats.exported + stats.failed + stats.dropped.total();
        if stats.finished != ended + stats.pending {
            return Err(format!("the account does not balance: {stats}"));
        }
    }
    if before.failed + before.dropped.total() > 0 {
        return Err(format!("spans were lost while the receiver was there: {before}"));
    }
    if away.failed + away.dropped.total() + away.pending == 0 {
        return Err(format!("no span is missing while the receiver is away: {away}"));
    }
    let lost_later = after.failed + after.dropped.total() - at_return.failed - at_return.dropped.total();
    if lost_later > 0 || after.pending > 0 {
        return Err(format!("{lost_later} spans were lost after its return: {after}"));
    }
    Ok(())
}
