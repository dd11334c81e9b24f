//! How contexts travel: which headers go out, which are read, and what each hop was sent.

use serde_json::Value;

use crate::support::{Answer, Hotrod};

/// What each hop of an order was sent: service and names of headers.
async fn hops(hotrod: &Hotrod, answer: &Answer) -> Vec<(String, Vec<String>)> {
    let response = hotrod.get(&format!("debug/headers?trace={}", answer.trace_id())).await;
    let hops: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let name = |header: &Value| header[0].as_str().unwrap().to_owned();
    let hop = |hop: &Value| {
        let names = hop["headers"].as_array().unwrap().iter().map(name).collect();
        (hop["service"].as_str().unwrap().to_owned(), names)
    };
    hops["data"].as_array().unwrap().iter().map(hop).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_carries_the_trace_and_its_baggage() {
    for (format, sent) in [
        ("w3c", &["baggage", "traceparent"][..]),
        ("b3", &["b3", "baggage"]),
        ("b3multi", &["baggage", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"]),
        ("jaeger", &["uber-trace-id", "uberctx-customer", "uberctx-request", "uberctx-session"]),
        (
            "all",
            &[
                "b3",
                "baggage",
                "traceparent",
                "uber-trace-id",
                "uberctx-customer",
                "uberctx-request",
                "uberctx-session",
                "x-b3-sampled",
                "x-b3-spanid",
                "x-b3-traceid",
            ],
        ),
    ] {
        let hotrod = Hotrod::start(&format!("--time-scale 0.02 --propagation {format}")).await;
        let answer = hotrod.order("123", "7-1").await;
        assert_eq!(answer.status, 200);
        let trace = hotrod.trace_of(&answer).await;
        assert!(trace.spans.len() >= 39, "{format}: {} spans", trace.spans.len());
        let sql = trace.spans.iter().find(|span| span.operation_name == "SQL SELECT").unwrap();
        assert_eq!(sql.tag("request").as_deref(), Some("7-1"), "{format}");
        let hops = hops(&hotrod, &answer).await;
        let services: Vec<&str> = hops.iter().map(|(service, _)| service.as_str()).collect();
        assert_eq!(services, [&["frontend", "customer", "driver"][..], &["route"; 10]].concat(), "{format}");
        assert_eq!(hops[0].1, ["baggage"], "as the browser sent it");
        for (service, names) in &hops[2..] {
            assert_eq!(names, sent, "{format} to {service}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_any_format_is_joined() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    let id = "0af7651916cd43dd8448eb211c80319c";
    for (at, (name, value)) in [
        ("traceparent", format!("00-{id}-b7ad6b7169203331-01")),
        ("b3", format!("{id}-b7ad6b7169203331-1")),
        ("uber-trace-id", format!("{id}:b7ad6b7169203331:0:1")),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = hotrod.order_with("123", &[(name, &value)]).await;
        assert_eq!((answer.status, answer.trace_id()), (200, id), "{name}");
        assert!(hotrod.trace(id).await.unwrap().spans.len() >= 37 * (at + 1), "{name}");
    }
    let answer = hotrod.order_with("123", &[("x-b3-traceid", id), ("x-b3-spanid", "b7ad6b7169203331")]).await;
    assert_eq!(answer.trace_id(), id);
    let answer = hotrod.order_with("123", &[("jaeger-baggage", "session=9,request=9-1")]).await;
    let trace = hotrod.trace_of(&answer).await;
    let sql = trace.spans.iter().find(|span| span.operation_name == "SQL SELECT").unwrap();
    assert_eq!(sql.tag("request").as_deref(), Some("9-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_asked_for_by_trace() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    for query in ["", "?trace=", "?trace=12", "?trace=%3Cscript%3E"] {
        assert_eq!(hotrod.get(&format!("debug/headers{query}")).await.status(), 400, "{query}");
    }
    let unknown = hotrod.get("debug/headers?trace=0af7651916cd43dd8448eb211c80319c").await;
    assert_eq!(unknown.text().await.unwrap(), r#"{"data":[],"unreachable":[]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_driver_service_knows_its_caller() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    let answer = hotrod.order("123", "1-1").await;
    let trace = hotrod.trace_of(&answer).await;
    let driver = hotrod.app.addresses().driver.clone().unwrap();
    let port = driver.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    for span in trace.spans.iter().filter(|span| span.operation_name.ends_with("FindNearest")) {
        assert_eq!(span.tag("server.address").as_deref(), Some("127.0.0.1"));
        assert_eq!(span.tag("server.port").as_ref(), Some(&port));
        if span.tag("span.kind").as_deref() == Some("server") {
            assert_eq!(span.tag("client.address").as_deref(), Some("127.0.0.1"));
        }
    }
}
