//! Whatever is written is read back the same, and whatever is read is written the same; from a
//! fixed seed, so that a failure repeats.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/random.rs"]
mod random;

use random::{Headers, Random, damage};
use tracer_core::{Baggage, BaggageProperty, SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use tracer_propagation::{Codec, Composite, Extracted};

const TOKEN: &str = "aZ09!#$%&'*+-.^_`|~";
const ANY: &str = "aZ09 \t\n\0\"\\,;=%+/é日🚀\u{7f}\u{85}";

fn text(random: &mut Random, alphabet: &str, lengths: std::ops::Range<usize>) -> String {
    let alphabet: Vec<_> = alphabet.chars().collect();
    let length = lengths.start + random.below(lengths.len());
    (0..length).map(|_| random.pick(&alphabet)).collect()
}

fn context(random: &mut Random) -> SpanContext {
    let ids = (random.bytes(), random.bytes());
    let flags = TraceFlags::from_w3c(random.next().to_le_bytes()[0]);
    let mut state = TraceState::default();
    for _ in 0..random.below(6) {
        let key = text(random, "az09", 1..2) + &text(random, "a0_-*/@", 0..9);
        let value = text(random, " a~!;:", 0..9) + "x";
        state.push(&key, &value).unwrap();
    }
    SpanContext::new(TraceId::from_bytes(ids.0), SpanId::from_bytes(ids.1), flags)
        .with_trace_state(state)
        .with_baggage(baggage(random))
}

fn baggage(random: &mut Random) -> Baggage {
    (0..random.below(6)).fold(Baggage::new(), |baggage, _| {
        let property = |random: &mut Random| BaggageProperty {
            key: text(random, TOKEN, 1..5).into(),
            value: random.pick(&[true, false]).then(|| text(random, ANY, 0..9).into()),
        };
        let properties = (0..random.below(3)).map(|_| property(random)).collect();
        baggage.with_item_and_properties(&text(random, TOKEN, 1..9), &text(random, ANY, 0..20), properties)
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
