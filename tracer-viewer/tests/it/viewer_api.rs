//! The page's own addresses, over real sockets.

use serde_json::{Value, json};

use crate::http::{data, encode, get, post_otlp};
use crate::otlp::{Message, key_value, now_ns, request, span, span_at, text_tag};
use crate::viewer;

const MS: u64 = 1_000_000;

/// An order: three drivers looked up one after another, six routes asked for two at a time.
fn order(trace: u8, start_ns: u64) -> Vec<Message> {
    let at = |id, parent, name: &str, from_ms: u64, ms: u64| {
        span_at(trace, id, parent, name, (start_ns + from_ms * MS, ms * MS))
    };
    let mut spans =
        vec![at(1, None, "dispatch", 0, 100).bytes(9, text_tag("customer", &format!("c{trace}")))];
    spans.extend((0..3).map(|step| at(2 + step, Some(1), "get driver", 10 * step, 10)));
    spans.extend((0..6).map(|route| at(10 + route, Some(1), "route", 40 + 20 * (route / 2), 20)));
    spans
}

fn post(viewer: &tracer_viewer::Viewer, service: &str, spans: &[Message]) {
    assert_eq!(post_otlp(viewer.local_addr(), request(service, spans).as_ref()).status, 200);
}

#[test]
fn an_analysis_names_what_a_trace_waited_for() {
    let viewer = viewer();
    let start_ns = now_ns();
    post(&viewer, "front", &order(7, start_ns));
    let found = data(viewer.local_addr(), &format!("/api/viewer/traces/{}/analysis", "07".repeat(16)));
    let start_us = start_ns / 1_000;
    let path = found["criticalPath"].as_array().unwrap();
    let total: u64 = path.iter().map(|part| part["duration"].as_u64().unwrap()).sum();
    assert_eq!((path.len(), total), (7, 100_000), "{found}");
    assert_eq!(path[0], json!({ "spanID": "0000000000000002", "startTime": start_us, "duration": 10_000 }));
    assert_eq!(found["selfTime"]["0000000000000001"], 10_000);
    let gap = json!([{
        "spanID": "0000000000000001", "startTime": start_us + 30_000, "duration": 10_000,
        "kind": "notInstrumented",
    }]);
    assert_eq!(found["gaps"], gap);
    let stairs = json!([{
        "parentSpanID": "0000000000000001", "service": "front", "operation": "get driver",
        "spanIDs": ["0000000000000002", "0000000000000003", "0000000000000004"],
        "startTime": start_us, "duration": 30_000,
    }]);
    assert_eq!(found["staircases"], stairs);
    let crowd = json!([{
        "parentSpanID": "0000000000000001", "service": "front", "operation": "route", "spans": 6, "most": 2,
    }]);
    assert_eq!(found["concurrency"], crowd);
}

#[test]
fn clocks_are_adjusted_for_who_asks_and_for_nobody_else() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let start_ns = now_ns();
    post(&viewer, "front", &[span_at(7, 1, None, "call", (start_ns, 100 * MS))]);
    // Its clock is two seconds ahead.
    let log = Message::default().fixed64(1, start_ns + 2_010 * MS).bytes(2, "done");
    let called = span_at(7, 2, Some(1), "handle", (start_ns + 2_000 * MS, 20 * MS)).bytes(11, log);
    post(&viewer, "back", &[called, span_at(7, 3, Some(2), "query", (start_ns + 2_005 * MS, 5 * MS))]);
    let path = format!("/api/viewer/traces/{}", "07".repeat(16));
    let start_us = start_ns / 1_000;

    let recorded = data(addr, &path);
    assert_eq!(recorded, data(addr, &format!("/api/traces/{}", "07".repeat(16))));
    assert_eq!(data(addr, &format!("{path}?clocks=recorded")), recorded);
    let found = data(addr, &format!("{path}/analysis"));
    let skew = json!([
        { "spanID": "0000000000000002", "by": -1_960_000 },
        { "spanID": "0000000000000003", "by": -1_960_000 },
    ]);
    assert_eq!(found["clockSkew"], skew);
    assert_eq!(found["criticalPath"].as_array().unwrap().len(), 1, "{found}");

    let adjusted = data(addr, &format!("{path}?clocks=adjusted"));
    let span = &adjusted[0]["spans"][1];
    assert_eq!((&span["operationName"], &span["startTime"]), (&json!("handle"), &json!(start_us + 40_000)));
    assert_eq!(span["logs"][0]["timestamp"], start_us + 50_000);
    assert_eq!(span["warnings"], json!(["times are moved by -1.96s: its clock seems to be off by that"]));
    assert_eq!(adjusted[0]["spans"][0], recorded[0]["spans"][0], "the root's clock is the one that counts");
    let found = data(addr, &format!("{path}/analysis?clocks=adjusted"));
    assert_eq!(found["clockSkew"], skew);
    let path: Vec<_> = found["criticalPath"].as_array().unwrap().iter().map(|part| &part["spanID"]).collect();
    let [root, handle, query] = ["0000000000000001", "0000000000000002", "0000000000000003"];
    assert_eq!(path, [root, handle, query, handle, root]);
}

