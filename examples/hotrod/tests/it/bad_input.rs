//! What clients get wrong.

use crate::support::{Hotrod, errors, root_logs};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_parameter_is_400_and_no_error_of_ours() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    for (query, message) in [
        ("", "Missing required 'customer' parameter\n"),
        ("?customer=", "Missing required 'customer' parameter\n"),
        ("?customer=x", "Parameter 'customer' is not an integer\n"),
        ("?customer=%ff%00", "Parameter 'customer' is not an integer\n"),
        ("?customer=99999999999999999999", "Parameter 'customer' is not an integer\n"),
    ] {
        let response = hotrod.get(&format!("dispatch{query}")).await;
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        let answer = crate::support::Answer::of(response).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, message), "{query}");
        let trace = hotrod.trace_of(&answer).await;
        assert_eq!((trace.spans.len(), errors(&trace).len()), (1, 0), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_customer_is_500_and_an_error_up_to_the_root() {
    let hotrod = Hotrod::start("--time-scale 0.1").await;
    for customer in ["124", "-1", "9223372036854775807"] {
        let answer = hotrod.order(customer, "1-1").await;
        assert_eq!((answer.status, answer.body.as_str()), (500, "invalid customer ID\n"));
        let trace = hotrod.trace_of(&answer).await;
        assert_eq!(trace.spans.len(), 4);
        assert_eq!(errors(&trace), ["/customer", "/dispatch", "HTTP GET: /customer"]);
        assert_eq!(root_logs(&trace), ["HTTP request received", "Getting customer", "request failed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_without_places_is_400() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    let route = hotrod.app.addresses().route.clone().unwrap();
    for (query, missing) in [
        ("", "pickup"),
        ("?pickup=1,2", "dropoff"),
        ("?dropoff=1,2", "pickup"),
        ("?pickup=&dropoff=1,2", "pickup"),
    ] {
        let response = hotrod.client.get(format!("{route}route{query}")).send().await.unwrap();
        assert_eq!(response.status(), 400);
        assert_eq!(response.text().await.unwrap(), format!("Missing required '{missing}' parameter\n"));
    }
    for path in ["debug/vars", "metrics"] {
        let response = hotrod.client.get(format!("{route}{path}")).send().await.unwrap();
        assert_eq!(response.status(), 404);
        assert_eq!(response.text().await.unwrap(), "endpoint moved to the frontend service\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_headers_are_ignored() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    let long = format!("session={}", "x".repeat(9000));
    for (name, value) in [
        ("traceparent", "garbage"),
        ("traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01"),
        ("traceparent", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "=,,=="),
        ("baggage", "%%%,==,\u{7f}"),
        ("baggage", &long),
        ("uber-trace-id", "1:2:x:1"),
        ("uber-trace-id", "0:0:0:0"),
        ("b3", "garbage"),
        ("x-b3-traceid", "1"),
    ] {
        let mut request = hotrod.client.get(hotrod.url("dispatch?customer=123"));
        match http::HeaderValue::from_bytes(value.as_bytes()) {
            Ok(value) => request = request.header(name, value),
            Err(_) => continue,
        }
        let answer = crate::support::Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{name}: {value}");
        let trace = hotrod.trace_of(&answer).await;
        assert!(trace.spans.len() >= 37, "{name}: {value}");
        let root = trace.spans.iter().find(|span| span.operation_name == "/dispatch").unwrap();
        assert!(root.references.is_empty(), "{name}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_trace_is_joined_and_its_decision_honoured() {
    let hotrod = Hotrod::start("--time-scale 0").await;
    let id = "0af7651916cd43dd8448eb211c80319c";
    let traceparent = |flags: &str| format!("00-{id}-b7ad6b7169203331-{flags}");
    let answer = hotrod.order_with("123", &[("traceparent", &traceparent("00"))]).await;
    assert_eq!((answer.status, answer.trace_id()), (200, id));
    assert!(answer.traceresponse.ends_with("-00"), "{}", answer.traceresponse);
    assert!(hotrod.trace(id).await.is_none());
    assert!(hotrod.app.spans().unsampled >= 37, "{}", hotrod.app.spans());

    let answer = hotrod.order_with("123", &[("traceparent", &traceparent("01"))]).await;
    assert_eq!(answer.trace_id(), id);
    let trace = hotrod.trace(id).await.unwrap();
    let root = trace.spans.iter().find(|span| span.operation_name == "/dispatch").unwrap();
    assert_eq!(root.references[0].span_id, "b7ad6b7169203331");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_is_not_traced() {
    let hotrod = Hotrod::start("").await;
    for (path, status) in [
        ("", 200),
        ("hotrod.js", 200),
        ("config", 200),
        ("debug/vars", 200),
        ("metrics", 200),
        ("fixes", 200),
        ("nothing", 404),
        ("dispatch/", 404),
        ("%2e%2e/etc/passwd", 404),
    ] {
        let response = hotrod.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(!response.headers().contains_key("traceresponse"), "{path}");
    }
    assert_eq!(hotrod.app.spans().started, 0);
}
