//! B3, Jaeger and `grpc-trace-bin` both ways: what is written is read back, and whatever is made of
//! it on the way, what is read is valid.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "support/random.rs"]
mod random;

use random::{Headers, Random, damage};
use tracer_core::{Baggage, SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::{B3, Codec, Extracted, GrpcTraceBin, Jaeger};

/// A format, and what of a context has a place in it.
struct Format {
    codec: Box<dyn Codec>,
    flags: &'static [TraceFlags],
    has_parent_id: bool,
    has_baggage: bool,
}

fn formats() -> Vec<Format> {
    const SAMPLED: TraceFlags = TraceFlags::SAMPLED;
    const B3_FLAGS: &[TraceFlags] =
        &[TraceFlags::NONE, SAMPLED, SAMPLED.with(TraceFlags::DEBUG), TraceFlags::DEFERRED];
    const JAEGER_FLAGS: &[TraceFlags] = &[
        TraceFlags::NONE,
        SAMPLED,
        TraceFlags::DEBUG,
        SAMPLED.with(TraceFlags::DEBUG),
        SAMPLED.with(TraceFlags::FIREHOSE),
    ];
    let b3 = |b3: B3, has_parent_id| {
        let codec: Box<dyn Codec> = Box::new(b3);
        Format { codec, flags: B3_FLAGS, has_parent_id, has_baggage: false }
    };
    vec![
        b3(B3::single(), false),
        b3(B3::multi(), false),
        b3(B3::both(), false),
        b3(B3::single().with_parent_id(), true),
        b3(B3::multi().with_parent_id(), true),
        Format { codec: Box::new(Jaeger), flags: JAEGER_FLAGS, has_parent_id: true, has_baggage: true },
        Format {
            codec: Box::new(GrpcTraceBin),
            flags: &[TraceFlags::NONE, SAMPLED],
            has_parent_id: false,
            has_baggage: false,
        },
    ]
}

fn context(format: &Format, random: &mut Random) -> SpanContext {
    let mut trace_id: [u8; 16] = random.bytes();
    if random.below(2) == 0 {
        trace_id[..8].fill(0);
    }
    let ids = (TraceId::from_bytes(trace_id), SpanId::from_bytes(random.bytes()));
    let mut context = SpanContext::new(ids.0, ids.1, random.pick(format.flags));
    if format.has_parent_id && random.below(2) == 0 {
        context = context.with_parent_id(SpanId::from_bytes(random.bytes()));
    }
    let items = if format.has_baggage { random.below(4) } else { 0 };
    let baggage = (0..items).fold(Baggage::new(), |baggage, n| {
        let value = random.pick(&["", "ü:+% \t", "a\r\nb", "日🚀\u{7f}", "50%", "%41", "a=b,c;d"]);
        baggage.with_item(&format!("key-{n}"), value)
    });
    context.with_baggage(baggage)
}

#[test]
fn what_is_written_is_read_back() {
    let mut random = Random(1);
    for format in formats() {
        for round in 0..1_000 {
            let context = context(&format, &mut random);
            let mut headers = Headers::new();
            format.codec.inject(&context, &mut headers).unwrap();
            let extracted = format.codec.extract(&headers).unwrap();
            assert_eq!(extracted.error, None, "{:?} {round}: {headers:?}", format.codec);
            assert_eq!(extracted.parent(), Some(context.into_remote()), "{:?} {round}", format.codec);
            let mut again = Headers::new();
            format.codec.forward(&extracted, &mut again).unwrap();
            assert_eq!(again, headers, "{:?} {round}", format.codec);
        }
    }
}

/// Valid headers with bytes changed, cut, doubled or put elsewhere.
#[test]
fn what_is_read_from_damaged_headers_is_valid() {
    let mut random = Random(2);
    let (mut contexts, mut errors) = (0, 0);
    for format in formats() {
        for _ in 0..3_000 {
            let mut headers = Headers::new();
            format.codec.inject(&context(&format, &mut random), &mut headers).unwrap();
            for _ in 0..=random.below(3) {
                damage(&mut random, &mut headers);
            }
            let extracted = format.codec.extract(&headers).unwrap_or_else(Extracted::from);
            contexts += usize::from(extracted.context.is_some());
            errors += usize::from(extracted.error.is_some());
            assert!(extracted.context.as_ref().is_none_or(SpanContext::is_valid), "{headers:?}");
            let mut again = Headers::new();
            format.codec.forward(&extracted, &mut again).unwrap();
            let second = format.codec.extract(&again).unwrap();
            assert_eq!(second.error, None, "{headers:?}");
            let same =
                |extracted: &Extracted| (ids(extracted), extracted.decision, extracted.baggage.clone());
            assert_eq!(same(&second), same(&extracted), "{headers:?}");
        }
    }
    assert!(contexts > 3_000 && errors > 3_000, "both happen: {contexts} contexts, {errors} errors");
}

fn ids(extracted: &Extracted) -> Option<(TraceId, SpanId)> {
    extracted.context.as_ref().map(|context| (context.trace_id(), context.span_id()))
}
