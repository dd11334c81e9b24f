//! What a span must become: the OTLP message, from the calls alone and by the words of the documentation.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use tracer_core::{Field, SpanContext, SpanKind, SpanLimits, StatusCode, TagRef};

/// A span as it must come out, and what must have been counted.
pub(crate) struct Model {
    pub(crate) span: Span,
    values_cut: u64,
    static_name_cut: u64,
    /// Which events have a time that nobody gave.
    pub(crate) events_now: Vec<usize>,
    /// Bytes of the entries that were kept.
    body_bytes: usize,
    limits: SpanLimits,
}

impl Model {
    pub(crate) fn new(limits: &SpanLimits) -> Self {
        let span = Span { kind: otlp_kind(SpanKind::Internal), ..Span::default() };
        let mut limits = limits.clone();
        // No setting is above what a row has room for.
        limits.name_bytes_max = limits.name_bytes_max.min(2 * 1024);
        limits.body_bytes_max = limits.body_bytes_max.min(40 * 1024);
        Self { span, values_cut: 0, static_name_cut: 0, events_now: Vec::new(), body_bytes: 0, limits }
    }

    pub(crate) const fn entries_dropped(&self) -> u64 {
        let span = &self.span;
        span.dropped_attributes_count as u64
            + span.dropped_events_count as u64
            + span.dropped_links_count as u64
    }

    /// The tags that a sampler leaves on a root, which no limit cuts.
    pub(crate) fn sampled_by_const(&mut self) {
        let values = [Value::StringValue("const".to_owned()), Value::BoolValue(true)];
        for (key, value) in ["sampler.type", "sampler.param"].into_iter().zip(values) {
            let value = Some(AnyValue { value: Some(value) });
            let pair = KeyValue { key: key.to_owned(), value, ..KeyValue::default() };
            self.body_bytes += field_len(pair_len(&pair));
            self.span.attributes.push(pair);
        }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.span.name = self.cut(name, self.limits.name_bytes_max);
        self.static_name_cut = 0;
    }

    /// The name that the span has if no other comes: it is cut at the end.
    pub(crate) fn set_static_name(&mut self, name: &str) {
        self.span.name = start_of(name, self.limits.name_bytes_max).to_owned();
        self.static_name_cut = u64::from(self.span.name.len() < name.len());
    }

    pub(crate) const fn values_cut(&self) -> u64 {
        self.values_cut + self.static_name_cut
    }

    pub(crate) const fn set_kind(&mut self, kind: SpanKind) {
        self.span.kind = otlp_kind(kind);
    }

    pub(crate) fn set_status(&mut self, status: StatusCode, message: &str) {
        let message = self.cut(message, self.limits.name_bytes_max);
        self.span.status = Some(Status { message, code: otlp_status(status) });
    }

    pub(crate) fn set_tag(&mut self, key: &str, value: TagRef<'_>) {
        match (key, value) {
            ("error", TagRef::Bool(error)) => {
                let status = if error { StatusCode::Error } else { StatusCode::Unset };
                self.span.status.get_or_insert_default().code = otlp_status(status);
            }
            ("span.kind", TagRef::Str("client")) => self.set_kind(SpanKind::Client),
            ("span.kind", TagRef::Str("consumer")) => self.set_kind(SpanKind::Consumer),
            _ => self.set_attribute(key, value),
        }
    }

    fn set_attribute(&mut self, key: &str, value: TagRef<'_>) {
        let pair = self.pair((key, value));
        if let Some(at) = self.span.attributes.iter().position(|other| other.key == pair.key) {
            let replaced = self.span.attributes.remove(at);
            self.body_bytes -= field_len(pair_len(&replaced));
        }
        let len = pair_len(&pair);
        if self.span.attributes.len() >= self.limits.attributes_max as usize || !self.take_room(len) {
            self.span.dropped_attributes_count += 1;
        } else {
            self.span.attributes.push(pair);
        }
    }

