//! Faults and delays by baggage.

use crate::support::{Answer, Hotrod, errors, root_logs};

async fn order(hotrod: &Hotrod, baggage: &str) -> Answer {
    hotrod.order_with("123", &[("baggage", baggage)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_that_is_named_fails_and_no_other_order_does() {
    let hotrod = Hotrod::start("--time-scale 0.05").await;
    for (service, operation, message) in [
        ("frontend", "/dispatch", "simulated failure in frontend\n"),
        ("customer", "/customer", "simulated failure in customer\n"),
        ("mysql", "SQL SELECT", "simulated failure in mysql\n"),
        ("driver", "driver.DriverService/FindNearest", "simulated failure in driver\n"),
        ("redis", "GetDriver", "simulated failure in redis\n"),
        ("route", "/route", "simulated failure in route\n"),
    ] {
        let answer = order(&hotrod, &format!("fail={service}:1")).await;
        assert_eq!(answer.status, 500, "{service}");
        assert!(answer.body.ends_with(message), "{}", answer.body);
        let trace = hotrod.trace_of(&answer).await;
        let failed = errors(&trace);
        assert!(failed.contains(&operation) && failed.contains(&"/dispatch"), "{service}: {failed:?}");
        let said = trace.spans.iter().any(|span| {
            span.logs.iter().any(|log| log.fields.iter().any(|field| field.value == message.trim_end()))
        });
        assert!(said, "{service}");
        assert_eq!(order(&hotrod, &format!("fail={service}:0")).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_makes_the_service_that_is_named_slow() {
    let hotrod = Hotrod::start("--time-scale 0.1").await;
    let answer = order(&hotrod, "delay=customer:5s").await;
    assert_eq!(answer.status, 200);
    let trace = hotrod.trace_of(&answer).await;
    let of = |name: &str| trace.spans.iter().find(|span| span.operation_name == name).unwrap();
    assert!(of("/customer").duration_us > of("SQL SELECT").duration_us + 450_000);
    let logs: Vec<String> = of("/customer").logs.iter().map(|log| log.message()).collect();
    assert_eq!(logs, ["HTTP request received", "Loading customer", "simulated delay"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_ignored_and_said_on_the_span() {
    let hotrod = Hotrod::start("--time-scale 0.02").await;
    for baggage in ["fail=route", "fail=route:7", "fail=nobody:1", "delay=customer:soon", "delay=%3Cb%3E:1s"]
    {
        let answer = order(&hotrod, baggage).await;
        assert_eq!(answer.status, 200, "{baggage}: {}", answer.body);
        let trace = hotrod.trace_of(&answer).await;
        assert!(errors(&trace).iter().all(|name| *name == "GetDriver"), "{baggage}");
        assert_eq!(root_logs(&trace)[1], "baggage ignored", "{baggage}");
    }
}
