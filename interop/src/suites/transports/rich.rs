//! A trace that has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use tracer_core::row::Rows;
use tracer_core::{
    Batch, Clock, ExportError, Exported, Exporter, Pipeline, Resource, Scope, SpanContext, SpanId, SpanKind,
    StatusCode, TraceFlags, TraceId, TraceState, Tracer,
};

use crate::jaeger_json::Trace;

/// Its parts by the names of their spans; each has its own kind.
pub(super) const SPANS: [&str; 5] = ["GET /größe", "SELECT", "publish", "consume", "join"];

/// How long its trace id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits128,
    Bits64,
}

/// The trace as rows.
#[derive(Clone, Debug)]
pub(super) struct RichTrace {
    resource: Resource,
    scope: Scope,
    rows: Vec<u8>,
    width: Width,
    id: TraceId,
}

/// The id that stands for all others when traces are compared.
const COMMON_ID: &str = "the trace";

impl RichTrace {
    /// Makes it, with a trace id that is used nowhere else.
    pub(super) fn new(width: Width) -> Self {
        let resource = Resource::bare("rich")
            .with_tag("service.version", "1.2.3")
            .with_tag("host.name", "höst")
            .with_tag("process.pid", 4711)
            .with_tag("region", "Zürich");
        let id = new_id(width);
        let rows = capture(|tracer| finish_spans(tracer, id));
        Self { resource, scope: Scope::new("interop", "0.9"), rows, width, id }
    }

    /// How long its id is.
    pub(super) const fn width(&self) -> Width {
        self.width
    }

    /// The same with another trace id: only these bytes change.
    pub(super) fn with_new_id(&self) -> Self {
        let id = new_id(self.width);
        let (old, new) = (self.id.to_bytes(), id.to_bytes());
        let mut rows = self.rows.clone();
        for at in 0..rows.len().saturating_sub(old.len() - 1) {
            if let Some(place) = rows.get_mut(at..at + old.len()).filter(|place| **place == old) {
                place.copy_from_slice(&new);
            }
        }
        Self { rows, id, ..self.clone() }
    }

    /// Gives it to an exporter.
    pub(super) fn export(&self, exporter: &mut dyn Exporter, timeout: Duration) -> Result<(), ExportError> {
        let rows = Rows::from_bytes(&self.rows).map_err(|error| ExportError::Failed(error.to_string()))?;
        let batch = Batch::new(&self.resource, &self.scope, rows);
        let deadline = Instant::now() + timeout;
        let exported = exporter.export(&batch, deadline)?;
        if exported != Exported::ALL {
            return Err(ExportError::Failed(format!("{} spans were rejected", exported.rejected)));
        }
        exporter.flush(deadline)
    }

    /// The id in 32 digits.
    pub(super) fn trace_id_hex(&self) -> String {
        self.id.to_hex().iter().map(|digit| char::from(*digit)).collect()
    }

    /// The id as Jaeger shows it.
    fn shown_id(&self) -> String {
        let hex = self.trace_id_hex();
        match self.width {
            Width::Bits128 => hex,
            Width::Bits64 => hex.trim_start_matches('0').to_owned(),
        }
    }

    /// What Jaeger answered, with one id for the trace in all answers, spans in the order of their names.
    pub(super) fn with_common_id(&self, mut trace: Trace) -> Trace {
        let (own, hex) = (self.shown_id(), self.trace_id_hex());
        let common = |id: &mut String| {
            let is_own = id.trim_start_matches('0') == own.trim_start_matches('0') || *id == hex;
            *id = if is_own { COMMON_ID.to_owned() } else { id.trim_start_matches('0').to_owned() };
        };
        common(&mut trace.trace_id);
        for span in &mut trace.spans {
            common(&mut span.trace_id);
            span.references.iter_mut().for_each(|reference| common(&mut reference.trace_id));
        }
        trace.spans.sort_by(|a, b| a.operation_name.cmp(&b.operation_name));
        trace
    }

    /// Checks an answer, not with another one, but with what was set.
    pub(super) fn check(trace: &Trace) -> Result<(), String> {
        let mut problems = Vec::new();
        let mut expect = |what: &str, seen: Option<String>, expected: &str| {
            if seen.as_deref() != Some(expected) {
                problems.push(format!("{what}: {seen:?}, not {expected:?}"));
            }
        };
        for (name, key, expected) in EXPECTED_TAGS {
            let span = trace.spans.iter().find(|span| span.operation_name == *name);
            expect(&format!("{name}, {key}"), span.and_then(|span| span.tag(key)), expected);
        }
        for (name, expected) in EXPECTED_REFERENCES {
            let span = trace.spans.iter().find(|span| span.operation_name == *name);
            let types = span.map(|span| {
                let types: Vec<_> = span.references.iter().map(|it| it.ref_type.as_str()).collect();
                types.join(" ")
            });
            expect(&format!("{name}, references"), types, expected);
        }
        let select = trace.spans.iter().find(|span| span.operation_name == "SELECT");
        let log = select.and_then(|span| span.logs.first());
        expect("SELECT, log", log.map(crate::jaeger_json::Log::message), "lock wait|für <alle>");
        expect("SELECT, log field", log.and_then(|log| log.field("blockers")), "2");
        expect("services", trace.spans.first().map(|span| trace.service_of(span).to_owned()), "rich");
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    }
}

impl std::fmt::Display for Width {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bits128 => "128-bit ids",
            Self::Bits64 => "64-bit ids",
        })
    }
}

