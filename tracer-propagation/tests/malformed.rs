//! Hostile headers: refused or cut down as the specifications say, never a panic, never endless work.

use tracer_propagation::{Codec, Composite, ExtractError, Extracted, Pairs, TraceContext, TraceparentError};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";

fn extract(pairs: &[(&str, &[u8])]) -> Extracted {
    Composite::w3c().extract(&Pairs(pairs)).unwrap_or_else(Extracted::from)
}

/// What is wrong with a `traceparent`, if anything.
fn refused(value: &[u8]) -> Option<ExtractError> {
    TraceContext.extract(&Pairs(&[("traceparent", value)])).err()
}

#[test]
fn traceparents_that_are_none() {
    let valid = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let cases = [
        String::new(),
        " ".into(),
        "-".into(),
        "---".into(),
        "00".into(),
        "00-".into(),
        format!("00-{TRACE_ID}"),
        format!("00-{TRACE_ID}-"),
        format!("00-{TRACE_ID}-{SPAN_ID}"),
        format!("00-{TRACE_ID}-{SPAN_ID}-"),
        format!("00-{TRACE_ID}-{SPAN_ID}-1"),
        format!("00-{TRACE_ID}-{SPAN_ID}-001"),
        format!("00-{TRACE_ID}-{SPAN_ID}-0x"),
        format!("00-{TRACE_ID}-{SPAN_ID}-+1"),
        format!("00-{TRACE_ID}-{SPAN_ID}-01-"),
        format!("00-{TRACE_ID}-{SPAN_ID}-01 x"),
        format!("00-{TRACE_ID}-{SPAN_ID}-01\0"),
        format!("0-{TRACE_ID}-{SPAN_ID}-01"),
        format!("000-{TRACE_ID}-{SPAN_ID}-01"),
        format!("+0-{TRACE_ID}-{SPAN_ID}-01"),
        format!("ff-{TRACE_ID}-{SPAN_ID}-01"),
        format!("FE-{TRACE_ID}-{SPAN_ID}-01"),
        format!("01-{TRACE_ID}-{SPAN_ID}-01x"),
        format!("00-{TRACE_ID}0-{SPAN_ID}-01"),
        format!("00-{}-{SPAN_ID}-01", &TRACE_ID[..31]),
        format!("00-{}-{SPAN_ID}-01", &TRACE_ID[..16]),
        format!("00-{}-{SPAN_ID}-01", TRACE_ID.to_uppercase()),
        format!("00-{TRACE_ID}-{}-01", SPAN_ID.to_uppercase()),
        format!("00-0x{}-{SPAN_ID}-01", &TRACE_ID[..30]),
        format!("00-{}-{SPAN_ID}-01", "0".repeat(32)),
        format!("00-{TRACE_ID}-{}-01", "0".repeat(16)),
        format!("00-{TRACE_ID}-{SPAN_ID}0-1"),
        format!("{valid},{valid}"),
        format!("{valid}, {valid}"),
        format!("\"{valid}\""),
        format!("00-{}é-{SPAN_ID}-01", &TRACE_ID[..30]),
        format!("é0-{}-{SPAN_ID}-01", &TRACE_ID[1..]),
        format!("00\u{2013}{TRACE_ID}\u{2013}{SPAN_ID}\u{2013}01"),
        "0".repeat(55),
        "-".repeat(55),
        "f".repeat(1 << 20),
    ];
    for value in &cases {
        assert!(refused(value.as_bytes()).is_some(), "{value:?}");
    }
    for value in [b"\xff".repeat(55), b"\0".repeat(55), b"\x80".repeat(56)] {
        assert!(refused(&value).is_some(), "{value:?}");
    }
    assert_eq!(refused(valid.as_bytes()), None);
    assert_eq!(refused(format!("\t {valid} \t").as_bytes()), None);
}

#[test]
fn a_repeated_traceparent_is_refused_even_if_equal() {
    let valid = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    for other in [valid.as_str(), "", "rubbish"] {
        let extracted =
            extract(&[("traceparent", valid.as_bytes()), ("Traceparent", other.as_bytes()), ("x", b"1")]);
        assert_eq!(extracted.context, None);
        assert_eq!(extracted.error, Some(TraceparentError::Repeated.into()));
    }
}

#[test]
fn a_malformed_tracestate_costs_the_list_and_not_the_trace() {
    let valid = format!("00-{TRACE_ID}-{SPAN_ID}-01");
    let many = "k=v,".repeat(33);
    for state in ["a", "=", "a=1,B=2", "a=\u{e9}", "a==1", "a=1\n", many.as_str()] {
        let extracted = extract(&[("traceparent", valid.as_bytes()), ("tracestate", state.as_bytes())]);
        assert_eq!(extracted.context.unwrap().trace_state(), None, "{state}");
        assert_eq!(extracted.error.unwrap().field(), "tracestate", "{state}");
    }
}
