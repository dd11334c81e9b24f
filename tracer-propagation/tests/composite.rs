//! Which codec wins, what falls through, and what is cleared. The two codecs here stand for formats
//! that say more or less than W3C's: a decision without ids, a debug id, a prefix of names.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tracer_core::testing::TestTracer;
use tracer_core::{Baggage, SpanContext, SpanId, TraceFlags, TraceId};
use tracer_propagation::{
    B3, B3SingleError, BaggageError, Codec, Composite, ExtractError, Extracted, Extractor, Field,
    InjectError, InjectReason, Injector, OtherError, SamplingDecision, SetError, TraceContext,
    TraceparentError, W3cBaggage,
};

type Headers = BTreeMap<String, String>;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// `short: 1`, `short: 0` (decisions) or `short: span` (a context with fixed ids).
#[derive(Debug)]
struct Short;

static SHORT: Field = Field::new("short");
const NOT_SHORT: ExtractError = ExtractError::Other(&OtherError { field: "short", reason: "too long" });
static SHORT_FIELDS: [&Field; 1] = [&SHORT];

impl Codec for Short {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let mut value = None;
        carrier.visit_values(&SHORT, &mut |first| {
            value = Some(first);
            ControlFlow::Break(())
        });
        let mut extracted = Extracted::default();
        match value {
            None => {}
            Some(b"1") => extracted.decision = Some(SamplingDecision::Accept),
            Some(b"0") => extracted.decision = Some(SamplingDecision::Deny),
            Some(b"span") => return Ok(Extracted::from_context(short_context())),
            Some(_) => return Err(NOT_SHORT),
        }
        Ok(extracted)
    }

    fn inject(&self, _: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let failed = |error| InjectError::new("short", InjectReason::Carrier(error));
        carrier.set(&SHORT, b"span").map_err(failed)
    }

    fn fields(&self) -> &[&'static Field] {
        &SHORT_FIELDS
    }
}

/// `ctx-KEY: value` (baggage) and `find-me: TEXT` (a debug id).
#[derive(Debug)]
struct Prefixed;

static FIND_ME: Field = Field::new("find-me");
static FIND_ME_FIELDS: [&Field; 1] = [&FIND_ME];

impl Codec for Prefixed {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let mut extracted = Extracted::default();
        carrier.visit_all(&mut |name, value| {
            let value = String::from_utf8_lossy(value);
            if let Some(key) = name.to_ascii_lowercase().strip_prefix("ctx-") {
                extracted.baggage = extracted.baggage.with_item(key, &value);
            } else if FIND_ME.is_named(name) {
                extracted.debug_id = Some(value.into());
            }
            ControlFlow::Continue(())
        });
        Ok(extracted)
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        carrier.remove(&FIND_ME);
        carrier.remove_prefix("ctx-");
        context.baggage().iter().try_for_each(|item| {
            let failed = |error| InjectError::new("ctx-", InjectReason::Carrier(error));
            carrier.set_named(&format!("ctx-{}", item.key), item.value.as_bytes()).map_err(failed)
        })
    }

    fn fields(&self) -> &[&'static Field] {
        &FIND_ME_FIELDS
    }

    fn prefixes(&self) -> &[&'static str] {
        &["ctx-"]
    }
}

