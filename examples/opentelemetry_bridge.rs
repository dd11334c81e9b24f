//! The `opentelemetry` API on our spans: a provider, a tracer and a span that forward.
//!
//! A sketch that must keep compiling, and whose test must keep passing, so that the bridge crate
//! stays possible. Context is not bridged here: a parent comes from `Context` only.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{self as otel, SpanBuilder, Status, TraceContextExt, TracerProvider as _};
use opentelemetry::{Context, InstrumentationScope, KeyValue, Value};
use tracer_core::{SpanContext, SpanId, SpanKind, StatusCode, TagRef, TraceFlags, TraceId, Tracer};

struct Provider(Tracer);

struct BridgeTracer(Tracer);

struct BridgeSpan {
    span: tracer_core::Span,
    context: otel::SpanContext,
}

impl otel::TracerProvider for Provider {
    type Tracer = BridgeTracer;

    fn tracer_with_scope(&self, _: InstrumentationScope) -> BridgeTracer {
        BridgeTracer(self.0.clone())
    }
}

impl otel::Tracer for BridgeTracer {
    type Span = BridgeSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> BridgeSpan {
        let parent = to_ours(parent.span().span_context());
        let named = self.0.span_with_name(&builder.name).ignore_active_span().child_of(&parent);
        let mut span = named.kind(builder.span_kind.map_or(SpanKind::Internal, kind)).start();
        for pair in builder.attributes.into_iter().flatten() {
            set(&mut span, &pair);
        }
        let context = to_theirs(span.context());
        BridgeSpan { span, context }
    }
}

impl otel::Span for BridgeSpan {
    fn add_event_with_timestamp<T: Into<Cow<'static, str>>>(
        &mut self,
        name: T,
        time: SystemTime,
        attributes: Vec<KeyValue>,
    ) {
        let fields: Vec<_> = attributes.iter().map(|pair| (pair.key.as_str(), value(&pair.value))).collect();
        self.span.log_at(time, &name.into(), &fields);
    }

    fn span_context(&self) -> &otel::SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.span.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        set(&mut self.span, &attribute);
    }

    fn set_status(&mut self, status: Status) {
        match status {
            Status::Unset => self.span.set_status(StatusCode::Unset, ""),
            Status::Ok => self.span.set_status(StatusCode::Ok, ""),
            Status::Error { description } => self.span.set_status(StatusCode::Error, &description),
        }
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, new_name: T) {
        self.span.set_operation_name(&new_name.into());
    }

    fn add_link(&mut self, context: otel::SpanContext, attributes: Vec<KeyValue>) {
        let fields: Vec<_> = attributes.iter().map(|pair| (pair.key.as_str(), value(&pair.value))).collect();
        self.span.add_link(&to_ours(&context), &fields);
    }

    fn end_with_timestamp(&mut self, time: SystemTime) {
        std::mem::take(&mut self.span).finish_at(time);
    }
}

fn set(span: &mut tracer_core::Span, pair: &KeyValue) {
    span.set_tag(pair.key.as_str(), value(&pair.value));
}

fn value(value: &Value) -> TagRef<'_> {
    match value {
        Value::Bool(truth) => TagRef::Bool(*truth),
        Value::I64(number) => TagRef::I64(*number),
        Value::F64(number) => TagRef::F64(*number),
        Value::String(text) => TagRef::Str(text.as_str()),
        _ => TagRef::Str("(array)"),
    }
}

const fn kind(kind: otel::SpanKind) -> SpanKind {
    match kind {
        otel::SpanKind::Client => SpanKind::Client,
        otel::SpanKind::Server => SpanKind::Server,
        otel::SpanKind::Producer => SpanKind::Producer,
        otel::SpanKind::Consumer => SpanKind::Consumer,
        otel::SpanKind::Internal => SpanKind::Internal,
    }
}

fn to_ours(context: &otel::SpanContext) -> SpanContext {
    let (trace_id, span_id) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
    let flags = TraceFlags::from_w3c(context.trace_flags().to_u8());
    SpanContext::new(TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id), flags)
}

fn to_theirs(context: &SpanContext) -> otel::SpanContext {
    otel::SpanContext::new(
        otel::TraceId::from_bytes(context.trace_id().to_bytes()),
        otel::SpanId::from_bytes(context.span_id().to_bytes()),
        otel::TraceFlags::new(context.flags().to_w3c()),
        context.is_remote(),
        otel::TraceState::default(),
    )
}

fn main() {
    let provider = Provider(Tracer::builder("bridged").build());
    use_their_api(&provider);
}

/// What a library that knows `opentelemetry` only would do.
fn use_their_api(provider: &Provider) {
    use opentelemetry::trace::{Span, Tracer};

    let tracer = provider.tracer("their library");
    let parent = tracer.start("parent");
    let inside = Context::new().with_remote_span_context(parent.span_context().clone());
    let mut child = tracer.start_with_context("child", &inside);
    child.set_attribute(KeyValue::new("rows", 3));
    child.add_event("cache miss", vec![KeyValue::new("key", "user:7")]);
    child.set_status(Status::error("too slow"));
    child.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_their_api_are_ours() {
        let test = tracer_core::testing::TestTracer::new("bridged");
        use_their_api(&Provider(test.tracer().clone()));
        let tree = "parent\n└─ child [error: too slow] rows=3\n     · cache miss key=user:7\n";
        assert_eq!(test.tree(), tree);
    }
}
