//! Arbitrary headers and contexts through Jaeger's format: what is read can be sent and is read again
//! the same, as far as keys of baggage have a place in a header's name; what is sent is legal.
#![no_main]

use fuzz::context::{baggage, context, flags};
use fuzz::grammar::check_sent;
use fuzz::headers::{Headers, extract, of_lines};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use tracer_core::{Baggage, TraceFlags};
use tracer_propagation::{Codec, Extracted, InjectError, InjectReason, Jaeger};

const FLAGS: [TraceFlags; 3] = [TraceFlags::SAMPLED, TraceFlags::DEBUG, TraceFlags::FIREHOSE];

/// The most baggage that is kept: members, and bytes of them as they came.
const MEMBERS_MAX: usize = 180;
const BYTES_MAX: usize = 8192;

fuzz_target!(|bytes: &[u8]| {
    check_headers(&of_lines(bytes));
    // What is used up is no context.
    let _ = check_context(&mut Unstructured::new(bytes));
});

fn check_headers(headers: &Headers) {
    let extracted = extract(&Jaeger, headers);
    assert!(extracted.context.as_ref().is_none_or(|context| context.is_valid() && context.is_remote()));
    let (members, size) = size(&extracted.baggage);
    // A malformed byte of a value becomes a character of three.
    assert!(members <= MEMBERS_MAX && size <= 3 * BYTES_MAX);
    let mut sent = Headers::from([("UBERCTX-old".to_owned(), b"1".to_vec())]);
    let injected = Jaeger.forward(&extracted, &mut sent);
    check_sent(&sent);
    let again = extract(&Jaeger, &sent);
    assert_eq!(again.error, None, "{sent:?}");
    check_received(&again, &extracted, injected);
    check_repeats(&again, &sent);
}

fn check_received(again: &Extracted, extracted: &Extracted, injected: Result<(), InjectError>) {
    assert_eq!(again.context, extracted.context);
    assert_eq!(again.debug_id.is_some(), extracted.debug_id.is_some());
    assert!(again.baggage.iter().all(|item| {
        let mut theirs = extracted.baggage.iter();
        theirs.any(|their| their.key.eq_ignore_ascii_case(item.key) && their.value == item.value)
    }));
    match injected.map_err(|error| error.reason) {
        Ok(()) => assert!(
            extracted
                .baggage
                .iter()
                .all(|item| { again.baggage.get(&item.key.to_ascii_lowercase()).is_some() })
        ),
        Err(InjectReason::Key | InjectReason::Limit { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}

/// The second time around nothing changes any more.
fn check_repeats(received: &Extracted, sent: &Headers) {
    let mut again = Headers::new();
    assert_eq!(Jaeger.forward(received, &mut again), Ok(()));
    let sorted = |headers: &Headers| {
        let mut headers = headers.clone();
        headers.sort();
        headers
    };
    assert_eq!(sorted(&again), sorted(sent));
}

fn check_context(input: &mut Unstructured<'_>) -> Result<()> {
    let context = context(input)?.with_flags(flags(input, &FLAGS)?);
    let baggage = baggage(input)?;
    let mut sent = Headers::new();
    let injected = Jaeger.inject(&context.clone().with_baggage(baggage.clone()), &mut sent);
    check_sent(&sent);
    let extracted = extract(&Jaeger, &sent);
    assert_eq!((extracted.context, extracted.error), (Some(context), None), "{sent:?}");
    match injected.map_err(|error| error.reason) {
        Ok(()) => assert_eq!(extracted.baggage, baggage),
        Err(InjectReason::Limit { .. }) => assert!(size(&baggage).1 * 3 > BYTES_MAX),
        Err(other) => panic!("{other}"),
    }
    Ok(())
}

/// Members, and bytes of keys and values.
fn size(baggage: &Baggage) -> (usize, usize) {
    baggage
        .iter()
        .fold((0, 0), |(members, bytes), item| (members + 1, bytes + item.key.len() + item.value.len()))
}
