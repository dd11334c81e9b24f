//! Tests of the checks: the sample passes, and each mutation fails exactly the check it is for.

use serde_json::json;

use super::sample::{ROOT_ID, TRACE_ID, set_tag, span_mut, trace, wait_behind};
use super::{Expectations, check, check_failed, check_service_graph};
use crate::jaeger_json::{Dependency, Process, Span, Trace};

const FIND_NEAREST: &str = "driver.DriverService/FindNearest";

fn expected() -> Expectations {
    Expectations::of_request("1234-1")
        .answered_with_driver("T700003C")
        .answered_with_traceresponse(format!("00-{TRACE_ID}-{ROOT_ID}-01"))
        .redis_errors(2..=3)
}

fn failing(trace: &Trace, expected: &Expectations) -> Vec<u8> {
    let failures = check(trace, expected);
    failures.iter().map(|failure| failure.number).collect()
}

/// Spoils a sample, and expects exactly one check to notice.
fn assert_only(number: u8, spoil: impl FnOnce(&mut Trace)) {
    let mut trace = trace();
    spoil(&mut trace);
    let failures = check(&trace, &expected());
    let numbers: Vec<u8> = failures.iter().map(|failure| failure.number).collect();
    assert_eq!(numbers, [number], "{failures:#?}");
    assert!(!failures[0].message.is_empty());
}

fn shift(span: &mut Span, by_us: i64) {
    span.start_us = span.start_us.checked_add_signed(by_us).unwrap();
    for log in &mut span.logs {
        log.timestamp_us = log.timestamp_us.checked_add_signed(by_us).unwrap();
    }
}

fn all_of<'a>(trace: &'a mut Trace, operation: &str) -> Vec<&'a mut Span> {
    let spans = trace.spans.iter_mut();
    spans.filter(|it| it.operation_name == operation).collect()
}

#[test]
fn the_sample_has_the_shape() {
    let trace = trace();
    assert_eq!(trace.spans.len(), 39);
    let logs: usize = trace.spans.iter().map(|span| span.logs.len()).sum();
    assert_eq!(logs, 49);
    assert_eq!(check(&trace, &expected()), []);
}

#[test]
fn the_later_edition_has_the_shape_too() {
    let mut trace = trace();
    for path in ["/dispatch", "/customer", "/route"] {
        for span in all_of(&mut trace, path) {
            span.operation_name = format!("GET {path}");
        }
    }
    for span in &mut trace.spans {
        for tag in &mut span.tags {
            let (key, value) = match tag.key.as_str() {
                "peer.service" => ("service.peer.name", tag.value.clone()),
                "sql.query" => ("db.query.text", tag.value.clone()),
                "rpc.system" => ("rpc.system.name", tag.value.clone()),
                "rpc.method" => ("rpc.method", json!(FIND_NEAREST)),
                "rpc.grpc.status_code" => ("rpc.response.status_code", json!("OK")),
                _ => continue,
            };
            tag.key = key.into();
            tag.value = value;
        }
    }
    assert_eq!(check(&trace, &expected()), []);
}

#[test]
fn a_query_that_waited_has_the_shape_too() {
    let mut trace = trace();
    wait_behind(&mut trace, 2, "[1-1 1-2]");
    assert_eq!(check(&trace, &expected()), []);
}

#[test]
fn services_notices_a_seventh() {
    assert_only(1, |trace| {
        let process = Process { service_name: "billing".into(), tags: vec![] };
        trace.processes.insert("p7".into(), process);
    });
}

#[test]
fn spans_notices_a_stranger() {
    assert_only(2, |trace| {
        let mut stranger = trace.spans[1].clone();
        stranger.span_id = "00000000000000ff".into();
        stranger.operation_name = "dns.lookup".into();
        trace.spans.push(stranger);
    });
}

#[test]
fn spans_notices_more_errors_than_allowed() {
    let expected = expected().redis_errors(3..=3);
    assert_eq!(failing(&trace(), &expected), [2]);
}

#[test]
fn spans_notices_a_lost_one() {
    let mut trace = trace();
    trace.spans.retain(|it| it.operation_name != "FindDriverIDs");
    assert!(failing(&trace, &expected()).contains(&2));
}

#[test]
fn kinds_notices_an_internal_span() {
    assert_only(3, |trace| {
        set_tag(span_mut(trace, "GetDriver"), "span.kind", json!("internal"));
    });
}

#[test]
fn references_notices_another_type() {
    assert_only(4, |trace| {
        span_mut(trace, "/route").references[0].ref_type = "FOLLOWS_FROM".into();
    });
}

#[test]
fn references_notices_a_second_one() {
    assert_only(4, |trace| {
        let second = trace.spans[3].references[0].clone();
        trace.spans[3].references.push(second);
    });
}

