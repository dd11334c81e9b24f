//! `tracestate`: which members go on, and when the whole list is left behind.

use super::harness::{Callback, call};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT: (&str, &str) = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");

/// The call that these `tracestate` fields lead to, beside a valid `traceparent`: the trace goes on,
/// whatever becomes of the list.
fn with(fields: &[&str]) -> Callback {
    let fields = fields.iter().map(|value| ("tracestate", *value));
    let headers: Vec<_> = [TRACEPARENT].into_iter().chain(fields).collect();
    let sent = call(&headers);
    assert_eq!(sent.traceparent.trace_id, TRACE_ID);
    sent
}

/// The list that goes out, as text.
fn list(fields: &[&str]) -> String {
    let members: Vec<_> = with(fields).tracestate.iter().map(|(k, v)| format!("{k}={v}")).collect();
    members.join(",")
}

#[test]
fn tracestate_included_traceparent_missing() {
    for value in ["foo=1", "foo=1,bar=2"] {
        assert!(call(&[("tracestate", value)]).tracestate.is_empty(), "{value}");
    }
}

#[test]
fn tracestate_included_traceparent_included() {
    assert_eq!(list(&["foo=1,bar=2"]), "foo=1,bar=2");
}

#[test]
fn tracestate_header_name() {
    for name in ["trace-state", "trace.state"] {
        assert!(call(&[TRACEPARENT, (name, "foo=1")]).tracestate.is_empty(), "{name}");
    }
}

#[test]
fn tracestate_header_name_valid_casing() {
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        assert_eq!(call(&[TRACEPARENT, (name, "foo=1")]).get("foo"), Some("1"), "{name}");
    }
}

#[test]
fn tracestate_empty_header() {
    assert_eq!(list(&[""]), "");
    assert_eq!(list(&["foo=1", ""]), "foo=1");
    assert_eq!(list(&["", "foo=1"]), "foo=1");
}

#[test]
fn tracestate_multiple_headers_different_keys() {
    assert_eq!(list(&["foo=1,bar=2", "rojo=1,congo=2", "baz=3"]), "foo=1,bar=2,rojo=1,congo=2,baz=3");
}

#[test]
fn tracestate_duplicated_keys() {
    for fields in [&["foo=1,foo=1"][..], &["foo=1,foo=2"], &["foo=1", "foo=1"], &["foo=1", "foo=2"]] {
        assert_eq!(list(fields), "foo=1", "{fields:?}");
    }
}

#[test]
fn tracestate_all_allowed_characters() {
    let letters: String = ('a'..='z').collect();
    let plain = format!("{letters}0123456789_-*/");
    let value: String = (' '..='~').filter(|character| !matches!(character, ',' | '=')).collect();
    for key in [plain.clone(), format!("{plain}@a-z0-9_-*/")] {
        assert_eq!(with(&[&format!("{key}={value}")]).get(&key), Some(&*value), "{key}");
    }
}

#[test]
fn tracestate_ows_handling() {
    for value in ["foo=1 \t , \t bar=2, \t baz=3", "foo=1\t \t,\t \tbar=2,\t \tbaz=3"] {
        assert_eq!(list(&[value]), "foo=1,bar=2,baz=3", "{value:?}");
    }
    for value in [" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"] {
        assert_eq!(list(&[value]), "foo=1", "{value:?}");
    }
}

#[test]
fn tracestate_key_illegal_characters() {
    for value in ["foo =1", "FOO=1", "foo.bar=1"] {
        assert_eq!(list(&[value]), "", "{value:?}");
    }
}

#[test]
fn tracestate_key_illegal_vendor_format() {
    for value in ["foo@=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2"] {
        assert_eq!(list(&[value]), value);
    }
    assert_eq!(list(&["@foo=1,bar=2"]), "");
}

#[test]
fn tracestate_member_count_limit() {
    let member = |number| format!("bar{number:02}={number:02}");
    let field = |numbers: std::ops::RangeInclusive<u32>| numbers.map(member).collect::<Vec<_>>().join(",");
    let fields = |last| [field(1..=10), field(11..=20), field(21..=30), field(31..=last)];
    let all = fields(32);
    assert_eq!(list(&all.each_ref().map(String::as_str)), all.join(","));
    assert_eq!(list(&fields(33).each_ref().map(String::as_str)), "");
}

#[test]
fn tracestate_key_length_limit() {
    let longest = "z".repeat(256);
    assert_eq!(with(&[&format!("foo=1,{longest}=1")]).get(&longest), Some("1"));
    assert_eq!(list(&[&format!("foo=1,{longest}z=1")]), "");
    let parts = |tenant: usize, system: usize| format!("{}@{}", "t".repeat(tenant), "v".repeat(system));
    for key in [parts(241, 14), parts(242, 13), parts(240, 15)] {
        assert_eq!(with(&[&format!("foo=1,{key}=1")]).get(&key), Some("1"), "{key}");
    }
}

#[test]
fn tracestate_value_illegal_characters() {
    for value in ["foo=bar=baz", "foo=,bar=3"] {
        assert_eq!(list(&[value]), "", "{value:?}");
    }
}
