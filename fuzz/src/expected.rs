//! What a life must come to, worked out from the documentation: the record, and the counts.

use tracer_core::row::record::{EventRecord, LinkRecord, SpanRecord, Value};
use tracer_core::{Field, SpanContext, SpanKind, SpanLimits, StatusCode, TagRef};

use crate::life::{Call, Life, Name, SAMPLING_PRIORITY, static_name};
use crate::sizes;

/// The span as it must be when it ends; and what is counted.
#[derive(Debug)]
pub struct Expected {
    pub is_recording: bool,
    pub record: SpanRecord,
    /// It began to record at a moment that the input does not say.
    pub is_start_unknown: bool,
    values_cut: u64,
    /// How often it was taken out by `sampling.priority`.
    pub abandoned: u64,
    /// It recorded at some time.
    pub was_recorded: bool,
    static_name: &'static str,
    has_own_name: bool,
    body_bytes: usize,
    limits: SpanLimits,
}

impl Expected {
    /// The span after its start.
    pub fn of_start(life: &Life<'_>, limits: &SpanLimits) -> Self {
        let [child_of, follows_from] = life.references();
        let parent = child_of.as_ref().or(follows_from.as_ref()).filter(|parent| parent.is_valid());
        let priority = life.tags().rev().find_map(priority);
        let is_recording = match priority {
            Some(priority) => priority > 0,
            None => parent.is_none_or(SpanContext::is_sampled),
        };
        let mut expected = Self {
            is_recording,
            record: SpanRecord::default(),
            is_start_unknown: false,
            values_cut: 0,
            abandoned: 0,
            was_recorded: is_recording,
            static_name: if let Name::Static(index) = life.name { static_name(index) } else { "" },
            has_own_name: false,
            body_bytes: 0,
            limits: limits.clone(),
        };
        expected.record.kind = life.kind.map_or(SpanKind::Internal, Into::into);
        expected.record.parent_span_id = parent.map(SpanContext::span_id).unwrap_or_default();
        expected.record.trace_state =
            parent.and_then(SpanContext::trace_state).map(ToString::to_string).unwrap_or_default();
        let is_random = parent.is_none_or(|parent| parent.flags().to_w3c() & 2 != 0);
        let is_remote = parent.is_some_and(SpanContext::is_remote);
        expected.record.flags = 0x101 | u32::from(is_random) << 1 | u32::from(is_remote) << 9;
        if is_recording {
            let is_sampler_asked = parent.is_none() && priority.is_none();
            expected.fill(life, is_sampler_asked, follows_from.as_ref());
        }
        expected
    }

    /// What the builder gives to a span that records from its start.
    fn fill(&mut self, life: &Life<'_>, is_sampler_asked: bool, follows_from: Option<&SpanContext>) {
        self.record.start_unix_ns = life.start_unix_ns;
        self.set_name("");
        if let Name::Dynamic(name) = &life.name {
            self.set_name(name);
        }
        if is_sampler_asked {
            let by = [("sampler.type", Value::Str("const".into())), ("sampler.param", Value::Bool(true))];
            for (key, value) in by {
                self.body_bytes += sizes::field(sizes::pair(&(key.to_owned(), value.clone())));
                self.record.attributes.push((key.to_owned(), value));
            }
        }
        for (key, value) in life.tags() {
            self.set_tag_alone(key, value);
        }
        if let Some(context) = follows_from.filter(|context| context.is_valid()) {
            self.add_link(context, vec![("opentracing.ref_type", TagRef::Str("follows_from"))]);
        }
    }

    /// The span after one more call.
    pub fn apply(&mut self, call: &Call<'_>) {
        match call {
            Call::SetKind(kind) => self.record.kind = (*kind).into(),
            Call::SetTag(key, value) => self.set_tag(key.as_str(), value.tag_ref()),
            Call::SetPriority(wanted) => self.set_tag(SAMPLING_PRIORITY, i64::from(*wanted).into()),
            _ if !self.is_recording => {}
            Call::Log(unix_ns, name, pairs) => {
                let fields = pairs.iter().map(|(key, value)| (key.as_str(), value.tag_ref())).collect();
                self.add_event(*unix_ns, name, fields);
            }
            Call::AddLink(context, pairs) => {
                let fields = pairs.iter().map(|(key, value)| (key.as_str(), value.tag_ref())).collect();
                self.add_link(&context.build(), fields);
            }
            Call::SetStatus(status, message) => {
                self.record.status = (*status).into();
                self.record.status_message = self.cut_counted(message, self.limits.name_bytes_max);
            }
            Call::Rename(name) => {
                self.set_name(name);
            }
        }
    }

