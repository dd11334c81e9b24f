//! Arbitrary calls on a `tracestate`, beside a plain list of pairs that does the same: it stays legal,
//! and goes through headers unchanged.
#![no_main]

use fuzz::grammar::{check_sent, is_tracestate};
use fuzz::headers::{Headers, extract};
use fuzz::text::Text;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId, TraceState, TraceStateError};
use tracer_propagation::Codec as _;
use tracer_propagation::TraceContext;

const MEMBERS_MAX: usize = 32;
const CALLS_MAX: usize = 128;

#[derive(Arbitrary, Debug)]
enum Call {
    Insert(Key, Text),
    Push(Key, Text),
    Remove(Key),
    Truncate(u16),
}

#[derive(Arbitrary, Debug)]
enum Key {
    Any(Text),
    Usual(u8),
}

type Pairs = Vec<(String, String)>;

fuzz_target!(|calls: Vec<Call>| {
    let (mut state, mut pairs) = (TraceState::default(), Pairs::new());
    for call in calls.iter().take(CALLS_MAX) {
        apply(call, &mut state, &mut pairs);
        let members: Pairs = state.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        assert_eq!(members, pairs, "{call:?}");
        assert!(state.is_empty() || is_tracestate(state.as_str().as_bytes()), "{state}");
    }
    check_way_back(state);
});

fn apply(call: &Call, state: &mut TraceState, pairs: &mut Pairs) {
    match call {
        Call::Insert(key, value) => {
            let key = key.text();
            let inserted = state.insert(&key, value);
            assert_eq!(inserted.is_ok(), is_member(&key, value), "{key}={}", &**value);
            if inserted.is_ok() {
                pairs.retain(|(other, _)| *other != key);
                pairs.insert(0, (key, value.to_string()));
                pairs.truncate(MEMBERS_MAX);
            }
        }
        Call::Push(key, value) => {
            let key = key.text();
            let is_there = pairs.iter().any(|(other, _)| *other == key);
            match state.push(&key, value) {
                Ok(()) if is_there => assert!(is_member(&key, value)),
                Ok(()) => {
                    assert!(is_member(&key, value) && pairs.len() < MEMBERS_MAX);
                    pairs.push((key, value.to_string()));
                }
                Err(TraceStateError::TooMany) => assert_eq!((pairs.len(), is_there), (MEMBERS_MAX, false)),
                Err(_) => assert!(!is_member(&key, value)),
            }
        }
        Call::Remove(key) => {
            let key = key.text();
            state.remove(&key);
            pairs.retain(|(other, _)| *other != key);
        }
        Call::Truncate(bytes_max) => {
            let bytes_max = usize::from(*bytes_max);
            state.truncate(bytes_max);
            truncate(pairs, bytes_max);
        }
    }
}

/// Whole members: the right-most of those above 128 bytes first, then the right-most.
fn truncate(pairs: &mut Pairs, bytes_max: usize) {
    let size = |(key, value): &(String, String)| key.len() + 1 + value.len();
    while pairs.iter().map(size).sum::<usize>() + pairs.len().saturating_sub(1) > bytes_max {
        let large = pairs.iter().rposition(|pair| size(pair) > 128);
        pairs.remove(large.unwrap_or(pairs.len() - 1));
    }
}

fn is_member(key: &str, value: &str) -> bool {
    !key.contains(['=', ',']) && !value.contains(',') && is_tracestate(format!("{key}={value}").as_bytes())
}

fn check_way_back(state: TraceState) {
    let ids = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
    let mut context = SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED).into_remote();
    if !state.is_empty() {
        context = context.with_trace_state(state);
    }
    let mut sent = Headers::new();
    assert_eq!(TraceContext.inject(&context, &mut sent), Ok(()));
    check_sent(&sent);
    let extracted = extract(&TraceContext, &sent);
    assert_eq!((extracted.context, extracted.error), (Some(context), None), "{sent:?}");
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Any(text) => text.to_string(),
            Self::Usual(number) => format!("k{}", number % 40),
        }
    }
}
