//! Every format goes through every carrier unchanged, and nothing stale stays behind.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, HashMap};

use tracer_core::{SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::{B3, Codec, Composite, EnvVars, Extractor, GrpcTraceBin, Injector, Jaeger};

fn context() -> SpanContext {
    let ids = (TraceId::from_bytes([0xab; 16]), SpanId::from_bytes([0xcd; 8]));
    SpanContext::new(ids.0, ids.1, TraceFlags::SAMPLED).into_remote()
}

/// Formats, and whether they carry baggage.
fn codecs() -> Vec<(Box<dyn Codec>, bool)> {
    vec![
        (Box::new(Composite::w3c()), true),
        (Box::new(B3::single()), false),
        (Box::new(B3::multi()), false),
        (Box::new(B3::both()), false),
        (Box::new(Jaeger), true),
        (Box::new(GrpcTraceBin), false),
    ]
}

fn check<C: Extractor + Injector + Default>() {
    let carrier_name = std::any::type_name::<C>();
    for (codec, has_baggage) in codecs() {
        let mut carrier = C::default();
        // Of another context, in all fields.
        codec.fields().iter().for_each(|field| carrier.set(field, b"stale").unwrap());
        for prefix in codec.prefixes() {
            carrier.set_named(&format!("{prefix}stale"), b"stale").unwrap();
        }
        carrier.set_named("other", b"kept").unwrap();
        let context = if has_baggage { context().with_baggage_item("key", "é, ;=%") } else { context() };
        codec.inject(&context, &mut carrier).unwrap();
        let extracted = codec.extract(&carrier).unwrap();
        assert_eq!(extracted.error, None, "{codec:?} {carrier_name}");
        assert_eq!(extracted.parent(), Some(context), "{codec:?} {carrier_name}");

        codec.inject(&SpanContext::default(), &mut carrier).unwrap();
        let mut left = Vec::new();
        carrier.visit_all(&mut |name, value| {
            left.push((name.to_owned(), value.to_vec()));
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(left, [("other".to_owned(), b"kept".to_vec())], "{codec:?} {carrier_name}");
    }
}

#[test]
fn lists_of_bytes() {
    check::<Vec<(String, Vec<u8>)>>();
}

#[test]
fn maps_of_strings() {
    check::<HashMap<String, String>>();
    check::<BTreeMap<String, String>>();
}

#[test]
fn variables() {
    check::<EnvVars>();
}

#[test]
#[cfg(feature = "http")]
fn headers_of_http() {
    check::<http::HeaderMap>();
}
