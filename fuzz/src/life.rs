//! A span's life as input: how it starts, what is called on it, when it ends.

use std::time::{Duration, SystemTime};

use arbitrary::Arbitrary;
use tracer_core::{Field, Span, SpanBuilder, SpanContext, SpanId, SpanKind, StatusCode, TagRef};
use tracer_core::{TraceFlags, TraceId, TraceState, Tracer};

use crate::text::Text;

/// Names that are part of a program.
pub const STATIC_NAMES: [&str; 3] = ["", "op", "a name of more than eight bytes"];

/// The tag that makes a span record, or takes it out.
pub const SAMPLING_PRIORITY: &str = "sampling.priority";

/// Keys that do more than others, and one that is set in their stead.
const KEYS: [&str; 6] =
    ["error", "span.kind", SAMPLING_PRIORITY, "sampler.type", "sampler.param", "opentracing.ref_type"];

/// A whole life.
#[derive(Arbitrary, Debug)]
pub struct Life<'a> {
    pub has_tight_limits: bool,
    pub name: Name,
    pub child_of: Option<Context>,
    pub follows_from: Option<Context>,
    pub kind: Option<Kind>,
    pub start_unix_ns: u64,
    /// Values of `sampling.priority`, before the other tags.
    pub priorities: Vec<bool>,
    pub tags: Vec<(Key, Value<'a>)>,
    pub calls: Vec<Call<'a>>,
    pub end_unix_ns: u64,
}

/// A name that is part of the program, or made while running.
#[derive(Arbitrary, Debug)]
pub enum Name {
    Static(u8),
    Dynamic(Text),
}

/// One call on the running span.
#[derive(Arbitrary, Debug)]
pub enum Call<'a> {
    SetTag(Key, Value<'a>),
    Log(u64, Text, Vec<(Key, Value<'a>)>),
    AddLink(Context, Vec<(Key, Value<'a>)>),
    SetStatus(Status, Text),
    SetKind(Kind),
    Rename(Text),
    SetPriority(bool),
}

/// A key: any, one of two letters, or one that does more.
#[derive(Arbitrary, Debug)]
pub enum Key {
    Any(Text),
    Few(bool),
    Known(u8),
}

/// A value of each type, and the texts of kinds.
#[derive(Arbitrary, Debug)]
pub enum Value<'a> {
    Str(Text),
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Bytes(&'a [u8]),
    StrArray(Vec<&'a str>),
    BoolArray(Vec<bool>),
    I64Array(Vec<i64>),
    F64Array(Vec<f64>),
    Kind(Kind),
}

/// A context, with zero ids or without.
#[derive(Arbitrary, Debug)]
pub struct Context {
    trace_id: u128,
    span_id: u64,
    is_sampled: bool,
    is_random: bool,
    is_debug: bool,
    is_remote: bool,
    state: Vec<(Text, Text)>,
}

/// A [`SpanKind`].
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Kind {
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// A [`StatusCode`].
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Status {
    Unset,
    Ok,
    Error,
}

impl Life<'_> {
    /// Starts the span.
    pub fn start(&self, tracer: &Tracer) -> Span {
        let [child_of, follows_from] = self.references();
        let mut builder = self.named(tracer).child_of(child_of.as_ref()).follows_from(follows_from.as_ref());
        builder = builder.start_time(time(self.start_unix_ns));
        if let Some(kind) = self.kind {
            builder = builder.kind(kind.into());
        }
        for (key, value) in self.tags() {
            builder = builder.tag(key, value);
        }
        builder.start()
    }

    /// What it refers to: its `child_of` and its `follows_from`.
    pub fn references(&self) -> [Option<SpanContext>; 2] {
        [&self.child_of, &self.follows_from].map(|reference| reference.as_ref().map(Context::build))
    }

    /// All tags that it is given at its start.
    pub fn tags(&self) -> impl DoubleEndedIterator<Item = Field<'_>> {
        let priorities = self.priorities.iter().map(|wanted| (SAMPLING_PRIORITY, i64::from(*wanted).into()));
        priorities.chain(self.tags.iter().map(|(key, value)| (key.as_str(), value.tag_ref())))
    }

    fn named<'s>(&'s self, tracer: &'s Tracer) -> SpanBuilder<'s> {
        match &self.name {
            Name::Static(index) => tracer.span(static_name(*index)),
            Name::Dynamic(name) => tracer.span_with_name(name),
        }
    }
}

impl Call<'_> {
    /// Does it.
    pub fn apply(&self, span: &mut Span) {
        match self {
            Self::SetTag(key, value) => {
                span.set_tag(key.as_str(), value.tag_ref());
            }
            Self::Log(unix_ns, event, pairs) => {
                span.log_at(time(*unix_ns), event, &fields(pairs));
            }
            Self::AddLink(context, pairs) => span.add_link(&context.build(), &fields(pairs)),
            Self::SetStatus(status, message) => span.set_status((*status).into(), message),
            Self::SetKind(kind) => span.set_kind((*kind).into()),
            Self::Rename(name) => span.set_operation_name(name),
            Self::SetPriority(wanted) => {
                span.set_tag(SAMPLING_PRIORITY, i64::from(*wanted));
            }
        }
    }
}

impl Key {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any(text) => text,
            Self::Few(first) => ["a", "b"][usize::from(*first)],
            Self::Known(index) => KEYS[usize::from(*index) % KEYS.len()],
        }
    }
}

impl Value<'_> {
    pub fn tag_ref(&self) -> TagRef<'_> {
        match self {
            Self::Str(text) => TagRef::Str(text),
            Self::Bool(truth) => TagRef::Bool(*truth),
            Self::I64(number) => TagRef::I64(*number),
            Self::U64(number) => TagRef::U64(*number),
            Self::F64(number) => TagRef::F64(*number),
            Self::Bytes(bytes) => TagRef::Bytes(bytes),
            Self::StrArray(texts) => TagRef::StrArray(texts),
            Self::BoolArray(truths) => TagRef::BoolArray(truths),
            Self::I64Array(numbers) => TagRef::I64Array(numbers),
            Self::F64Array(numbers) => TagRef::F64Array(numbers),
            Self::Kind(kind) => TagRef::Str(SpanKind::from(*kind).as_str()),
        }
    }
}

