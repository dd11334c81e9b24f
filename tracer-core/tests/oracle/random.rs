//! What spans are made of, at random and the same in each run. All values are parts of tables, so that they
//! can be borrowed for as long as anybody likes.

use std::sync::LazyLock;

use tracer_core::{
    Field, SpanContext, SpanId, SpanKind, StatusCode, TagRef, TraceFlags, TraceId, TraceState,
};

/// A small generator of repeatable numbers (xorshift).
pub(crate) struct Random(u64);

struct Tables {
    text: String,
    texts: Vec<&'static str>,
    integers: Vec<i64>,
    floats: Vec<f64>,
    truths: Vec<bool>,
}

/// More bytes than any limit lets through.
const TEXT_BYTES: usize = 60_000;
const ITEMS: u64 = 1_500;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let (mut random, mut text) = (Random::new(1), String::new());
    while text.len() < TEXT_BYTES {
        text.push(random.one_of(&['a', 'b', 'c', ' ', 'é', '世', '🦀', '\n', '"', '\0', '\u{7f}', '\u{80}']));
    }
    text
});

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut random = Random::new(2);
    Tables {
        text: TEXT.clone(),
        texts: (0..ITEMS).map(|_| random.text()).collect(),
        integers: (0..ITEMS).map(|_| random.integer()).collect(),
        floats: (0..ITEMS).map(|_| random.float()).collect(),
        truths: (0..10 * ITEMS).map(|_| random.is(2)).collect(),
    }
});

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    /// True once in so many times.
    pub(crate) fn is(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64)]
    }

    /// A text; its length is likely to be near one where an encoding changes or a limit is.
    pub(crate) fn text(&mut self) -> &'static str {
        let near = [0, 0, 1, 3, 8, 16, 30, 90, 97, 110, 120, 126, 250, 509];
        let len = if self.is(60) { self.below(9_000) } else { self.one_of(&near) + self.below(4) };
        self.text_of(len)
    }

    fn text_of(&mut self, len: usize) -> &'static str {
        let text = &**TEXT;
        let start = text.ceil_boundary(self.below((TEXT_BYTES - 10_000) as u64));
        &text[start..text.ceil_boundary(start + len)]
    }

    /// A key: one of few, so that it comes again, or any.
    pub(crate) fn key(&mut self) -> &'static str {
        let few =
            ["", "k", "kk", "a.b", "error", "span.kind", "sampling.priority", "sampler.type", "é", "世"];
        match self.below(8) {
            0..=3 => self.one_of(&few),
            // Two bytes of the table differ often enough.
            4 | 5 => {
                let len = self.one_of(&[2, 5, 9, 17]);
                self.text_of(len)
            }
            _ => self.text(),
        }
    }

    /// An integer of any length.
    fn integer(&mut self) -> i64 {
        let shift = self.below(64);
        let number = i64::from_le_bytes((self.next() >> shift).to_le_bytes());
        match self.below(8) {
            0 => self.one_of(&[0, 127, 128, -1, i64::MIN, i64::MAX]),
            1..=3 => number.wrapping_neg(),
            _ => number,
        }
    }

    fn float(&mut self) -> f64 {
        let any = f64::from_bits(self.next());
        self.one_of(&[0.0, -0.0, 1.0, -2.5, 1e300, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN, any])
    }

    pub(crate) fn value(&mut self) -> TagRef<'static> {
        let tables = &*TABLES;
        let most = self.one_of(&[1, 4, 40, 1_200]);
        match self.below(16) {
            0 => TagRef::Bool(self.is(2)),
            1 | 2 => TagRef::I64(self.integer()),
            3 => TagRef::U64(self.next() >> self.one_of(&[0, 1, 40, 60])),
            4 => TagRef::F64(self.float()),
            5 => TagRef::Bytes(self.text().as_bytes()),
            6 if self.is(4) => TagRef::StrArray(self.part(&tables.texts, 60)),
            6 => TagRef::StrArray(self.part(&tables.texts, 4)),
            7 => TagRef::I64Array(self.part(&tables.integers, most)),
            8 => TagRef::F64Array(self.part(&tables.floats, most)),
            9 if self.is(8) => TagRef::BoolArray(self.part(&tables.truths, 9_000)),
            9 => TagRef::BoolArray(self.part(&tables.truths, most)),
            10 if self.is(10) => TagRef::Str(&tables.text[..tables.text.ceil_boundary(8_190)]),
            _ => TagRef::Str(self.text()),
        }
    }

    fn part<T>(&mut self, table: &'static [T], most: u64) -> &'static [T] {
        let start = self.below(200);
        &table[start..start + self.below(most + 1)]
    }

    pub(crate) fn fields(&mut self) -> Vec<Field<'static>> {
        (0..self.one_of(&[0, 0, 1, 2, 3, 6])).map(|_| (self.key(), self.value())).collect()
    }

    /// The context of a span elsewhere.
    pub(crate) fn context(&mut self) -> SpanContext {
        let trace_id = u128::from(self.next()) << 64 | u128::from(self.next());
        let flags = self.one_of(&[TraceFlags::SAMPLED, TraceFlags::SAMPLED.with(TraceFlags::RANDOM)]);
        let span_id = SpanId::from_bytes(self.next().to_be_bytes());
        let mut context = SpanContext::new(TraceId::from_bytes(trace_id.to_be_bytes()), span_id, flags);
        if self.is(2) {
            context = context.into_remote();
        }
        if !self.is(3) {
            return context;
        }
        let mut state = TraceState::default();
        for n in 0..self.below(4) {
            state.push(&format!("vendor{n}"), &"v".repeat(1 + self.below(200))).unwrap();
        }
        context.with_trace_state(state)
    }

    pub(crate) fn kind(&mut self) -> SpanKind {
        use SpanKind::{Client, Consumer, Internal, Producer, Server};
        self.one_of(&[Internal, Server, Client, Producer, Consumer])
    }

    pub(crate) fn status(&mut self) -> StatusCode {
        self.one_of(&[StatusCode::Unset, StatusCode::Ok, StatusCode::Error])
    }
}

trait Boundary {
    fn ceil_boundary(&self, at: usize) -> usize;
}

impl Boundary for str {
    fn ceil_boundary(&self, at: usize) -> usize {
        (at..).find(|at| self.is_char_boundary(*at)).unwrap()
    }
}
