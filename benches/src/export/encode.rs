//! What it takes to encode a finished span for the wire: of what each library hands to its exporter, to bytes.

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanContext, TraceContextExt, Tracer as _, TracerProvider};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use prost::Message as _;
use rustracing::sampler::AllSampler;
use rustracing::tag::Tag;
use rustracing_jaeger::span::FinishedSpan;
use rustracing_jaeger::thrift::{agent, jaeger};
use thrift_codec::CompactEncode;
use thrift_codec::message::Message;
use tracer_core::row::Rows;
use tracer_core::{Batch, ExportError, Exported, Exporter, Pipeline, Resource, Scope};
use tracer_exporter_jaeger::encode::{jaeger_proto, otlp, thrift, zipkin};

use crate::workload::user_name;

/// Spans of a batch.
const SPANS: usize = 1_000;

/// One library's way to one format.
pub struct Encoder {
    /// Who, and what.
    pub name: &'static str,
    /// Encodes a batch; how long that took, and the bytes.
    run: Box<dyn FnMut() -> (Duration, usize)>,
}

/// The best of all rounds.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// For one span.
    pub ns: f64,
    /// For one span.
    pub bytes: usize,
}

/// All of them, with spans of 4 tags and an event of 1 field.
#[must_use]
pub fn encoders() -> Vec<Encoder> {
    let rows = Arc::new(rows());
    let ours = |name, encode: fn(&Batch<'_>, &mut Vec<u8>)| {
        let (rows, mut out) = (Arc::clone(&rows), Vec::new());
        let (resource, scope) = (Resource::bare("svc"), Scope::default());
        let run = move || {
            let batch = Batch::new(&resource, &scope, Rows::from_bytes(&rows).expect("rows of a tracer"));
            timed(|| encode(&batch, &mut out)).map_bytes(out.len())
        };
        Encoder { name, run: Box::new(run) }
    };
    vec![
        ours("tracer-exporter-jaeger, OTLP", otlp::encode),
        ours("tracer-exporter-jaeger, Thrift compact", |batch, out| {
            let _ = thrift::encode_compact(batch, out);
        }),
        ours("tracer-exporter-jaeger, Thrift binary", |batch, out| {
            let _ = thrift::encode_binary(batch, out);
        }),
        ours("tracer-exporter-jaeger, Jaeger protobuf", |batch, out| {
            let _ = jaeger_proto::encode(batch, out);
        }),
        ours("tracer-exporter-jaeger, Zipkin JSON", |batch, out| {
            let _ = zipkin::encode(batch, out);
        }),
        opentelemetry(),
        rustracing(),
    ]
}

/// The encoders take turns, so many rounds long.
pub fn measure(encoders: &mut [Encoder], rounds: usize) -> Vec<Figure> {
    let mut figures = vec![Figure { ns: f64::MAX, bytes: 0 }; encoders.len()];
    for _ in 0..rounds {
        for (encoder, figure) in encoders.iter_mut().zip(&mut figures) {
            let (time, bytes) = (encoder.run)();
            figure.ns = figure.ns.min(time.as_secs_f64() * 1e9 / SPANS as f64);
            figure.bytes = bytes / SPANS;
        }
    }
    figures
}

/// A time, waiting for its bytes.
struct Timed(Duration);

impl Timed {
    const fn map_bytes(self, bytes: usize) -> (Duration, usize) {
        (self.0, bytes)
    }
}

fn timed(work: impl FnOnce()) -> Timed {
    let begun = Instant::now();
    work();
    Timed(begun.elapsed())
}

/// Keeps what an exporter is given.
#[derive(Debug)]
struct Keep<T>(Arc<Mutex<Vec<T>>>);