impl Context {
    /// The context; members of its tracestate that are malformed are left out.
    pub fn build(&self) -> SpanContext {
        let flag = |is_set: bool, flag| if is_set { flag } else { TraceFlags::NONE };
        let flags = flag(self.is_sampled, TraceFlags::SAMPLED)
            .with(flag(self.is_random, TraceFlags::RANDOM))
            .with(flag(self.is_debug, TraceFlags::DEBUG));
        let ids = (self.trace_id.to_be_bytes(), self.span_id.to_be_bytes());
        let mut state = TraceState::default();
        for (key, value) in &self.state {
            let _ = state.insert(key, value);
        }
        let context = SpanContext::new(TraceId::from_bytes(ids.0), SpanId::from_bytes(ids.1), flags)
            .with_trace_state(state);
        if self.is_remote { context.into_remote() } else { context }
    }
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Internal => Self::Internal,
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Producer => Self::Producer,
            Kind::Consumer => Self::Consumer,
        }
    }
}

impl From<Status> for StatusCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Unset => Self::Unset,
            Status::Ok => Self::Ok,
            Status::Error => Self::Error,
        }
    }
}

/// The name of that index.
pub fn static_name(index: u8) -> &'static str {
    STATIC_NAMES[usize::from(index) % STATIC_NAMES.len()]
}

/// So many nanoseconds after 1970.
pub fn time(unix_ns: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(unix_ns)
}

fn fields<'s>(pairs: &'s [(Key, Value<'_>)]) -> Vec<Field<'s>> {
    pairs.iter().map(|(key, value)| (key.as_str(), value.tag_ref())).collect()
}