    /// The record at its end: a message without a status is not kept, and no end is before the start.
    pub fn end(&mut self, end_unix_ns: u64) {
        self.record.end_unix_ns = end_unix_ns.max(self.record.start_unix_ns);
        if self.record.status == StatusCode::Unset {
            self.record.status_message.clear();
        }
    }

    /// How many values were cut; a name that is part of the program, at the end.
    pub fn values_cut(&self) -> u64 {
        let is_name_cut = !self.has_own_name && self.record.name.len() < self.static_name.len();
        self.values_cut + u64::from(is_name_cut)
    }

    /// How many entries were left out.
    pub fn entries_dropped(&self) -> u64 {
        let record = &self.record;
        u64::from(record.dropped_attributes + record.dropped_events + record.dropped_links)
    }

    fn set_tag(&mut self, key: &str, value: TagRef<'_>) {
        if let Some(priority) = priority((key, value)) {
            self.set_priority(priority);
        }
        self.set_tag_alone(key, value);
    }

    /// Without what `sampling.priority` does: a builder's tags have been looked at before.
    fn set_tag_alone(&mut self, key: &str, value: TagRef<'_>) {
        match (key, value) {
            ("span.kind", TagRef::Str(kind)) if kind_of(kind).is_some() => {
                self.record.kind = kind_of(kind).unwrap_or_default();
            }
            ("error", TagRef::Bool(error)) if self.is_recording => {
                self.record.status = if error { StatusCode::Error } else { StatusCode::Unset };
            }
            (key, value) if self.is_recording => self.set_attribute(key, value),
            _ => {}
        }
    }

    fn set_priority(&mut self, priority: i64) {
        match (self.is_recording, priority > 0) {
            (true, false) => {
                self.is_recording = false;
                self.abandoned += 1;
            }
            (false, true) => self.begin_again(),
            _ => {}
        }
    }

    /// Records from now on: what was set before is gone, but for what the context and the kind say.
    fn begin_again(&mut self) {
        let before = std::mem::take(&mut self.record);
        self.record.parent_span_id = before.parent_span_id;
        self.record.trace_state = before.trace_state;
        self.record.flags = before.flags;
        self.record.kind = before.kind;
        self.static_name = if self.static_name.is_empty() { "unnamed" } else { self.static_name };
        (self.body_bytes, self.values_cut) = (0, 0);
        self.set_name("");
        (self.is_recording, self.was_recorded, self.is_start_unknown) = (true, true, true);
    }

    fn set_attribute(&mut self, key: &str, value: TagRef<'_>) {
        let pair = self.cut_field((key, value));
        if let Some(index) = self.record.attributes.iter().position(|(key, _)| *key == pair.0) {
            let replaced = self.record.attributes.remove(index);
            self.body_bytes -= sizes::field(sizes::pair(&replaced));
        }
        let is_full = self.record.attributes.len() >= count(self.limits.attributes_max);
        if is_full || !self.take_room(sizes::pair(&pair)) {
            self.record.dropped_attributes += 1;
        } else {
            self.record.attributes.push(pair);
        }
    }