#[test]
fn groups_are_compared_added_up_and_attributed() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let start_ns = now_ns();
    for trace in [1, 2] {
        post(&viewer, "front", &order(trace, start_ns));
    }
    let below = span_at(2, 99, Some(10), "handle", (start_ns + 41 * MS, 5 * MS))
        .bytes(15, Message::default().varint(3, 2));
    post(&viewer, "back", &[below]);
    let compared = data(addr, &format!("/api/viewer/compare?a={}&b={}", "01".repeat(16), "02".repeat(16)));
    assert_eq!((&compared["a"]["spans"], &compared["b"]["spans"]), (&json!(10), &json!(11)));
    let only_b = &compared["nodes"][3];
    assert_eq!((&only_b["service"], &only_b["a"]), (&json!("back"), &Value::Null));
    assert_eq!((&only_b["parent"], &only_b["b"]["errors"]), (&json!(2), &json!(1)));

    let all = data(addr, "/api/viewer/aggregate?service=front");
    assert_eq!((&all["traces"], &all["nodes"][2]["count"]), (&json!(2), &json!(12)));
    assert_eq!(data(addr, "/api/viewer/aggregate?service=front&error=true")["traces"], 1);
    let edge = json!({
        "parent": "front", "child": "back", "calls": 1, "errors": 1, "p50": 5_000, "p95": 5_000, "p99": 5_000,
    });
    assert_eq!(data(addr, "/api/viewer/graph?lookback=1h")["edges"], json!([edge]));
    assert_eq!(data(addr, "/api/viewer/graph?lookback=1s"), json!({ "nodes": [], "edges": [] }));
    let red = data(addr, "/api/viewer/red?service=back");
    assert_eq!(
        (&red[0]["kind"], &red[0]["errors"], &red[0]["max"]),
        (&json!("server"), &json!(1), &json!(5_000))
    );
    assert_eq!(data(addr, "/api/viewer/keys"), json!(["customer"]));
    let customers = data(addr, "/api/viewer/attribution?key=customer");
    assert_eq!((&customers[0]["value"], &customers[0]["duration"]), (&json!("c1"), &json!(100_000)));
    assert_eq!((&customers[1]["value"], &customers[1]["spans"]), (&json!("c2"), &json!(11)));
}

#[test]
fn the_tail_gives_what_came_or_grew() {
    let viewer = viewer();
    let addr = viewer.local_addr();
    let ids = |found: &Value| -> String {
        let traces = found["traces"].as_array().unwrap();
        traces.iter().map(|trace| &trace["traceID"].as_str().unwrap()[1..2]).collect()
    };
    let latest = |cursor: &Value| {
        data(addr, &format!("/api/viewer/traces/latest?since={}", encode(cursor.as_str().unwrap())))
    };
    post(&viewer, "s", &[span(1, 1, None, "x"), span(2, 1, None, "x"), span(3, 1, None, "x")]);
    assert_eq!(ids(&data(addr, "/api/viewer/traces/latest?limit=2")), "32");
    let first = data(addr, "/api/viewer/traces/latest");
    assert_eq!(ids(&latest(&first["cursor"])), "");
    post(&viewer, "s", &[span(4, 1, None, "x"), span(2, 2, Some(1), "x")]);
    let second = latest(&first["cursor"]);
    assert_eq!(ids(&second), "24");
    assert_eq!(second["traces"][0]["spans"], 2);
    assert_eq!(ids(&latest(&second["cursor"])), "");
    assert_eq!(ids(&data(addr, "/api/viewer/traces/latest?since=1-99")), "2431", "of another process");
}

