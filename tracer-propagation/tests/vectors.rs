//! Every case of `vectors/*.json`: what a codec reads and writes, by the specifications' rules.
//!
//! All cases of a file run before it fails, so that one run shows all that is wrong.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

#[path = "support/cases.rs"]
mod cases;

use std::fmt::Write as _;

#[test]
fn trace_context() {
    assert_passes(include_str!("vectors/trace-context.json"), 183);
}

#[test]
fn baggage() {
    assert_passes(include_str!("vectors/baggage.json"), 97);
}

#[test]
fn b3() {
    assert_passes(include_str!("vectors/b3.json"), 126);
}

#[test]
fn jaeger() {
    assert_passes(include_str!("vectors/jaeger.json"), 84);
}

#[test]
fn grpc_trace_bin() {
    assert_passes(include_str!("vectors/grpc-trace-bin.json"), 35);
}

#[test]
fn composite() {
    assert_passes(include_str!("vectors/composite.json"), 6);
}

#[test]
#[cfg(feature = "http")]
fn mesh_headers() {
    assert_passes(include_str!("vectors/mesh.json"), 16);
}

fn assert_passes(file: &str, count: usize) {
    let report = cases::run(file).unwrap();
    assert_eq!(report.cases, count, "cases in the file");
    let failures = report.failures.iter().fold(String::new(), |mut list, failure| {
        let _ =
            write!(list, "\n{}\n  expected {}\n  actual   {}", failure.id, failure.expected, failure.actual);
        list
    });
    assert!(failures.is_empty(), "{} of {count} of {} fail:{failures}", report.failures.len(), report.codec);
}

/// The files are what passes above; a runner that passes anything would pass them too.
#[test]
fn another_outcome_fails() {
    let case = |expect: &str| {
        format!(
            r#"{{"codec": "b3", "cases": [{{"id": "1", "op": "extract", "in": {{"headers": []}}, "expect": {expect}}}]}}"#
        )
    };
    assert_eq!(cases::run(&case(r#"{"result": "none"}"#)).unwrap().failures.len(), 0);
    assert_eq!(cases::run(&case(r#"{"result": "invalid"}"#)).unwrap().failures.len(), 1);
    let unreadable = cases::run(r#"{"codec": "b3", "cases": [{"op": "dance"}]}"#).unwrap();
    assert_eq!(unreadable.failures.len(), 1);
    for none in ["", "[]", r#"{"codec": "b3"}"#, r#"{"codec": "b4", "cases": []}"#] {
        assert!(cases::run(none).is_err(), "{none}");
    }
}
