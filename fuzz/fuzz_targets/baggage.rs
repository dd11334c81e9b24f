//! Arbitrary baggage: what is injected is extracted again, and what is not injected is named.
#![no_main]

use fuzz::text::Text;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tracer_core::{Baggage, BaggageItem, BaggageProperty, SpanContext};
use tracer_propagation::{Codec, Extracted, InjectReason, W3cBaggage};

/// The most that is sent.
const MEMBERS_MAX: usize = 180;
const BYTES_MAX: usize = 8192;

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
    let baggage = calls.iter().fold(Baggage::new(), apply);
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
    let mut sendable = sendable(&baggage);
    if matches!(injected.map_err(|error| error.reason), Err(InjectReason::Limit { .. })) {
        assert!(sendable.iter().count() > extracted.baggage.iter().count());
        sendable = first_set(&sendable, extracted.baggage.iter().count());
    } else if extracted.baggage.iter().count() < sendable.iter().count() {
        // A key was named first; then the limit must have been met too.
        assert!(injected.is_err());
        sendable = first_set(&sendable, extracted.baggage.iter().count());
    }
    assert!(extracted.baggage.iter().count() <= MEMBERS_MAX);
    assert_eq!(extracted.baggage, sendable, "{headers:?}");
});

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
        Call::SetMany(count) => {
            (0..*count).fold(baggage, |baggage, index| baggage.with_item(&format!("k{index}"), ""))
        }
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
    let mut items: Vec<_> = baggage.iter().filter(|item| is_token(item.key)).collect();
    items.reverse();
    items.into_iter().fold(Baggage::new(), |kept, item| {
        let properties = item.properties.iter().filter(|property| is_token(&property.key));
        kept.with_item_and_properties(item.key, item.value, properties.cloned().collect())
    })
}

/// The items that were set first.
fn first_set(baggage: &Baggage, count: usize) -> Baggage {
    let mut items: Vec<_> = baggage.iter().collect();
    items.reverse();
    items.into_iter().take(count).fold(Baggage::new(), |kept, item| {
        kept.with_item_and_properties(item.key, item.value, item.properties.to_vec())
    })
}