#[test]
fn references_notices_another_trace() {
    assert_only(4, |trace| {
        span_mut(trace, "/customer").references[0].trace_id = "ff".into();
    });
}

#[test]
fn references_notices_a_wrong_parent_in_the_same_service() {
    assert_only(4, |trace| {
        let sibling = span_mut(trace, "HTTP GET").span_id.clone();
        let call = all_of(trace, "HTTP GET").pop().unwrap();
        call.references[0].span_id = sibling;
    });
}

#[test]
fn references_notices_a_cycle() {
    let mut trace = trace();
    let child = span_mut(&mut trace, "SQL SELECT").span_id.clone();
    span_mut(&mut trace, "/customer").references[0].span_id = child;
    assert!(failing(&trace, &expected()).contains(&4));
}

#[test]
fn references_notices_an_id_used_twice() {
    let mut trace = trace();
    let first = all_of(&mut trace, "/route")[0].span_id.clone();
    all_of(&mut trace, "/route")[1].span_id = first;
    assert_eq!(failing(&trace, &expected()), [4]);
}

#[test]
fn errors_notices_a_failed_root() {
    assert_only(5, |trace| set_tag(&mut trace.spans[0], "error", json!(true)));
}

#[test]
fn errors_notices_a_missing_mark() {
    assert_only(5, |trace| {
        set_tag(span_mut(trace, "GetDriver"), "error", json!(false));
    });
}

#[test]
fn logs_notices_a_lost_one() {
    assert_only(6, |trace| span_mut(trace, "/route").logs.clear());
}

#[test]
fn logs_notices_other_words() {
    assert_only(6, |trace| {
        let log = &mut span_mut(trace, FIND_NEAREST).logs;
        assert!(log.is_empty(), "the client's side logs nothing");
        trace.spans[0].logs[2].fields[0].value = json!("Customer found");
    });
}

#[test]
fn logs_notices_a_lost_field() {
    assert_only(6, |trace| {
        let logs = &mut span_mut(trace, "FindDriverIDs").logs;
        logs[0].fields.retain(|field| field.key != "drivers");
    });
}

#[test]
fn logs_notices_a_time_outside_the_span() {
    assert_only(6, |trace| {
        let span = span_mut(trace, "/customer");
        span.logs[0].timestamp_us = span.end_us() + 10;
    });
}

#[test]
fn logs_notices_a_retry_that_logged_success() {
    assert_only(6, |trace| {
        let failed = span_mut(trace, "GetDriver");
        failed.logs.remove(0);
    });
}

#[test]
fn staircase_notices_an_overlap() {
    assert_only(7, |trace| {
        let mut calls = all_of(trace, "GetDriver");
        shift(calls.last_mut().unwrap(), -1000);
    });
}

#[test]
fn staircase_notices_a_retry_of_another_driver() {
    assert_only(7, |trace| {
        let mut calls = all_of(trace, "GetDriver");
        set_tag(calls[0], "param.driverID", json!("T799999C"));
        assert!(calls[0].is_error());
        assert!(!calls.remove(1).is_error());
    });
}

#[test]
fn phases_notices_an_overlap() {
    assert_only(8, |trace| {
        span_mut(trace, "HTTP GET").duration_us += 20_000;
    });
}

#[test]
fn route_calls_notices_four_at_once() {
    assert_only(9, |trace| {
        let mut calls = all_of(trace, "HTTP GET");
        calls[4].duration_us -= 1000;
        let fourth = calls[4].start_us - calls[3].start_us;
        assert_eq!(fourth, 50_000, "the fourth route call starts the second three");
        calls[4].start_us -= 50_000;
    });
}

#[test]
fn route_calls_notices_a_pool_that_is_not_used() {
    let mut trace = trace();
    let calls = all_of(&mut trace, "HTTP GET");
    for (at, call) in calls.into_iter().skip(1).enumerate() {
        shift(call, 10_000 * i64::try_from(at).unwrap());
        call.duration_us = 5_000;
    }
    assert_eq!(failing(&trace, &expected()), [9]);
    assert!(failing(&trace, &expected().under_load()).is_empty());
    assert!(failing(&trace, &expected().time_scale(0.01)).is_empty());
}

#[test]
fn baggage_notices_another_request() {
    assert_only(10, |trace| {
        set_tag(span_mut(trace, "SQL SELECT"), "request", json!("9-9"));
    });
}

#[test]
fn baggage_notices_a_missing_tag_even_if_none_was_sent() {
    let mut trace = trace();
    let mut expected = expected();
    expected.request = String::new();
    set_tag(span_mut(&mut trace, "SQL SELECT"), "request", json!(""));
    assert!(failing(&trace, &expected).is_empty());
    let query = span_mut(&mut trace, "SQL SELECT");
    query.tags.retain(|tag| tag.key != "request");
    assert_eq!(failing(&trace, &expected), [10]);
}