    /// An event; without a time it is one of now.
    pub(crate) fn log(&mut self, time_unix_nano: Option<u64>, name: &str, fields: &[Field<'_>]) {
        let name = self.cut(name, self.limits.name_bytes_max);
        let attributes = self.pairs(fields);
        let len = 9 + field_len(name.len()) + pairs_len(&attributes);
        if self.span.events.len() >= self.limits.events_max as usize || !self.take_room(len) {
            self.span.dropped_events_count += 1;
            return;
        }
        if time_unix_nano.is_none() {
            self.events_now.push(self.span.events.len());
        }
        let time_unix_nano = time_unix_nano.unwrap_or(0);
        self.span.events.push(Event { time_unix_nano, name, attributes, dropped_attributes_count: 0 });
    }

    pub(crate) fn add_link(&mut self, context: &SpanContext, fields: &[Field<'_>]) {
        let attributes = self.pairs(fields);
        let link = Link {
            trace_id: context.trace_id().to_bytes().to_vec(),
            span_id: context.span_id().to_bytes().to_vec(),
            trace_state: trace_state(context),
            attributes,
            dropped_attributes_count: 0,
            flags: otlp_flags(context.flags().to_w3c(), context.is_remote()),
        };
        let state_len = if link.trace_state.is_empty() { 0 } else { field_len(link.trace_state.len()) };
        let len = field_len(16) + field_len(8) + state_len + pairs_len(&link.attributes) + 5;
        if self.span.links.len() >= self.limits.links_max as usize || !self.take_room(len) {
            self.span.dropped_links_count += 1;
        } else {
            self.span.links.push(link);
        }
    }

    /// The message as it must be sent: a status that says nothing is none.
    pub(crate) fn finished(mut self) -> Span {
        self.span.status = self.span.status.filter(|status| status.code != 0);
        self.span
    }

    fn take_room(&mut self, content_len: usize) -> bool {
        let body_bytes = self.body_bytes + field_len(content_len);
        let fits = body_bytes <= self.limits.body_bytes_max;
        if fits {
            self.body_bytes = body_bytes;
        }
        fits
    }

    fn pairs(&mut self, fields: &[Field<'_>]) -> Vec<KeyValue> {
        fields.iter().map(|field| self.pair(*field)).collect()
    }

    fn pair(&mut self, (key, value): Field<'_>) -> KeyValue {
        let key = self.cut(key, self.limits.name_bytes_max);
        let value = Some(AnyValue { value: Some(self.value(value)) });
        KeyValue { key, value, ..KeyValue::default() }
    }

    fn value(&mut self, value: TagRef<'_>) -> Value {
        let bytes_max = self.limits.value_bytes_max;
        match value {
            TagRef::Str(text) => Value::StringValue(self.cut(text, bytes_max)),
            TagRef::Bool(truth) => Value::BoolValue(truth),
            TagRef::I64(number) => Value::IntValue(number),
            TagRef::U64(number) => {
                i64::try_from(number).map_or_else(|_| Value::StringValue(number.to_string()), Value::IntValue)
            }
            TagRef::F64(number) => Value::DoubleValue(number),
            TagRef::Bytes(bytes) => Value::BytesValue(self.first(bytes, bytes_max).to_vec()),
            TagRef::StrArray(texts) => array(self.first_texts(texts), Value::StringValue),
            TagRef::BoolArray(truths) => array(self.first(truths, bytes_max).to_vec(), Value::BoolValue),
            TagRef::I64Array(numbers) => array(self.first(numbers, bytes_max / 8).to_vec(), Value::IntValue),
            TagRef::F64Array(numbers) => {
                array(self.first(numbers, bytes_max / 8).to_vec(), Value::DoubleValue)
            }
            _ => panic!("a type that the model does not know: {value:?}"),
        }
    }

    fn cut(&mut self, text: &str, bytes_max: usize) -> String {
        let start = start_of(text, bytes_max);
        self.values_cut += u64::from(start.len() < text.len());
        start.to_owned()
    }

    fn first<'a, T>(&mut self, items: &'a [T], items_max: usize) -> &'a [T] {
        self.values_cut += u64::from(items.len() > items_max);
        &items[..items.len().min(items_max)]
    }

    /// As many texts as fit together, and the start of the first one that does not.
    fn first_texts(&mut self, texts: &[&str]) -> Vec<String> {
        let mut left = self.limits.value_bytes_max;
        let mut kept = Vec::new();
        for text in texts {
            if text.len() > left {
                kept.push(start_of(text, left).to_owned());
                self.values_cut += 1;
                break;
            }
            left -= text.len();
            kept.push((*text).to_owned());
        }
        kept
    }
}

pub(crate) fn trace_state(context: &SpanContext) -> String {
    context.trace_state().map_or_else(String::new, |state| state.as_str().to_owned())
}

/// The W3C byte; bit 8 says that bit 9 is known, bit 9 that the context is a remote one.
pub(crate) const fn otlp_flags(w3c: u8, is_remote: bool) -> u32 {
    w3c as u32 | if is_remote { 0x300 } else { 0x100 }
}

const fn otlp_kind(kind: SpanKind) -> i32 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

const fn otlp_status(status: StatusCode) -> i32 {
    match status {
        StatusCode::Unset => 0,
        StatusCode::Ok => 1,
        StatusCode::Error => 2,
    }
}

fn array<T>(items: Vec<T>, value: impl Fn(T) -> Value) -> Value {
    let values = items.into_iter().map(|item| AnyValue { value: Some(value(item)) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

/// The whole characters within the first bytes.
fn start_of(text: &str, bytes_max: usize) -> &str {
    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
    &text[..ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0)]
}

/// The size of a field with a short number and content of that length. Rows also hold what is empty, which
/// prost leaves out, so sizes of messages with texts are summed up here.
fn field_len(content: usize) -> usize {
    1 + prost::length_delimiter_len(content) + content
}

fn pair_len(pair: &KeyValue) -> usize {
    field_len(pair.key.len()) + field_len(pair.value.as_ref().map_or(0, Message::encoded_len))
}

fn pairs_len(pairs: &[KeyValue]) -> usize {
    pairs.iter().map(|pair| field_len(pair_len(pair))).sum()
}
