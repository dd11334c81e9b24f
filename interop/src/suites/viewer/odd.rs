//! A trace with everything that is odd: all types of values, clocks that are off, a parent that is
//! missing, an id that comes twice, links out of the trace.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::http::Client;

pub(super) const TRACE_ID: &str = "0ddc0ffee0ddf00d0102030405060708";

/// Sends it to receivers of OTLP over HTTP.
pub(super) fn send(receivers: &[&str]) -> Result<(), String> {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_err(|error| error.to_string())?;
    let start_us = (now - Duration::from_secs(60)).as_micros();
    let body = request(u64::try_from(start_us).map_err(|error| error.to_string())? * 1_000).to_string();
    let client = Client::new(Duration::from_secs(10));
    for receiver in receivers {
        let url = format!("{receiver}/v1/traces");
        let answer = client.post_json(&url, &[], &body).map_err(|error| error.to_string())?;
        if answer.status != 200 || answer.body.contains("rejected") {
            return Err(format!("{url}: {} {}", answer.status, answer.body));
        }
    }
    Ok(())
}

fn request(start_ns: u64) -> Value {
    let group = |service: &str, host: Option<&str>, spans: &[Value]| {
        let mut attributes = vec![attribute("service.name", &json!({ "stringValue": service }))];
        attributes.extend(host.map(|host| attribute("host.name", &json!({ "stringValue": host }))));
        let scope = json!({ "name": "odd", "version": "1" });
        json!({ "resource": { "attributes": attributes }, "scopeSpans": [{ "scope": scope, "spans": spans }] })
    };
    // Milliseconds after the start, and how many it takes.
    let span = |id: u64, parent: u64, name: &str, (at_ms, ms): (i64, i64), kind: u8| {
        let ns = |ms: i64| start_ns.saturating_add_signed(ms * 1_000_000).to_string();
        let mut span = json!({
            "traceId": TRACE_ID, "spanId": format!("{id:016x}"), "name": name, "kind": kind,
            "startTimeUnixNano": ns(at_ms), "endTimeUnixNano": ns(at_ms + ms),
        });
        if parent > 0 {
            span["parentSpanId"] = format!("{parent:016x}").into();
        }
        span
    };
    let mut root = span(1, 0, "GET /", (0, 100), 2);
    root["attributes"] = values().into();
    root["traceState"] = "a=b,c=d".into();
    root["flags"] = 257.into();
    root["status"] = json!({ "code": 2, "message": "boom" });
    root["events"] = json!([
        { "timeUnixNano": (start_ns + 1_000).to_string(), "name": "hello", "attributes": values() },
        { "timeUnixNano": (start_ns + 2_000).to_string(), "name": "", "attributes": [] },
    ]);
    root["links"] = json!([{
        "traceId": "09".repeat(16), "spanId": "0000000000000009", "traceState": "x=y",
        "attributes": [attribute("opentracing.ref_type", &json!({ "stringValue": "child_of" }))],
    }]);
    let mut ok = span(8, 1, "async", (300, 10), 4);
    ok["status"] = json!({ "code": 1 });
    let back = [
        span(3, 2, "early", (-5, 20), 2),
        span(4, 2, "longer", (5, 90), 2),
        span(5, 2, "inside", (20, 10), 2),
        span(6, 99, "orphan", (30, 10), 2),
        span(7, 2, "late", (200, 10), 0),
    ];
    json!({ "resourceSpans": [
        group("odd-front", Some("h1"), &[root, span(2, 1, "call", (10, 80), 3)]),
        group("odd-back", Some("h2"), &back),
        group("odd-nohost", None, &[ok, span(9, 8, "below", (301, 2), 1)]),
    ]})
}

fn values() -> Vec<Value> {
    let list = json!({ "arrayValue": { "values": [{ "intValue": "1" }, { "stringValue": "x" }] } });
    let map = json!({ "kvlistValue": { "values": [attribute("k", &json!({ "boolValue": false }))] } });
    vec![
        attribute("text", &json!({ "stringValue": "<&> größe \u{2028}" })),
        attribute("integer", &json!({ "intValue": "-3" })),
        attribute("large", &json!({ "intValue": i64::MAX.to_string() })),
        attribute("float", &json!({ "doubleValue": 0.25 })),
        attribute("whole", &json!({ "doubleValue": 3.0 })),
        attribute("truth", &json!({ "boolValue": true })),
        attribute("bytes", &json!({ "bytesValue": "AAH/" })),
        attribute("list", &list),
        attribute("map", &map),
        attribute("nothing", &json!({})),
    ]
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({ "key": key, "value": value })
}
