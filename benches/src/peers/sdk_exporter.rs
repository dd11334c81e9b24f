//! OpenTelemetry's side of a [`Sink`]; fastrace and tracing use it too.

use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};
use prost::Message;

use super::{Exported, Setup, Sink};

/// Counts spans that were taken.
#[derive(Debug)]
pub(super) struct SdkExporter {
    exported: Exported,
    resource: Resource,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Discard,
    Encode,
    Http(Box<opentelemetry_otlp::SpanExporter>),
}

impl SdkExporter {
    pub(super) fn new(sink: &Sink, exported: &Exported) -> Self {
        let inner = match sink {
            Sink::Discard => Inner::Discard,
            Sink::Encode => Inner::Encode,
            Sink::Http(url) => Inner::Http(Box::new(
                opentelemetry_otlp::SpanExporter::builder()
                    .with_http()
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(format!("{url}/v1/traces"))
                    .build()
                    .expect("the URL is the benchmark's own"),
            )),
        };
        Self { exported: exported.clone(), resource: resource(), inner }
    }
}

impl SpanExporter for SdkExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        match &self.inner {
            Inner::Discard => drop(batch),
            Inner::Encode => {
                let resource_spans = group_spans_by_resource_and_scope(batch, &(&self.resource).into());
                std::hint::black_box(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
            }
            Inner::Http(exporter) => exporter.export(batch).await?,
        }
        self.exported.add(spans);
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.clone();
        if let Inner::Http(exporter) = &mut self.inner {
            exporter.set_resource(resource);
        }
    }
}

fn resource() -> Resource {
    Resource::builder().with_service_name("bench").build()
}

/// The batch processor: defaults, but for the queue where that is asked for.
pub(super) fn provider(setup: &Setup, sampler: Sampler, exported: &Exported) -> SdkTracerProvider {
    let exporter = SdkExporter::new(&setup.sink, exported);
    let config = match setup.queue_spans {
        Some(spans) => BatchConfigBuilder::default().with_max_queue_size(spans).build(),
        None => BatchConfigBuilder::default().build(),
    };
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    let builder = SdkTracerProvider::builder().with_resource(resource()).with_sampler(sampler);
    builder.with_span_processor(processor).build()
}