#[test]
fn a_trace_is_found_by_its_errors_and_the_text_of_its_logs() {
    let viewer = viewer();
    let log = Message::default()
        .fixed64(1, now_ns())
        .bytes(2, "Redis timeout")
        .bytes(3, key_value("n", &Message::default().varint(3, 42)));
    let failed = span(1, 2, Some(1), "b").bytes(11, log).bytes(15, Message::default().varint(3, 2));
    post(&viewer, "front", &[span(1, 1, None, "a"), span(2, 1, None, "a")]);
    post(&viewer, "back", &[failed]);
    let found = |query: &str| {
        data(viewer.local_addr(), &format!("/api/viewer/traces?service=front&{query}"))
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        ["error=true", "error=false", "text=redis%20TIME", "text=42", "text=nothing"].map(found),
        [1, 2, 1, 1, 0]
    );
    assert_eq!(
        ["lookback=1h", "lookback=2d", "lookback=custom", "lookback=30", "lookback=30s"].map(found),
        [2, 2, 2, 0, 0]
    );
}

#[test]
fn health_tells_what_came_and_what_senders_lost() {
    let viewer = viewer();
    let count = Message::default().varint(3, 5);
    let scope = Message::default().bytes(1, "lib").bytes(3, key_value("tracer.spans_lost.budget", &count));
    let resource = Message::default()
        .bytes(1, text_tag("service.name", "shop"))
        .bytes(1, text_tag("service.instance.id", "i1"));
    let scope_spans = Message::default().bytes(1, scope).bytes(2, span(1, 1, None, "x"));
    let message = Message::default().bytes(1, Message::default().bytes(1, resource).bytes(2, scope_spans));
    assert_eq!(post_otlp(viewer.local_addr(), message.as_ref()).status, 200);
    let health = data(viewer.local_addr(), "/api/viewer/health");
    assert_eq!(health["senders"], json!([{ "service": "shop", "instance": "i1", "lost": { "budget": 5 } }]));
    assert_eq!((&health["receivedSpans"], &health["storedTraces"]), (&json!(1), &json!(1)));
    assert!(health["bytes"].as_u64().unwrap() > 0 && health["bytesMax"] == 256 << 20);
}

#[test]
fn what_cannot_be_understood_is_said() {
    let viewer = viewer();
    let none = "00000000000000000000000000000abc";
    let cases = [
        ("/api/viewer/traces?lookback=soon".to_owned(), 400, "'lookback'"),
        ("/api/viewer/traces?error=yes".to_owned(), 400, "'error'"),
        ("/api/viewer/traces/latest?since=now".to_owned(), 400, "'since'"),
        ("/api/viewer/traces/latest?limit=0".to_owned(), 400, "'limit'"),
        ("/api/viewer/traces/xyz/analysis".to_owned(), 400, "xyz"),
        ("/api/viewer/traces/xyz".to_owned(), 400, "xyz"),
        (format!("/api/viewer/traces/{none}?clocks=adjusted"), 404, "trace not found"),
        (format!("/api/viewer/traces/{none}/analysis"), 404, "trace not found"),
        (format!("/api/viewer/compare?a={none}"), 400, "'b'"),
        (format!("/api/viewer/compare?a={none}&b={none}"), 404, "trace not found"),
        ("/api/viewer/attribution".to_owned(), 400, "'key'"),
        ("/api/viewer/graph?start=x".to_owned(), 400, "'start'"),
        ("/api/viewer/red?lookback=1y".to_owned(), 400, "'lookback'"),
        ("/api/viewer/nothing".to_owned(), 404, "no such address"),
    ];
    for (path, status, message) in cases {
        let answer = get(viewer.local_addr(), &path);
        assert_eq!(answer.status, status, "{path}");
        let body = answer.json();
        assert!(body["errors"][0]["msg"].as_str().unwrap().contains(message), "{path}: {body}");
    }
}

#[test]
fn a_chain_of_20_000_spans_is_analysed() {
    const SPANS: u64 = 20_000;
    let viewer = viewer();
    let spans: Vec<_> = (1..=SPANS).map(|id| span(9, id, (id > 1).then(|| id - 1), "link")).collect();
    post(&viewer, "chain", &spans);
    let id = "09".repeat(16);
    let found = data(viewer.local_addr(), &format!("/api/viewer/traces/{id}/analysis"));
    assert_eq!(found["selfTime"].as_object().unwrap().len() as u64, SPANS);
    let compared = data(viewer.local_addr(), &format!("/api/viewer/compare?a={id}&b={id}"));
    assert_eq!((compared["nodes"].as_array().unwrap().len(), &compared["leftOut"]), (10_000, &json!(20_000)));
}
