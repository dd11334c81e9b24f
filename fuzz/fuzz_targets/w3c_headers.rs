//! Arbitrary headers, a line each: what is extracted can be injected, and comes back the same.
#![no_main]

use fuzz::grammar::check_sent;
use fuzz::headers::{Headers, of_lines};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tracer_core::SpanContext;
use tracer_propagation::{Codec, Composite, Extracted, InjectReason};

/// The most baggage that is kept: members, and bytes of them.
const MEMBERS_MAX: usize = 180;
const BYTES_MAX: usize = 8192;

fuzz_target!(|bytes: &[u8]| {
    let headers = of_lines(bytes);
    let extracted = extract(&headers);
    check_bounds(&extracted);
    check_way_back(&extracted);
    check_header_map(&headers);
});

fn extract(headers: &Headers) -> Extracted {
    fuzz::headers::extract(&Composite::w3c(), headers)
}

fn check_bounds(extracted: &Extracted) {
    assert!(extracted.context.as_ref().is_none_or(|context| context.is_valid() && context.is_remote()));
    let items: Vec<_> = extracted.baggage.iter().collect();
    assert!(items.len() <= MEMBERS_MAX);
    // A malformed byte of a value becomes a character of three.
    let bytes: usize = items.iter().map(|item| item.key.len() + item.value.len()).sum();
    assert!(bytes <= 3 * BYTES_MAX);
}

fn check_way_back(extracted: &Extracted) {
    let parent = extracted.parent().unwrap_or_default();
    let stale = ["traceparent", "TraceState", "baggage"].map(|name| (name.to_owned(), b"old=1".to_vec()));
    let mut sent = Headers::from(stale);
    let injected = Composite::w3c().inject(&parent, &mut sent);
    check_sent(&sent);
    let again = extract(&sent);
    assert_eq!(again.error, None, "{sent:?}");
    let received = again.parent().unwrap_or_default();
    match injected {
        Ok(()) => assert_eq!(received, parent, "{sent:?}"),
        // Percent-encoded, a text may be longer than it came: then whole members are left out.
        Err(error) => {
            assert!(matches!(error.reason, InjectReason::Limit { .. }), "{error}");
            assert_eq!(again.context, extracted.context);
            let mut items = again.baggage.iter();
            assert!(items.all(|item| extracted.baggage.iter().any(|theirs| theirs == item)));
        }
    }
    check_repeats(&received, &sent);
}

/// The second time around nothing changes any more.
fn check_repeats(received: &SpanContext, sent: &Headers) {
    let mut again = Headers::new();
    assert_eq!(Composite::w3c().inject(received, &mut again), Ok(()));
    assert_eq!(&again, sent);
}

/// Headers of HTTP are read as those of a message are.
fn check_header_map(headers: &Headers) {
    let (mut map, mut list) = (HeaderMap::new(), Headers::new());
    for (name, value) in headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        if let (Ok(field), Ok(bytes)) = parsed {
            map.append(field, bytes);
            list.push((name.clone(), value.clone()));
        }
    }
    assert_eq!(Composite::w3c().extract(&map), Composite::w3c().extract(&list));
}