#[test]
fn driver_notices_another_answer() {
    let expected = expected().answered_with_driver("T700004C");
    assert_eq!(failing(&trace(), &expected), [11]);
}

#[test]
fn driver_notices_one_that_redis_does_not_know() {
    let mut trace = trace();
    let last = trace.spans[0].logs.last_mut().unwrap();
    let field = last.fields.iter_mut().find(|it| it.key == "driver");
    field.unwrap().value = json!("T712345C");
    let expected = expected().answered_with_driver("T712345C");
    assert_eq!(failing(&trace, &expected), [11]);
}

#[test]
fn dependencies_notices_a_span_of_another_service() {
    assert_only(12, |trace| {
        span_mut(trace, "/route").process_id = "p-customer".into();
    });
}

#[test]
fn traceresponse_notices_another_span() {
    let header = format!("00-{TRACE_ID}-00000000000000aa-01");
    let expected = expected().answered_with_traceresponse(header);
    assert_eq!(failing(&trace(), &expected), [14]);
}

#[test]
fn tags_notices_a_lost_one() {
    assert_only(15, |trace| {
        let query = span_mut(trace, "SQL SELECT");
        query.tags.retain(|tag| tag.key != "sql.query");
    });
}

#[test]
fn waits_notices_a_query_that_did_not_wait() {
    assert_only(16, |trace| {
        span_mut(trace, "SQL SELECT").duration_us = 100_000;
    });
    let mut trace = trace();
    span_mut(&mut trace, "SQL SELECT").duration_us = 100_000;
    assert!(failing(&trace, &expected().time_scale(0.5)).is_empty());
}

#[test]
fn the_service_graph_is_compared_edge_by_edge() {
    let edge = |parent: &str, child: &str, call_count| Dependency {
        parent: parent.into(),
        child: child.into(),
        call_count,
    };
    let mut graph = vec![
        edge("frontend", "customer", 2),
        edge("frontend", "driver", 2),
        edge("frontend", "route", 20),
        edge("frontend", "frontend", 24),
        edge("customer", "mysql", 2),
        edge("driver", "redis-manual", 26),
    ];
    let traces = [trace(), trace()];
    assert_eq!(check_service_graph(&graph, &traces), None);
    graph[2].call_count = 19;
    assert_eq!(check_service_graph(&graph, &traces).unwrap().number, 12);
    graph.remove(2);
    assert!(check_service_graph(&graph, &traces).is_some());
}

/// A sample whose second driver fails three times.
fn failed() -> Trace {
    let mut trace = trace();
    let root_calls = ["/route"];
    trace.spans.retain(|span| {
        let is_route = span.tag("url.full").is_some_and(|url| url.contains("/route"));
        !is_route && !root_calls.contains(&span.operation_name.as_str())
    });
    let last = trace.spans.iter().rposition(|it| it.is_error()).unwrap();
    trace.spans.truncate(last + 1);
    for again in 1..3 {
        let mut span = trace.spans[last].clone();
        span.span_id = format!("{:016x}", 0xf0 + again);
        shift(&mut span, 30_000 * again);
        trace.spans.push(span);
    }
    let server = all_of(&mut trace, FIND_NEAREST).pop().unwrap();
    let gave_up = json!("Failed to get driver after 3 attempts");
    let retry = server.logs[1].clone();
    server.logs.splice(3..4, [retry.clone(), retry.clone(), retry]);
    server.logs.last_mut().unwrap().fields[0].value = gave_up;
    for operation in ["/dispatch", FIND_NEAREST] {
        for span in all_of(&mut trace, operation) {
            set_tag(span, "error", json!(true));
        }
    }
    trace
}

#[test]
fn a_failed_dispatch_has_its_own_shape() {
    assert_eq!(check_failed(&failed(), &expected()), []);
    assert!(!check(&failed(), &expected()).is_empty());
    assert!(!check_failed(&trace(), &expected()).is_empty());
}

#[test]
fn a_failed_dispatch_marks_the_root() {
    let mut trace = failed();
    set_tag(&mut trace.spans[0], "error", json!(false));
    let failures = check_failed(&trace, &expected());
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].number, 5);
}

#[test]
fn a_failed_dispatch_with_a_lost_span_is_noticed() {
    for lost in 1..failed().spans.len() {
        let mut trace = failed();
        let span = trace.spans.remove(lost);
        let failures = check_failed(&trace, &expected());
        let undetectable = span.operation_name == "GetDriver" && !span.is_error();
        assert!(undetectable || !failures.is_empty(), "{}", span.operation_name);
    }
}