fn short_context() -> SpanContext {
    SpanContext::new(TraceId::from_bytes([7; 16]), SpanId::from_bytes([8; 8]), TraceFlags::NONE)
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn trace_id(extracted: &Extracted) -> String {
    extracted.context.as_ref().map(|context| context.trace_id().to_string()).unwrap_or_default()
}

#[test]
fn the_first_codec_that_yields_a_context_wins_with_its_decision() {
    let both = headers(&[("traceparent", PARENT), ("short", "span")]);
    let extracted = Composite::new().with(TraceContext).with(Short).extract(&both).unwrap();
    assert_eq!(trace_id(&extracted), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(extracted.decision, Some(SamplingDecision::Accept));
    let extracted = Composite::new().with(Short).with(TraceContext).extract(&both).unwrap();
    assert_eq!(trace_id(&extracted), "07".repeat(16));
    assert_eq!(extracted.decision, Some(SamplingDecision::Deny));
}

#[test]
fn a_context_goes_before_a_decision_alone_whatever_the_order() {
    let both = headers(&[("traceparent", PARENT), ("short", "0")]);
    for composite in
        [Composite::new().with(Short).with(TraceContext), Composite::new().with(TraceContext).with(Short)]
    {
        let extracted = composite.extract(&both).unwrap();
        assert!(extracted.context.is_some());
        assert_eq!(extracted.decision, Some(SamplingDecision::Accept));
    }
}

#[test]
fn malformed_headers_fall_through_and_are_reported() {
    let composite = Composite::new().with(TraceContext).with(Short);
    let extracted = composite.extract(&headers(&[("traceparent", "bad"), ("short", "span")])).unwrap();
    assert_eq!(trace_id(&extracted), "07".repeat(16));
    assert_eq!(extracted.error.unwrap().to_string(), "traceparent: 3 bytes, fewer than 55");
    let error = composite.extract(&headers(&[("traceparent", "bad"), ("short", "bad!")])).unwrap_err();
    assert_eq!(error, TraceparentError::TooShort(3).into());
    assert_eq!(composite.extract(&headers(&[])), Ok(Extracted::default()));
}

/// One for each codec, also where they are within another one; the first is in what was extracted.
#[test]
fn all_errors_are_told_in_the_order_of_the_codecs() {
    let composite = Composite::new().with(Short).with(Composite::w3c()).with(B3::single());
    let told = |incoming: &[(&str, &str)]| {
        let (mut errors, incoming) = (Vec::new(), headers(incoming));
        let extracted = composite.extract_reporting(&incoming, &mut |error| errors.push(error));
        assert_eq!(extracted.error, errors.first().copied());
        assert_eq!(extracted, composite.extract(&incoming).unwrap_or_else(Extracted::from));
        errors
    };
    let broken = [
        ("short", "bad!"),
        ("traceparent", "bad"),
        ("tracestate", "bad"),
        ("baggage", "a=1,b"),
        ("b3", "bad"),
    ];
    let expected: [ExtractError; 4] = [
        NOT_SHORT,
        TraceparentError::TooShort(3).into(),
        BaggageError::Equals(2).into(),
        B3SingleError::TraceId.into(),
    ];
    assert_eq!(told(&broken), expected);
    assert_eq!(told(&broken[2..4]), expected[2..3]);
    assert!(told(&[("short", "span"), ("traceparent", PARENT), ("b3", "0")]).is_empty());
    assert!(told(&[]).is_empty());
}

#[test]
fn a_malformed_context_does_not_take_the_baggage_with_it() {
    let incoming = headers(&[("traceparent", "bad"), ("baggage", "session=7")]);
    let extracted = Composite::w3c().extract(&incoming).unwrap();
    assert_eq!(extracted.error.unwrap().field(), "traceparent");
    let parent = extracted.parent().unwrap();
    assert!(!parent.is_valid());
    assert_eq!(parent.baggage_item("session"), Some("7"));
}

#[test]
fn baggage_of_all_codecs_is_merged_and_the_first_of_a_key_stays() {
    let incoming =
        headers(&[("baggage", "a=1,b=2;p"), ("ctx-b", "other"), ("ctx-c", "3"), ("find-me", "now")]);
    let extracted = Composite::w3c().with(Prefixed).extract(&incoming).unwrap();
    let items: BTreeMap<_, _> = extracted.baggage.iter().map(|item| (item.key, item.value)).collect();
    assert_eq!(items, BTreeMap::from([("a", "1"), ("b", "2"), ("c", "3")]));
    assert!(extracted.baggage.iter().any(|item| item.key == "b" && item.properties.len() == 1));
    assert_eq!(extracted.debug_id.as_deref(), Some("now"));
    let mut request = Headers::new();
    W3cBaggage.inject(&extracted.parent().unwrap(), &mut request).unwrap();
    assert_eq!(request["baggage"], "c=3,a=1,b=2;p");
}

#[test]
fn an_injecting_composite_owns_the_fields_of_all_its_codecs() {
    let composite = Composite::w3c().with_extract(Short).with_extract(Prefixed);
    let mut request = headers(&[
        ("traceparent", "stale"),
        ("TraceState", "stale=1"),
        ("Baggage", "stale=1"),
        ("Short", "stale"),
        ("Ctx-user", "stale"),
        ("find-me", "stale"),
        ("host", "example"),
    ]);
    composite.inject(&short_context(), &mut request).unwrap();
    let parent = "00-07070707070707070707070707070707-0808080808080808-00";
    assert_eq!(request, headers(&[("traceparent", parent), ("host", "example")]));
}

#[test]
fn a_context_without_ids_injects_its_baggage_and_nothing_else() {
    let context = SpanContext::from_baggage(Baggage::new().with_item("session", "7"));
    let mut request = headers(&[("traceparent", PARENT), ("tracestate", "a=1")]);
    Composite::w3c().inject(&context, &mut request).unwrap();
    assert_eq!(request, headers(&[("baggage", "session=7")]));
}

#[test]
fn a_codec_that_only_reads_lets_nothing_out() {
    let composite = Composite::new().with(TraceContext).with_extract(W3cBaggage);
    let incoming = headers(&[("traceparent", PARENT), ("baggage", "secret=1")]);
    let parent = composite.extract(&incoming).unwrap().parent().unwrap();
    assert_eq!(parent.baggage_item("secret"), Some("1"));
    let mut request = incoming;
    composite.inject(&parent, &mut request).unwrap();
    assert_eq!(request, headers(&[("traceparent", PARENT)]));
}

#[test]
fn a_composite_within_a_composite_is_a_codec_like_any_other() {
    let composite = Composite::new().with(Composite::w3c()).with_extract(Prefixed);
    let names: Vec<_> = composite.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["traceparent", "tracestate", "baggage", "find-me"]);
    assert_eq!(composite.prefixes(), ["ctx-"]);
    let incoming = headers(&[("traceparent", PARENT), ("ctx-a", "1")]);
    let parent = composite.extract(&incoming).unwrap().parent().unwrap();
    let mut request = headers(&[]);
    composite.inject(&parent, &mut request).unwrap();
    assert_eq!(request, headers(&[("traceparent", PARENT), ("baggage", "a=1")]));
}

#[test]
fn one_failing_field_does_not_stop_the_others() {
    /// Takes no `traceparent`.
    struct Picky(Headers);
    impl Injector for Picky {
        fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
            if field.name() == "traceparent" { Err(SetError::Full) } else { self.0.set(field, value) }
        }
        fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
            self.0.set_named(name, value)
        }
        fn remove(&mut self, field: &Field) {
            Injector::remove(&mut self.0, field);
        }
        fn remove_prefix(&mut self, prefix: &str) {
            self.0.remove_prefix(prefix);
        }
    }
    let mut carrier = Picky(Headers::new());
    let context = short_context().with_baggage_item("a", "1");
    let error = Composite::w3c().inject(&context, &mut carrier).unwrap_err();
    assert_eq!(error, InjectError::new("traceparent", InjectReason::Carrier(SetError::Full)));
    assert_eq!(carrier.0, headers(&[("baggage", "a=1")]));
}

#[test]
fn a_trace_goes_through_a_service() {
    let (test, composite) = (TestTracer::new("shop"), Composite::w3c());
    let incoming = headers(&[
        ("traceparent", PARENT),
        ("tracestate", "congo=t61, rojo=1"),
        ("baggage", "session=7;p=1"),
    ]);
    let server = composite.extract(&incoming).unwrap().start(test.tracer().span("GET /cart"));
    let client = test.tracer().span("GET /stock").child_of(server.context()).start();
    let mut outgoing = Headers::new();
    composite.inject(client.context(), &mut outgoing).unwrap();
    let span_id = client.context().span_id();
    assert_eq!(outgoing["traceparent"], format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span_id}-01"));
    assert_eq!(outgoing["tracestate"], "congo=t61,rojo=1");
    assert_eq!(outgoing["baggage"], "session=7;p=1");
}
