//! The fixes, switched while everything runs.

use interop::jaeger_json::Trace;
use serde_json::{Value, json};

use crate::support::Hotrod;

/// The status and the body of a change.
async fn change(hotrod: &Hotrod, body: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = hotrod.client.post(hotrod.url("fixes")).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// How many looks at drivers began before an earlier one had ended.
fn overlapping_looks(trace: &Trace) -> usize {
    let mut looks: Vec<(u64, u64)> = trace
        .spans
        .iter()
        .filter(|span| span.operation_name == "GetDriver")
        .map(|span| (span.start_us, span.end_us()))
        .collect();
    looks.sort_unstable();
    looks.windows(2).filter(|pair| pair[1].0 < pair[0].1).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_counts_from_the_next_order_on() {
    let hotrod = Hotrod::start("-D 400ms --time-scale 0.5").await;
    let before: Value = hotrod.get("fixes").await.json_value().await;
    assert_eq!(before["dbQueryDelayMs"], 400.0);
    let slow = hotrod.trace_of(&hotrod.order("123", "1-1").await).await;
    assert_eq!(overlapping_looks(&slow), 0);
    let query_us = |trace: &Trace| {
        trace.spans.iter().find(|span| span.operation_name == "SQL SELECT").unwrap().duration_us
    };
    assert!(query_us(&slow) > 100_000);

    let all = json!({
        "dbQueryDelayMs": 0, "disableDbConnMutex": true, "routeWorkerPoolSize": 100, "driverParallel": true,
    });
    let (status, values) = change(&hotrod, &all.to_string(), &[JSON]).await;
    assert_eq!(status, 200, "{values}");
    assert_eq!(hotrod.get("fixes").await.text().await.unwrap(), values);
    let fixed = hotrod.trace_of(&hotrod.order("123", "1-2").await).await;
    // With a mean of nothing, what is left is half of a normal distribution of 15 ms.
    assert!(query_us(&fixed) < query_us(&slow), "{} {}", query_us(&fixed), query_us(&slow));
    let sql = fixed.spans.iter().find(|span| span.operation_name == "SQL SELECT").unwrap();
    assert!(sql.tag("lock.wait_us").is_none(), "there is no lock any more");
    assert!(overlapping_looks(&fixed) >= 5, "{}", overlapping_looks(&fixed));
    let calls = fixed.spans.iter().filter(|span| span.operation_name == "HTTP GET: /route");
    assert_eq!(calls.filter(|span| span.tag("pool.wait_us").as_deref() == Some("0")).count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_none_is_refused_and_changes_nothing() {
    let hotrod = Hotrod::start("").await;
    let before = hotrod.get("fixes").await.text().await.unwrap();
    let long = format!("{{\"driverParallel\":true,{}\"routeWorkerPoolSize\":5}}", " ".repeat(5000));
    let json = [JSON];
    let foreign = [JSON, ("origin", "http://evil.example")];
    let rebound = [JSON, ("host", "evil.example"), ("origin", "http://evil.example")];
    for (body, headers, status) in [
        ("", &json[..], 400),
        ("[]x", &json[..], 400),
        (r#"{"driverParallel":1}"#, &json[..], 400),
        (r#"{"driverParallel":true,"more":1}"#, &json[..], 400),
        (r#"{"driverParallel":true,"routeWorkerPoolSize":0}"#, &json[..], 400),
        (r#"{"dbQueryDelayMs":-5}"#, &json[..], 400),
        (r#"{"driverParallel":true}"#, &[][..], 415),
        (r#"{"driverParallel":true}"#, &foreign[..], 403),
        (r#"{"driverParallel":true}"#, &rebound[..], 403),
        (&long, &json[..], 413),
    ] {
        let (answered, why) = change(&hotrod, body, headers).await;
        assert_eq!(answered, status, "{body}: {why}");
    }
    assert_eq!(hotrod.get("fixes").await.text().await.unwrap(), before);
    assert_eq!(hotrod.app.spans().started, 0, "none of this is traced");
}

trait JsonValue {
    async fn json_value(self) -> Value;
}

impl JsonValue for reqwest::Response {
    async fn json_value(self) -> Value {
        serde_json::from_slice(&self.bytes().await.unwrap()).unwrap()
    }
}
