//! Whatever is written is read back the same, and whatever is read is written the same; from a
//! fixed seed, so that a failure repeats.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use tracer_core::{Baggage, BaggageProperty, SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use tracer_propagation::{Codec, Composite, Extracted};

type Headers = Vec<(String, Vec<u8>)>;

/// `splitmix64` (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[0])
    }

    fn text(&mut self, alphabet: &str, lengths: std::ops::Range<usize>) -> String {
        let alphabet: Vec<_> = alphabet.chars().collect();
        let length = lengths.start + self.below(lengths.len());
        (0..length).map(|_| self.pick(&alphabet)).collect()
    }
}

const TOKEN: &str = "aZ09!#$%&'*+-.^_`|~";
const ANY: &str = "aZ09 \t\n\0\"\\,;=%+/é日🚀\u{7f}\u{85}";

fn context(random: &mut Random) -> SpanContext {
    let ids = (random.bytes(), random.bytes());
    let flags = TraceFlags::from_w3c(random.next().to_le_bytes()[0]);
    let mut state = TraceState::default();
    for _ in 0..random.below(6) {
        let key = random.text("az09", 1..2) + &random.text("a0_-*/@", 0..9);
        let value = random.text(" a~!;:", 0..9) + "x";
        state.push(&key, &value).unwrap();
    }
    SpanContext::new(TraceId::from_bytes(ids.0), SpanId::from_bytes(ids.1), flags)
        .with_trace_state(state)
        .with_baggage(baggage(random))
}

fn baggage(random: &mut Random) -> Baggage {
    (0..random.below(6)).fold(Baggage::new(), |baggage, _| {
        let property = |random: &mut Random| BaggageProperty {
            key: random.text(TOKEN, 1..5).into(),
            value: random.pick(&[true, false]).then(|| random.text(ANY, 0..9).into()),
        };
        let properties = (0..random.below(3)).map(|_| property(random)).collect();
        baggage.with_item_and_properties(&random.text(TOKEN, 1..9), &random.text(ANY, 0..20), properties)
    })
}

#[test]
fn what_is_written_is_read_back() {
    let (mut random, composite) = (Random(1), Composite::w3c());
    for round in 0..5_000 {
        let context = context(&mut random);
        let mut headers = Headers::new();
        composite.inject(&context, &mut headers).unwrap();
        let extracted = composite.extract(&headers).unwrap();
        assert_eq!(extracted.error, None, "round {round}: {headers:?}");
        assert_eq!(extracted.parent(), Some(context.into_remote()), "round {round}: {headers:?}");
        let mut again = Headers::new();
        composite.inject(&extracted.parent().unwrap(), &mut again).unwrap();
        assert_eq!(again, headers, "round {round}");
    }
}

/// Valid headers with some bytes changed, cut, doubled or put elsewhere.
#[test]
fn what_is_read_from_damaged_headers_is_valid() {
    let (mut random, composite) = (Random(2), Composite::w3c());
    let (mut contexts, mut errors) = (0, 0);
    for _ in 0..20_000 {
        let mut headers = Headers::new();
        composite.inject(&context(&mut random), &mut headers).unwrap();
        for _ in 0..=random.below(3) {
            damage(&mut random, &mut headers);
        }
        let extracted = composite.extract(&headers).unwrap_or_else(Extracted::from);
        contexts += usize::from(extracted.context.is_some());
        errors += usize::from(extracted.error.is_some());
        assert!(extracted.context.as_ref().is_none_or(SpanContext::is_valid), "{headers:?}");
        let parent = extracted.parent().unwrap_or_default();
        let mut again = Headers::new();
        composite.inject(&parent, &mut again).unwrap();
        let second = composite.extract(&again).unwrap();
        assert_eq!((second.parent().unwrap_or_default(), second.error), (parent, None), "{headers:?}");
    }
    assert!(contexts > 4_000 && errors > 4_000, "both happen: {contexts} contexts, {errors} errors");
}

fn damage(random: &mut Random, headers: &mut Headers) {
    let at = random.below(headers.len());
    let kind = random.below(6);
    let (_, value) = &mut headers[at];
    let place = random.below(value.len() + 1);
    match kind {
        0 => value.truncate(place),
        1 => value.insert(place, random.pick(b"0af,;=- \t%\xff\0\x80")),
        2 if place < value.len() => value[place] = random.next().to_le_bytes()[0],
        3 if place < value.len() => drop(value.remove(place)),
        4 => value.extend_from_within(place..),
        _ => {
            let copy = headers[at].clone();
            headers.push(copy);
        }
    }
}
