//! Spans made at random, the same in each run.

use std::time::{Duration, UNIX_EPOCH};

use tracer_core::{
    SpanContext, SpanId, SpanKind, StatusCode, TagRef, TraceFlags, TraceId, TraceState, Tracer,
};

/// A small generator of repeatable numbers (xorshift).
pub(crate) struct Random(pub(crate) u64);

/// A value of any type.
pub(crate) enum Owned {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(String),
    Bytes(Vec<u8>),
    I64s(Vec<i64>),
    F64s(Vec<f64>),
    Bools(Vec<bool>),
}

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64)]
    }

    /// A text whose length is likely to be near one where a varint grows.
    pub(crate) fn text(&mut self) -> String {
        let len = self.one_of(&[0, 1, 2, 5, 100, 120, 127, 128, 130, 300]) + self.below(3);
        (0..len).map(|_| self.one_of(&['a', 'b', 'é', '世', '🦀', '\n', '"', '|', '<', '\0'])).collect()
    }

    /// An integer of any length.
    pub(crate) fn integer(&mut self) -> i64 {
        let shift = self.below(64);
        i64::from_le_bytes((self.next() >> shift).to_le_bytes()) * self.one_of(&[1, -1])
    }

    pub(crate) fn float(&mut self) -> f64 {
        let small = self.below(1_000_000) as f64 / 7.0;
        self.one_of(&[
            0.0,
            -0.0,
            1.0,
            -2.5,
            1e300,
            f64::MIN_POSITIVE,
            f64::INFINITY,
            f64::NEG_INFINITY,
            small,
        ])
    }

    pub(crate) fn value(&mut self) -> Owned {
        match self.below(12) {
            0 => Owned::Bool(self.below(2) == 0),
            1 | 2 => Owned::I64(self.integer()),
            3 => Owned::U64(self.next()),
            4 => Owned::F64(self.float()),
            5 => Owned::Bytes(self.text().into_bytes()),
            6 => Owned::I64s((0..self.below(40)).map(|_| self.integer()).collect()),
            7 => Owned::F64s((0..self.below(5)).map(|_| self.float()).collect()),
            8 => Owned::Bools((0..self.below(5)).map(|_| self.below(2) == 0).collect()),
            _ => Owned::Str(self.text()),
        }
    }

    /// The context of a span elsewhere; half of the trace ids have 64 bits.
    pub(crate) fn context(&mut self) -> SpanContext {
        let high = if self.below(2) == 0 { 0 } else { self.next() };
        let trace_id = u128::from(high) << 64 | u128::from(self.next());
        let flags = self.one_of(&[TraceFlags::SAMPLED, TraceFlags::SAMPLED.with(TraceFlags::RANDOM)]);
        let span_id = SpanId::from_bytes(self.next().to_be_bytes());
        let context =
            SpanContext::new(TraceId::from_bytes(trace_id.to_be_bytes()), span_id, flags).into_remote();
        if self.below(2) == 0 {
            return context;
        }
        let mut state = TraceState::default();
        state.push("vendor", self.one_of(&["a", "x|y", "b=c"])).unwrap_or(());
        context.with_trace_state(state)
    }

    /// Finishes a span with anything on it.
    pub(crate) fn finish_span(&mut self, tracer: &Tracer) {
        let name = self.text();
        let (parent, cause) = (self.context(), self.context());
        let mut builder = tracer.span_with_name(&name).kind(self.one_of(&[
            SpanKind::Internal,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Producer,
            SpanKind::Consumer,
        ]));
        let references = self.below(4);
        if references & 1 == 1 {
            builder = builder.child_of(&parent);
        }
        if references & 2 == 2 {
            builder = builder.follows_from(&cause);
        }
        let start =
            UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_000 + self.next() % 1_000_000_000);
        let mut span = builder.start_time(start).start();
        for n in 0..self.one_of(&[0, 1, 2, 5, 14, 15, 40]) {
            let (key, value) = (format!("{n}{}", self.text()), self.value());
            span.set_tag(&key, value.borrow());
        }
        for _ in 0..self.one_of(&[0, 0, 1, 3, 15]) {
            let (event, value, at) =
                (self.text(), self.value(), Duration::from_nanos(self.next() % 1_000_000));
            let fields = [("f", value.borrow()), ("n", 7.into())];
            span.log_at(start + at, &event, &fields[..self.below(3)]);
        }
        for _ in 0..self.one_of(&[0, 0, 1, 3]) {
            let (link, value) = (self.context(), self.value());
            span.add_link(&link, &[("why", value.borrow())][..self.below(2)]);
        }
        match self.below(4) {
            0 => span.set_status(StatusCode::Error, &self.text()),
            1 => span.set_status(StatusCode::Ok, ""),
            _ => {}
        }
        span.finish_at(start + Duration::from_nanos(self.next() % 10_000_000_000));
    }
}

impl Owned {
    pub(crate) fn borrow(&self) -> TagRef<'_> {
        match self {
            Self::Bool(truth) => (*truth).into(),
            Self::I64(value) => (*value).into(),
            Self::U64(value) => (*value).into(),
            Self::F64(value) => (*value).into(),
            Self::I64s(values) => values[..].into(),
            Self::F64s(values) => values[..].into(),
            Self::Bools(values) => values[..].into(),
            Self::Bytes(bytes) => bytes.into(),
            Self::Str(text) => text.into(),
        }
    }
}
