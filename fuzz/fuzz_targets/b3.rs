//! Arbitrary headers and contexts through B3, in each of its formats: what is read can be sent and is
//! read again the same; what is sent is legal.
#![no_main]

use fuzz::context::context;
use fuzz::grammar::check_sent;
use fuzz::headers::{Headers, extract, of_lines};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use tracer_core::TraceFlags;
use tracer_propagation::{B3, Codec};

const STATES: [TraceFlags; 4] = [
    TraceFlags::NONE,
    TraceFlags::SAMPLED,
    TraceFlags::SAMPLED.with(TraceFlags::DEBUG),
    TraceFlags::DEFERRED,
];

fuzz_target!(|bytes: &[u8]| {
    let headers = of_lines(bytes);
    for codec in [B3::single(), B3::multi(), B3::both()].map(B3::with_parent_id) {
        check_headers(codec, &headers);
        // What is used up is no context.
        let _ = check_context(codec, &mut Unstructured::new(bytes));
    }
});

fn check_headers(codec: B3, headers: &Headers) {
    let extracted = extract(&codec, headers);
    assert!(extracted.context.as_ref().is_none_or(|context| context.is_valid() && context.is_remote()));
    assert!(extracted.baggage.is_empty() && extracted.debug_id.is_none());
    let mut sent = headers.clone();
    sent.retain(|(name, _)| codec.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name)));
    assert_eq!(codec.forward(&extracted, &mut sent), Ok(()));
    check_sent(&sent);
    let mut expected = extracted;
    expected.error = None;
    assert_eq!(extract(&codec, &sent), expected, "{sent:?}");
}

fn check_context(codec: B3, input: &mut Unstructured<'_>) -> Result<()> {
    let context = context(input)?.with_flags(*input.choose(&STATES)?);
    let mut sent = Headers::new();
    assert_eq!(codec.inject(&context, &mut sent), Ok(()));
    check_sent(&sent);
    let extracted = extract(&codec, &sent);
    assert_eq!((extracted.context, extracted.error), (Some(context), None), "{sent:?}");
    Ok(())
}
