//! A span and its model, to which everything is done alike.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracer_core::{Clock, Field, Span, SpanBuilder, SpanContext, SpanLimits, TagRef, Tracer};

use super::model::{Model, otlp_flags, trace_state};
use super::random::Random;

/// Some day, in unix nanoseconds.
const SOME_DAY: u64 = 1_700_000_000_000_000_000;
/// So many tags, logs, links and the like are set on one span.
const STEPS: [usize; 9] = [0, 1, 2, 5, 9, 14, 40, 150, 400];
const NAMES: [&str; 3] = ["GET /", "", "an operation whose name has more than thirty-two bytes"];

/// A running span and what it must become.
pub(crate) struct Pair<'a> {
    span: Span,
    model: Model,
    /// A clock that only the test moves; without it, now is whatever it is.
    clock: Option<&'a Clock>,
    /// What it is called if it has no other name.
    static_name: &'static str,
}

/// What must come out of a span.
pub(crate) struct Expected {
    pub(crate) model: Model,
    pub(crate) is_start_now: bool,
    pub(crate) is_end_now: bool,
}

impl Expected {
    /// Starts, fills and finishes a span.
    pub(crate) fn run(
        random: &mut Random,
        tracer: &Tracer,
        limits: &SpanLimits,
        clock: Option<&Clock>,
    ) -> Self {
        let (parent, cause, fields) = (random.context(), random.context(), random.fields());
        let parents = [None, Some(&parent)];
        let parent = random.one_of(&parents);
        let mut model = Model::new(limits);
        let mut pair = if random.is(3) {
            Pair::plain(random, tracer, model, parent)
        } else {
            let cause = random.one_of(&[None, Some(&cause)]);
            model.set_parent(parent.or(cause));
            Pair::detailed(random, tracer, model, [parent, cause], &fields)
        };
        pair.clock = clock;
        let is_start_given = pair.model.span.start_time_unix_nano != 0;
        if let Some(clock) = clock.filter(|_| !is_start_given) {
            pair.model.span.start_time_unix_nano = unix_ns(clock.now());
        }
        pair.model.span.span_id = pair.span.context().span_id().to_bytes().to_vec();
        if pair.model.span.trace_id.is_empty() {
            pair.model.span.trace_id = pair.span.context().trace_id().to_bytes().to_vec();
        }
        for _ in 0..random.one_of(&STEPS) {
            pair.step(random);
        }
        pair.finish(random, is_start_given)
    }
}

impl<'a> Pair<'a> {
    /// A span of which only a name, a kind and a parent are said.
    fn plain(random: &mut Random, tracer: &Tracer, mut model: Model, parent: Option<&SpanContext>) -> Self {
        let (static_name, kind) = (random.one_of(&NAMES), random.kind());
        model.set_parent(parent);
        model.set_static_name(static_name);
        model.set_kind(kind);
        let span = tracer.span(static_name).kind(kind).child_of(parent).start();
        Self { span, model, clock: None, static_name }
    }

