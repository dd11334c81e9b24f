//! Arbitrary baggage: what is injected is extracted again, and what is not injected is named.
#![no_main]

use fuzz::text::Text;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_core::{Baggage, BaggageItem, BaggageProperty, SpanContext};
use tracer_propagation::{Codec, Extracted, InjectError, InjectReason, W3cBaggage};

/// The most that is sent.
const MEMBERS_MAX: usize = 180;
const BYTES_MAX: usize = 8192;

/// The most calls that are made: finding the items takes the square of their count.
const CALLS_MAX: usize = 64;

/// The characters of a token (RFC 9110, section 5.6.2) that are neither letters nor digits.
const TOKEN_MARKS: &[u8] = b"!#$%&'*+-.^_`|~";

#[derive(Arbitrary, Debug)]
enum Call {
    Set(Key, Text, Vec<(Key, Option<Text>)>),
    SetMany(u8),
    Remove(Key),
}

#[derive(Arbitrary, Debug)]
enum Key {
    Any(Text),
    Token(Vec<u8>),
}

fuzz_target!(|calls: Vec<Call>| {
    let baggage = calls.iter().take(CALLS_MAX).fold(Baggage::new(), apply);
    let mut headers: Vec<(String, Vec<u8>)> = vec![("Baggage".to_owned(), b"stale=1".to_vec())];
    let injected = W3cBaggage.inject(&SpanContext::from_baggage(baggage.clone()), &mut headers);
    let sent = headers.iter().map(|(_, value)| value.len()).sum::<usize>();
    assert!(headers.len() <= 1 && sent <= BYTES_MAX);
    let extracted = W3cBaggage.extract(&headers).unwrap_or_else(Extracted::from);
    assert_eq!(extracted.error, None, "{headers:?}");
    let is_whole = baggage.iter().all(|item| is_token(item.key) && is_sent_whole(&item));
    match injected.map_err(|error| error.reason) {
        Ok(()) => assert!(is_whole),
        Err(InjectReason::Key) => assert!(!is_whole),
        Err(InjectReason::Limit { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    check_received(&oldest_first(&extracted.baggage), &oldest_first(&sendable(&baggage)), injected);
});

/// All of it came, in the order in which it was set; or, where that is said, those that were set first.
fn check_received(
    received: &[BaggageItem<'_>],
    sendable: &[BaggageItem<'_>],
    injected: Result<(), InjectError>,
) {
    assert!(received.len() <= MEMBERS_MAX);
    assert_eq!(received, &sendable[..received.len()]);
    match injected.map_err(|error| error.reason) {
        Ok(()) => assert_eq!(received.len(), sendable.len()),
        Err(InjectReason::Limit { .. }) => assert!(received.len() < sendable.len()),
        // The first reason is named: the limit may have been met behind it.
        Err(_) => {}
    }
}

fn apply(baggage: Baggage, call: &Call) -> Baggage {
    match call {
        Call::Set(key, value, properties) => {
            let property = |(key, value): &(Key, Option<Text>)| BaggageProperty {
                key: key.text().into(),
                value: value.as_deref().map(Into::into),
            };
            let properties = properties.iter().map(property).collect();
            baggage.with_item_and_properties(&key.text(), value, properties)
        }
        Call::SetMany(count) => (0..*count).map(|index| format!("k{index}")).fold(baggage, |baggage, key| {
            if baggage.get(&key).is_none() { baggage.with_item(&key, "") } else { baggage }
        }),
        Call::Remove(key) => baggage.without_item(&key.text()),
    }
}

impl Key {
    fn text(&self) -> String {
        match self {
            Self::Any(text) => text.to_string(),
            Self::Token(bytes) => bytes.iter().map(|byte| token_char(*byte)).collect(),
        }
    }
}

fn token_char(byte: u8) -> char {
    let marks = usize::from(byte) % TOKEN_MARKS.len();
    char::from(if byte.is_ascii_alphanumeric() { byte } else { TOKEN_MARKS[marks] })
}

fn is_token(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || TOKEN_MARKS.contains(&byte))
}

fn is_sent_whole(item: &BaggageItem<'_>) -> bool {
    item.properties.iter().all(|property| is_token(&property.key))
}

/// The part that the grammar has room for.
fn sendable(baggage: &Baggage) -> Baggage {
    let items = oldest_first(baggage).into_iter().filter(|item| is_token(item.key));
    items.fold(Baggage::new(), |kept, item| {
        let properties = item.properties.iter().filter(|property| is_token(&property.key));
        kept.with_item_and_properties(item.key, item.value, properties.cloned().collect())
    })
}

fn oldest_first(baggage: &Baggage) -> Vec<BaggageItem<'_>> {
    let mut items: Vec<_> = baggage.iter().collect();
    items.reverse();
    items
}
