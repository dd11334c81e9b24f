//! Several calls within one request, and requests that ask for none that can be made.

use std::collections::BTreeSet;

use super::harness::{calls, post};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

/// The trace ids of three calls, and that their parent ids differ.
fn trace_ids(headers: &[(&str, &str)]) -> BTreeSet<String> {
    let sent: Vec<_> = calls(headers, 3).into_iter().map(|call| call.traceparent).collect();
    let parent_ids: BTreeSet<_> = sent.iter().map(|parent| &parent.parent_id).collect();
    assert_eq!(parent_ids.len(), 3, "{sent:?}");
    sent.into_iter().map(|parent| parent.trace_id).collect()
}

#[test]
fn multiple_requests_with_valid_traceparent() {
    let valid = format!("00-{TRACE_ID}-b7ad6b7169203331-01");
    assert_eq!(trace_ids(&[("traceparent", &valid)]), BTreeSet::from([TRACE_ID.to_owned()]));
}

#[test]
fn multiple_requests_without_traceparent() {
    assert_eq!(trace_ids(&[]).len(), 1);
}

#[test]
fn multiple_requests_with_illegal_traceparent() {
    // That the zero id does not go out is checked of every call.
    let zero = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
    assert_eq!(trace_ids(&[("traceparent", &zero)]).len(), 1);
}

#[test]
fn what_is_no_list_of_calls_is_refused() {
    for (body, status) in [
        ("[", 400),
        ("{}", 422),
        (r#"[{"url": 7, "arguments": []}]"#, 422),
        (&format!("[{}]", vec![r#"{"url":"","arguments":[]}"#; 65].join(",")), 400),
        (&" ".repeat(300_000), 413),
    ] {
        assert_eq!(post(&[], body), status, "{:.40}", body);
    }
}

#[test]
fn a_call_that_cannot_be_made_stops_nothing() {
    for url in ["", "no url", "ftp://127.0.0.1/", "http://127.0.0.1:1/"] {
        let body = serde_json::json!([{"url": url, "arguments": []}]).to_string();
        assert_eq!(post(&[], &body), 200, "{url}");
    }
}