    /// A span whose builder is told more.
    fn detailed(
        random: &mut Random,
        tracer: &Tracer,
        mut model: Model,
        [parent, cause]: [Option<&SpanContext>; 2],
        fields: &[Field<'_>],
    ) -> Self {
        let (static_name, name) = (random.one_of(&NAMES), random.text());
        let is_dynamic = random.is(2);
        if is_dynamic {
            model.set_name(name);
        } else {
            model.set_static_name(static_name);
        }
        let builder = if is_dynamic { tracer.span_with_name(name) } else { tracer.span(static_name) };
        let mut builder: SpanBuilder<'_> = builder.follows_from(cause).child_of(parent);
        let tags = random.fields();
        for (key, value) in tags.into_iter().filter(is_ordinary) {
            builder = builder.tag(key, value);
            model.set_tag(key, value);
        }
        if let Some(cause) = cause {
            model.add_link(cause, &[("opentracing.ref_type", TagRef::Str("follows_from"))]);
            builder = builder.link(cause, fields);
            model.add_link(cause, fields);
        }
        if random.is(2) {
            let start_ns = SOME_DAY + random.next() % 1_000_000_000;
            builder = builder.start_time(time(start_ns));
            model.span.start_time_unix_nano = start_ns;
        }
        let static_name = if is_dynamic { "" } else { static_name };
        Self { span: builder.start(), model, clock: None, static_name }
    }

    /// Sets one thing.
    fn step(&mut self, random: &mut Random) {
        match random.below(40) {
            0..=2 => self.log_at(random),
            3..=8 => self.log(random),
            9..=10 => {
                let (context, fields) = (random.context(), random.fields());
                self.span.add_link(&context, &fields);
                self.model.add_link(&context, &fields);
            }
            11 => {
                let (status, message) = (random.status(), random.text());
                self.span.set_status(status, message);
                self.model.set_status(status, message);
            }
            12 => {
                let name = random.text();
                self.span.set_operation_name(name);
                if name.is_empty() {
                    self.model.set_static_name(self.static_name);
                } else {
                    self.model.set_name(name);
                }
            }
            13 => {
                let kind = random.kind();
                self.span.set_kind(kind);
                self.model.set_kind(kind);
            }
            14 => {
                let kind = random.one_of(&["client", "consumer", "other"]);
                self.set_tag("span.kind", TagRef::Str(kind));
            }
            15 => self.set_tag("error", TagRef::Bool(random.is(2))),
            _ => {
                let field = (random.key(), random.value());
                if is_ordinary(&field) {
                    self.set_tag(field.0, field.1);
                }
            }
        }
    }

    fn set_tag(&mut self, key: &str, value: TagRef<'_>) {
        self.span.set_tag(key, value);
        self.model.set_tag(key, value);
    }

    fn log(&mut self, random: &mut Random) {
        let (event, fields) = (random.text(), random.fields());
        if let Some(clock) = self.clock {
            clock.advance(Duration::from_nanos(random.next() % 5_000));
        }
        self.span.log(event, &fields);
        self.model.log(self.clock.map(|clock| unix_ns(clock.now())), event, &fields);
    }

    fn log_at(&mut self, random: &mut Random) {
        let (event, fields) = (random.text(), random.fields());
        let later_ns = SOME_DAY + random.next() % 1_000_000_000;
        let at_ns = random.one_of(&[0, 1, later_ns]);
        self.span.log_at(time(at_ns), event, &fields);
        self.model.log(Some(at_ns), event, &fields);
    }

    /// Ends the span in one of the three ways.
    fn finish(mut self, random: &mut Random, is_start_given: bool) -> Expected {
        let start_ns = self.model.span.start_time_unix_nano;
        let end_ns = SOME_DAY + random.next() % 2_000_000_000;
        let is_end_given = is_start_given && random.is(2);
        self.model.span.end_time_unix_nano = match self.clock {
            _ if is_end_given => end_ns.max(start_ns),
            Some(clock) => unix_ns(clock.now()),
            None => 0,
        };
        match random.below(2) {
            _ if is_end_given => self.span.finish_at(time(end_ns)),
            0 => self.span.finish(),
            _ => drop(self.span),
        }
        let has_clock = self.clock.is_some();
        Expected {
            model: self.model,
            is_start_now: !is_start_given && !has_clock,
            is_end_now: !is_end_given && !has_clock,
        }
    }
}

impl Model {
    /// A root has tags of its sampler, and a random trace id.
    fn set_parent(&mut self, parent: Option<&SpanContext>) {
        let Some(parent) = parent else {
            self.span.flags = otlp_flags(3, false);
            return self.sampled_by_const();
        };
        self.span.flags = otlp_flags(parent.flags().to_w3c(), parent.is_remote());
        self.span.trace_id = parent.trace_id().to_bytes().to_vec();
        self.span.parent_span_id = parent.span_id().to_bytes().to_vec();
        self.span.trace_state = trace_state(parent);
    }
}

/// Not the tag that takes spans out.
fn is_ordinary((key, value): &Field<'_>) -> bool {
    *key != "sampling.priority" || !matches!(value, TagRef::I64(_) | TagRef::U64(_))
}

fn time(unix_ns: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(unix_ns)
}

fn unix_ns(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}