impl<T> Keep<T> {
    fn extend(&self, items: impl IntoIterator<Item = T>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Exporter for Keep<u8> {
    fn name(&self) -> &'static str {
        "keep"
    }

    fn export(&mut self, batch: &Batch<'_>, _: Instant) -> Result<Exported, ExportError> {
        self.extend(batch.rows.as_bytes().iter().copied());
        Ok(Exported::ALL)
    }
}

impl SpanExporter for Keep<SpanData> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.extend(batch);
        Ok(())
    }
}

fn rows() -> Vec<u8> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let pipeline = Pipeline::builder().exporter(Keep(Arc::clone(&kept))).start_without_thread();
    let tracer = tracer_core::Tracer::builder("svc").pipeline(&pipeline).build();
    let parent = tracer.span("parent").start();
    for n in 0..SPANS {
        let mut span = tracer.span("child").child_of(parent.context()).start();
        span.set_tag("http.request.method", "GET");
        span.set_tag("user.name", user_name(n));
        span.set_tag("http.response.status_code", 200);
        span.set_tag("items", n as i64);
        span.log("cache miss", &[("retries", 2.into())]);
        span.finish();
    }
    pipeline.flush(Duration::from_secs(60)).expect("an exporter that takes all");
    Keep(kept).take()
}

fn opentelemetry() -> Encoder {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let provider = SdkTracerProvider::builder().with_simple_exporter(Keep(Arc::clone(&kept))).build();
    let tracer = provider.tracer("bench");
    let parent = opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
        1.into(),
        1.into(),
        opentelemetry::trace::TraceFlags::SAMPLED,
        true,
        opentelemetry::trace::TraceState::NONE,
    ));
    for n in 0..SPANS {
        let mut span = tracer.start_with_context("child", &parent);
        span.set_attribute(KeyValue::new("http.request.method", "GET"));
        span.set_attribute(KeyValue::new("user.name", user_name(n)));
        span.set_attribute(KeyValue::new("http.response.status_code", 200));
        span.set_attribute(KeyValue::new("items", n as i64));
        span.add_event("cache miss", vec![KeyValue::new("retries", 2)]);
    }
    let spans = Keep(kept).take();
    let resource = opentelemetry_sdk::Resource::builder_empty().with_service_name("svc").build();
    let run = move || {
        let (spans, mut bytes) = (spans.clone(), 0);
        let time = timed(|| {
            let resource_spans = group_spans_by_resource_and_scope(spans, &(&resource).into());
            bytes = black_box(ExportTraceServiceRequest { resource_spans }.encode_to_vec()).len();
        });
        time.map_bytes(bytes)
    };
    Encoder { name: "opentelemetry-otlp, OTLP", run: Box::new(run) }
}

fn rustracing() -> Encoder {
    let (sender, receiver) = crossbeam_channel::unbounded();
    let tracer = rustracing_jaeger::Tracer::with_sender(AllSampler, sender);
    let parent = tracer.span("parent").start();
    for n in 0..SPANS {
        let mut span = parent.child("child", |options| options.start());
        span.set_tag(|| Tag::new("http.request.method", "GET"));
        span.set_tag(|| Tag::new("user.name", user_name(n).to_owned()));
        span.set_tag(|| Tag::new("http.response.status_code", 200));
        span.set_tag(|| Tag::new("items", n as i64));
        span.log(|log| {
            log.std().event("cache miss");
            log.field(("retries", "2"));
        });
    }
    let spans: Vec<FinishedSpan> = receiver.try_iter().collect();
    let process = jaeger::Process { service_name: "svc".to_owned(), tags: Vec::new() };
    let run = move || {
        let mut bytes = Vec::new();
        let time = timed(|| {
            let spans = spans.iter().map(From::from).collect();
            let batch = jaeger::Batch { process: process.clone(), spans };
            let message = Message::from(agent::EmitBatchNotification { batch });
            message.compact_encode(&mut bytes).expect("memory takes all");
        });
        time.map_bytes(bytes.len())
    };
    Encoder { name: "rustracing_jaeger, Thrift compact", run: Box::new(run) }
}
