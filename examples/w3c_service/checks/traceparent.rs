//! `traceparent`: when the trace goes on, and when a new one begins.

use super::harness::call;

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID: &str = "b7ad6b7169203331";
const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The trace id that goes out for one `traceparent`.
fn trace_id_of(value: &str) -> String {
    call(&[("traceparent", value)]).traceparent.trace_id
}

fn goes_on(value: &str) {
    assert_eq!(trace_id_of(value), TRACE_ID, "{value:?}");
}

/// Another trace id goes out, and not one that was cut or filled from what came.
fn begins_anew(value: &str) {
    let trace_id = trace_id_of(value);
    assert!(!trace_id.contains(&TRACE_ID[1..31]), "{value:?} led to {trace_id}");
}

#[test]
fn both_traceparent_and_tracestate_missing() {
    // That it is valid is checked of every call.
    assert!(call(&[]).tracestate.is_empty());
}

#[test]
fn traceparent_included_tracestate_missing() {
    let sent = call(&[("traceparent", VALID)]);
    assert_eq!(sent.traceparent.trace_id, TRACE_ID);
    assert_ne!(sent.traceparent.parent_id, PARENT_ID);
    assert!(sent.tracestate.is_empty());
}

#[test]
fn traceparent_duplicated() {
    let other = VALID.replace("0af7", "1bf8");
    let sent = call(&[("traceparent", VALID), ("traceparent", &other)]).traceparent.trace_id;
    assert!(sent != TRACE_ID && !other.contains(&sent));
}

#[test]
fn traceparent_header_name() {
    for name in ["trace-parent", "trace.parent"] {
        assert_ne!(call(&[(name, VALID)]).traceparent.trace_id, TRACE_ID, "{name}");
    }
}

#[test]
fn traceparent_header_name_valid_casing() {
    for name in ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        assert_eq!(call(&[(name, VALID)]).traceparent.trace_id, TRACE_ID, "{name}");
    }
}

#[test]
fn traceparent_version_0x00() {
    begins_anew(&format!("{VALID}."));
    begins_anew(&format!("{VALID}-what-comes-later"));
    begins_anew(&format!("{VALID}-"));
}

#[test]
fn traceparent_version_0xcc() {
    goes_on(&format!("cc{}", &VALID[2..]));
    goes_on(&format!("cc{}-what-comes-later", &VALID[2..]));
    begins_anew(&format!("cc{}.what-comes-later", &VALID[2..]));
}

#[test]
fn traceparent_version_0xff() {
    begins_anew(&format!("ff{}", &VALID[2..]));
}

#[test]
fn traceparent_version_illegal_characters() {
    begins_anew(&format!(".0{}", &VALID[2..]));
    begins_anew(&format!("0.{}", &VALID[2..]));
}

#[test]
fn traceparent_version_too_long() {
    begins_anew(&format!("0{VALID}"));
    begins_anew(&format!("00{VALID}"));
}

#[test]
fn traceparent_version_too_short() {
    begins_anew(&VALID[1..]);
}

#[test]
fn traceparent_trace_id_all_zero() {
    // That the zero id does not go out is checked of every call.
    begins_anew(&format!("00-{}-{PARENT_ID}-01", "0".repeat(32)));
}

#[test]
fn traceparent_trace_id_illegal_characters() {
    begins_anew(&format!("00-.{}-{PARENT_ID}-01", &TRACE_ID[1..]));
    begins_anew(&format!("00-{}.-{PARENT_ID}-01", &TRACE_ID[..31]));
}

#[test]
fn traceparent_trace_id_too_long() {
    begins_anew(&format!("00-{TRACE_ID}3-{PARENT_ID}-01"));
}

#[test]
fn traceparent_trace_id_too_short() {
    begins_anew(&format!("00-{}-{PARENT_ID}-01", &TRACE_ID[..31]));
}

#[test]
fn traceparent_parent_id_all_zero() {
    begins_anew(&format!("00-{TRACE_ID}-0000000000000000-01"));
}

#[test]
fn traceparent_parent_id_illegal_characters() {
    begins_anew(&format!("00-{TRACE_ID}-.{}-01", &PARENT_ID[1..]));
    begins_anew(&format!("00-{TRACE_ID}-{}.-01", &PARENT_ID[..15]));
}

#[test]
fn traceparent_parent_id_too_long() {
    begins_anew(&format!("00-{TRACE_ID}-{PARENT_ID}7-01"));
}

#[test]
fn traceparent_parent_id_too_short() {
    begins_anew(&format!("00-{TRACE_ID}-{}-01", &PARENT_ID[..15]));
}

#[test]
fn traceparent_trace_flags_illegal_characters() {
    begins_anew(&format!("00-{TRACE_ID}-{PARENT_ID}-.0"));
    begins_anew(&format!("00-{TRACE_ID}-{PARENT_ID}-0."));
}

#[test]
fn traceparent_trace_flags_too_long() {
    begins_anew(&format!("00-{TRACE_ID}-{PARENT_ID}-001"));
}

#[test]
fn traceparent_trace_flags_too_short() {
    begins_anew(&format!("00-{TRACE_ID}-{PARENT_ID}-1"));
}

#[test]
fn traceparent_ows_handling() {
    for (before, after) in [(" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t")] {
        goes_on(&format!("{before}{VALID}{after}"));
    }
}

#[test]
fn propagates_random_flag() {
    let sent = call(&[("traceparent", &format!("00-{TRACE_ID}-{PARENT_ID}-02"))]).traceparent;
    assert_eq!(sent.trace_id, TRACE_ID);
    assert_eq!(sent.flags & 0x02, 0x02);
}
