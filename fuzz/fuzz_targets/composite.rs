//! Arbitrary headers through several codecs at once, in an order and direction that the input
//! chooses, and through a forwarding set: all carriers read the same, nothing stale or illegal is
//! sent, and what is passed on is what came.
#![no_main]

use std::collections::BTreeMap;

use fuzz::grammar::check_sent;
use fuzz::headers::{Headers, extract, of_lines};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use tracer_propagation::{
    B3, Codec, Composite, ForwardSet, GrpcTraceBin, InjectReason, Jaeger, TraceContext, W3cBaggage,
};

/// The most codecs of one composite.
const CODECS_MAX: usize = 5;

fuzz_target!(|bytes: &[u8]| {
    let (choices, lines) = bytes.split_at(bytes.len().min(CODECS_MAX));
    let composite = composite(choices);
    let headers = of_lines(lines);
    check_sending(&composite, &headers);
    check_carriers(&composite, &headers);
    check_forwarding(&composite, &headers);
});

/// Two bits for the directions, the rest for the codec; no two that write share a field.
fn composite(choices: &[u8]) -> Composite {
    let mut written = [false; CODECS_MAX];
    choices.iter().fold(Composite::new(), |all, choice| {
        let number = usize::from(choice >> 2) % CODECS_MAX;
        let may_write = !std::mem::replace(&mut written[number], true);
        let directions = if may_write { choice & 3 } else { 1 };
        match number {
            0 => add(all, TraceContext, directions),
            1 => add(all, W3cBaggage, directions),
            2 => add(all, if choice & 0x80 == 0 { B3::single() } else { B3::both() }, directions),
            3 => add(all, Jaeger, directions),
            _ => add(all, GrpcTraceBin, directions),
        }
    })
}

fn add(all: Composite, codec: impl Codec + 'static, directions: u8) -> Composite {
    match directions {
        1 => all.with_extract(codec),
        2 => all.with_inject(codec),
        _ => all.with(codec),
    }
}

fn is_owned(composite: &Composite, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    composite.fields().iter().any(|field| field.name() == name)
        || composite.prefixes().iter().any(|prefix| name.starts_with(prefix))
}

/// Of the codecs' own headers only legal ones go out; all others stay as they are.
fn check_sending(composite: &Composite, headers: &Headers) {
    let extracted = extract(composite, headers);
    let mut sent = headers.clone();
    match composite.forward(&extracted, &mut sent).map_err(|error| error.reason) {
        Ok(()) | Err(InjectReason::Key | InjectReason::Limit { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    let (owned, others): (Headers, Headers) =
        sent.into_iter().partition(|(name, _)| is_owned(composite, name));
    check_sent(&owned);
    let mut untouched = headers.clone();
    untouched.retain(|(name, _)| !is_owned(composite, name));
    assert_eq!(others, untouched);
    let again = extract(composite, &owned);
    assert_eq!(again.error, None, "{owned:?}");
    if let Some(context) = &again.context {
        let ids = |context: &tracer_core::SpanContext| (context.trace_id(), context.span_id());
        assert_eq!(extracted.context.as_ref().map(ids), Some(ids(context)));
    }
}

/// Headers of HTTP, of a message and of a map are read alike.
fn check_carriers(composite: &Composite, headers: &Headers) {
    let (mut map, mut list) = (HeaderMap::new(), Headers::new());
    for (name, value) in headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        if let (Ok(field), Ok(value)) = parsed {
            map.append(field, value);
        }
    }
    // In the order in which the map has them: of baggage's many names the last ones count.
    for (name, value) in &map {
        list.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
    }
    assert_eq!(composite.extract(&map), composite.extract(&list));
    let strings: BTreeMap<String, String> = list
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), String::from_utf8(value.clone()).ok()?)))
        .collect();
    let as_list: Headers =
        strings.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    assert_eq!(composite.extract(&strings), composite.extract(&as_list));
}

/// What is passed on is on the list and as it came, and nothing that a codec beside it owns.
fn check_forwarding(composite: &Composite, headers: &Headers) {
    let mut incoming = HeaderMap::new();
    for (name, value) in headers {
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        if let (Ok(field), Ok(value)) = parsed {
            incoming.append(field, value);
        }
    }
    for (set, is_wide) in [(ForwardSet::book(), false), (ForwardSet::wide(), true)] {
        let mut outgoing = HeaderMap::new();
        assert_eq!(set.capture(&incoming).apply(&mut outgoing), Ok(()));
        for name in incoming.keys() {
            let all: Vec<_> = incoming.get_all(name).iter().collect();
            let expected = match (set.contains(name), is_wide) {
                (false, _) => &[][..],
                (true, false) => &all[..1],
                (true, true) => &all[..],
            };
            assert_eq!(outgoing.get_all(name).iter().collect::<Vec<_>>(), expected, "{name}");
        }
        assert!(outgoing.keys().all(|name| incoming.contains_key(name)));
        let beside = set.beside(composite).capture(&incoming);
        assert!(beside.iter().all(|(name, _)| !is_owned(composite, name.as_str())));
    }
}