    fn add_event(&mut self, unix_ns: u64, name: &str, fields: Vec<(&str, TagRef<'_>)>) {
        let mut event = EventRecord::default();
        event.time_unix_ns = unix_ns;
        event.name = self.cut_counted(name, self.limits.name_bytes_max);
        event.attributes = fields.into_iter().map(|field| self.cut_field(field)).collect();
        let is_full = self.record.events.len() >= count(self.limits.events_max);
        if is_full || !self.take_room(sizes::event(&event)) {
            self.record.dropped_events += 1;
        } else {
            self.record.events.push(event);
        }
    }

    fn add_link(&mut self, context: &SpanContext, fields: Vec<(&str, TagRef<'_>)>) {
        if !self.is_recording {
            return;
        }
        let mut link = LinkRecord::default();
        (link.trace_id, link.span_id) = (context.trace_id(), context.span_id());
        link.flags =
            u32::from(context.flags().to_w3c()) | 0x100 | if context.is_remote() { 0x200 } else { 0 };
        link.trace_state = context.trace_state().map(ToString::to_string).unwrap_or_default();
        link.attributes = fields.into_iter().map(|field| self.cut_field(field)).collect();
        let is_full = self.record.links.len() >= count(self.limits.links_max);
        if is_full || !self.take_room(sizes::link(&link)) {
            self.record.dropped_links += 1;
        } else {
            self.record.links.push(link);
        }
    }

    /// Whether the body has room for an entry of that content; it then has less.
    fn take_room(&mut self, content: usize) -> bool {
        let bytes = self.body_bytes + sizes::field(content);
        let fits = bytes <= self.limits.body_bytes_max;
        self.body_bytes = if fits { bytes } else { self.body_bytes };
        fits
    }

    fn cut_field(&mut self, (key, value): (&str, TagRef<'_>)) -> (String, Value) {
        let key = self.cut_counted(key, self.limits.name_bytes_max);
        let bytes_max = self.limits.value_bytes_max;
        let value = match value {
            TagRef::Str(text) => Value::Str(self.cut_counted(text, bytes_max)),
            TagRef::Bytes(bytes) => {
                self.values_cut += u64::from(bytes.len() > bytes_max);
                Value::Bytes(bytes[..bytes.len().min(bytes_max)].to_vec())
            }
            TagRef::StrArray(texts) => Value::Array(self.cut_texts(texts)),
            TagRef::BoolArray(truths) => self.cut_array(truths, bytes_max, |truth| Value::Bool(*truth)),
            TagRef::I64Array(numbers) => self.cut_array(numbers, bytes_max / 8, |number| Value::I64(*number)),
            TagRef::F64Array(numbers) => self.cut_array(numbers, bytes_max / 8, |number| Value::F64(*number)),
            other => recorded(other),
        };
        (key, value)
    }

    /// As many items as there may be.
    fn cut_array<T>(&mut self, items: &[T], items_max: usize, recorded: impl Fn(&T) -> Value) -> Value {
        self.values_cut += u64::from(items.len() > items_max);
        Value::Array(items.iter().take(items_max).map(recorded).collect())
    }

    /// Texts up to the limit of all of them together; the one that crosses it is cut, and the last.
    fn cut_texts(&mut self, texts: &[&str]) -> Vec<Value> {
        let bytes_max = self.limits.value_bytes_max;
        let begins: Vec<_> =
            texts.iter().scan(0, |end, text| Some(std::mem::replace(end, *end + text.len()))).collect();
        let is_within = |(begin, text): &(&usize, &&str)| **begin + text.len() <= bytes_max;
        let whole = begins.iter().zip(texts).take_while(is_within).count();
        let mut kept: Vec<_> = texts[..whole].iter().map(|text| Value::Str((*text).to_owned())).collect();
        if let Some(text) = texts.get(whole) {
            self.values_cut += 1;
            kept.push(Value::Str(cut(text, bytes_max - begins[whole])));
        }
        kept
    }

    fn cut_counted(&mut self, text: &str, bytes_max: usize) -> String {
        let cut = cut(text, bytes_max);
        self.values_cut += u64::from(cut.len() < text.len());
        cut
    }

    /// Without one, the span has the name that is part of the program, which is cut at the end.
    fn set_name(&mut self, name: &str) {
        self.has_own_name = !name.is_empty();
        self.record.name = if self.has_own_name {
            self.cut_counted(name, self.limits.name_bytes_max)
        } else {
            cut(self.static_name, self.limits.name_bytes_max)
        };
    }
}

/// As many whole characters as there is room for.
fn cut(text: &str, bytes_max: usize) -> String {
    let ends = text.char_indices().map(|(start, character)| start + character.len_utf8());
    text[..ends.take_while(|end| *end <= bytes_max).last().unwrap_or(0)].to_owned()
}

fn recorded(value: TagRef<'_>) -> Value {
    match value {
        TagRef::Bool(truth) => Value::Bool(truth),
        TagRef::I64(number) => Value::I64(number),
        TagRef::U64(number) => i64::try_from(number).map_or(Value::Str(number.to_string()), Value::I64),
        TagRef::F64(number) => Value::F64(number),
        other => unreachable!("cut before: {other:?}"),
    }
}

fn priority((key, value): Field<'_>) -> Option<i64> {
    match value {
        TagRef::I64(priority) if key == SAMPLING_PRIORITY => Some(priority),
        TagRef::U64(priority) if key == SAMPLING_PRIORITY => Some(i64::from(priority > 0)),
        _ => None,
    }
}

fn kind_of(text: &str) -> Option<SpanKind> {
    use SpanKind::{Client, Consumer, Internal, Producer, Server};
    [Internal, Server, Client, Producer, Consumer].into_iter().find(|kind| kind.as_str() == text)
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