/// Span, tag, value.
const EXPECTED_TAGS: &[(&str, &str, &str)] = &[
    ("GET /größe", "span.kind", "server"),
    ("GET /größe", "text", "Grüße, 世界 🦀 \"<&>"),
    ("GET /größe", "yes", "true"),
    ("GET /größe", "most", "9223372036854775807"),
    ("GET /größe", "minus", "-1"),
    ("GET /größe", "half", "0.5"),
    ("GET /größe", "bytes", "AP8K"),
    ("GET /größe", "otel.status_code", "OK"),
    ("GET /größe", "otel.scope.name", "interop"),
    ("GET /größe", "otel.scope.version", "0.9"),
    ("GET /größe", "w3c.tracestate", "vendor=ab"),
    ("SELECT", "span.kind", "client"),
    ("SELECT", "error", "true"),
    ("SELECT", "otel.status_code", "ERROR"),
    ("SELECT", "otel.status_description", "kaputt ✗"),
    ("SELECT", "peer.service", "mysql"),
    ("publish", "span.kind", "producer"),
    ("consume", "span.kind", "consumer"),
    ("join", "span.kind", "internal"),
];

const EXPECTED_REFERENCES: &[(&str, &str)] = &[
    ("GET /größe", "CHILD_OF"),
    ("SELECT", "CHILD_OF"),
    ("publish", "CHILD_OF"),
    ("consume", "FOLLOWS_FROM"),
    ("join", "CHILD_OF CHILD_OF FOLLOWS_FROM FOLLOWS_FROM"),
];

fn finish_spans(tracer: &Tracer, id: TraceId) {
    let start = Clock::system().now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let caller = context(id, 0x11);
    let mut root =
        tracer.span("GET /größe").child_of(&caller).kind(SpanKind::Server).start_time(at(0)).start();
    root.set_tag("text", "Grüße, 世界 🦀 \"<&>").set_tag("yes", true).set_tag("no", false);
    root.set_tag("most", i64::MAX).set_tag("minus", -1).set_tag("zero", 0).set_tag("half", 0.5);
    root.set_tag("large", u64::MAX).set_tag("bytes", &[0_u8, 255, 10][..]).set_tag("empty", "");
    root.set_tag("texts", &["a", "", "ü"][..]).set_tag("integers", &[0, -1, i64::MAX][..]);
    root.set_tag("floats", &[0.25, -1.5][..]).set_tag("truths", &[true, false][..]);
    root.set_status(StatusCode::Ok, "");
    let of_root = root.context().clone();
    let mut select =
        tracer.span("SELECT").child_of(&of_root).kind(SpanKind::Client).start_time(at(1)).start();
    select.set_tag("peer.service", "mysql").set_status(StatusCode::Error, "kaputt ✗");
    let fields =
        [("blockers", 2.into()), ("who", "är|ger".into()), ("sure", true.into()), ("ms", 1.5.into())];
    select.log_at(at(2), "lock wait|für <alle>", &fields).log_at(at(3), "no fields", &[]);
    select.finish_at(at(4));
    let publish =
        tracer.span("publish").child_of(&of_root).kind(SpanKind::Producer).start_time(at(5)).start();
    let cause = publish.context().clone();
    publish.finish_at(at(6));
    let consume = tracer.span("consume").follows_from(&cause).kind(SpanKind::Consumer).start_time(at(7));
    consume.start().finish_at(at(8));
    let others = [0x22, 0x33, 0x44].map(|n| context(TraceId::from_bytes([n; 16]), n));
    let [second, before, linked] = &others;
    let join = tracer.span("join").child_of(&of_root).child_of(second).follows_from(before);
    let mut join = join.start_time(at(8)).start();
    join.add_link(linked, &[("why", "batch".into()), ("n", 3.into())]);
    join.finish_at(at(9));
    root.finish_at(at(10));
}

/// A span elsewhere.
fn context(trace_id: TraceId, n: u8) -> SpanContext {
    let mut state = TraceState::default();
    // A list of one short member is within all limits.
    let _ = state.push("vendor", "ab");
    SpanContext::new(trace_id, SpanId::from_bytes([n; 8]), TraceFlags::SAMPLED)
        .with_trace_state(state)
        .into_remote()
}

/// An id that no other call gave, nor another run a moment ago.
fn new_id(width: Width) -> TraceId {
    static NEXT: AtomicU64 = AtomicU64::new(0x7ace);
    let since = Clock::system().now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let low = u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) << 48 | since.as_micros() & 0xffff_ffff_ffff;
    let high: u128 = match width {
        Width::Bits128 => 0xfeed_0000_0000_0000_0000_0000_0000_0000,
        Width::Bits64 => 0,
    };
    TraceId::from_bytes((high | low & u128::from(u64::MAX)).to_be_bytes())
}

/// Keeps rows.
#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Exporter for Capture {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        self.0.lock().extend_from_slice(batch.rows.as_bytes());
        Ok(Exported::ALL)
    }
}

/// The rows of the spans that `work` finishes.
fn capture(work: impl FnOnce(&Tracer)) -> Vec<u8> {
    let capture = Capture::default();
    let pipeline = Pipeline::builder().exporter(capture.clone()).start_without_thread();
    let tracer = Tracer::builder("rich").pipeline(&pipeline).build();
    work(&tracer);
    // What the test's own exporter takes is there, whatever the flush says.
    let _ = pipeline.flush(Duration::from_secs(10));
    let rows = capture.0.lock();
    rows.clone()
}
