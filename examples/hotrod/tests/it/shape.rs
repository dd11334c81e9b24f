//! The trace of a request, by the checks that the original passes.

use interop::jaeger_json::Trace;
use interop::shape::{self, Attribution, Share};
use serde_json::Value;

use crate::support::{Hotrod, assert_none};

const TIME_SCALE: f64 = 0.1;

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_request_has_the_originals_shape() {
    let hotrod = Hotrod::start("--time-scale 0.1 --seed 7").await;
    for (number, errors) in [(1, 3), (2, 2), (3, 3), (4, 2)] {
        let request = format!("1234-{number}");
        let answer = hotrod.order("123", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let trace = hotrod.trace_of(&answer).await;
        assert_none(&shape::check(
            &trace,
            &answer.expectations(&request, TIME_SCALE).redis_errors(errors..=errors),
        ));
        assert_eq!(trace.spans.len(), 37 + errors);
        let logs: usize = trace.spans.iter().map(|span| span.logs.len()).sum();
        assert_eq!(logs, 43 + 3 * errors);
    }
    hotrod.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_are_tags_and_add_no_span() {
    let hotrod = Hotrod::start("--time-scale 0.1 -W 1").await;
    let answer = hotrod.order("392", "1-1").await;
    let trace = hotrod.trace_of(&answer).await;
    let calls =
        trace.spans.iter().filter(|span| span.tag("url.full").is_some_and(|url| url.contains("/route")));
    let mut waits_us: Vec<u64> =
        calls.map(|span| span.tag("pool.wait_us").unwrap().parse().unwrap()).collect();
    assert_eq!(waits_us.len(), 10);
    waits_us.sort_unstable();
    // Each waits for the one before it, at a mean of 5 ms; the first does not.
    assert!(waits_us[0] < waits_us[9] && waits_us[9] > 500, "{waits_us:?}");
    let root = find(&trace, "/dispatch");
    // Each is cut to whole microseconds.
    let total_us: u64 = root.tag("pool.wait_us").unwrap().parse().unwrap();
    let sum_us: u64 = waits_us.iter().sum();
    assert!((sum_us..sum_us + 10).contains(&total_us), "{total_us} of {waits_us:?}");
    assert!(find(&trace, "SQL SELECT").tag("lock.wait_us").unwrap().parse::<u64>().unwrap() < 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_have_what_was_found() {
    let hotrod = Hotrod::start("--time-scale 0.05").await;
    let answer = hotrod.order("123", "1-1").await;
    let trace = hotrod.trace_of(&answer).await;
    let root = find(&trace, "/dispatch");
    let found = |message: &str, field: &str| -> Value {
        let log = root.logs.iter().find(|log| log.message() == message).unwrap();
        serde_json::from_str(&log.field(field).unwrap()).unwrap()
    };
    assert_eq!(found("Found customer", "customer")["Name"], "Rachel's_Floral_Designs");
    let drivers = found("Found drivers", "drivers");
    assert_eq!(drivers.as_array().unwrap().len(), 10);
    let plates: Vec<&str> =
        drivers.as_array().unwrap().iter().map(|it| it["driverID"].as_str().unwrap()).collect();
    assert!(plates.contains(&answer.driver().as_str()), "{drivers}");
    let routes = found("Found routes", "routes");
    let etas = routes.as_array().unwrap().iter().map(|it| it["route"]["ETA"].as_u64().unwrap());
    assert_eq!((etas.clone().count(), etas.min()), (10, Some(answer.eta_ns())));
}

#[tokio::test(flavor = "multi_thread")]
async fn route_time_is_charged_to_customer_and_session() {
    // At the original's pace, so that the work round a calculation is little beside it.
    let hotrod = Hotrod::start("-D 10ms").await;
    assert_eq!(attribution(&hotrod).await, Attribution::default());
    let mut traces = Vec::new();
    for (customer, name, session) in [
        ("123", "Rachel's_Floral_Designs", "1000"),
        ("392", "Trom_Chocolatier", "1001"),
        ("567", "Amazing_Coffee_Roasters", "1000"),
        ("731", "Japanese_Desserts", "1001"),
    ] {
        let answer = hotrod.order(customer, &format!("{session}-1")).await;
        traces.push((hotrod.trace_of(&answer).await, name, session));
    }
    let shares: Vec<Share<'_>> =
        traces.iter().map(|(trace, customer, session)| Share { trace, customer, session }).collect();
    assert_none(&shape::check_attribution(&attribution(&hotrod).await, &shares));

    let viewer = hotrod.app.addresses().viewer.as_deref().unwrap();
    let found =
        hotrod.client.get(format!("{viewer}api/viewer/attribution?key=customer")).send().await.unwrap();
    let found: Value = serde_json::from_slice(&found.bytes().await.unwrap()).unwrap();
    let rows =
        found["data"].as_array().unwrap().iter().map(|row| (row["value"].as_str().unwrap(), &row["traces"]));
    let (mut found, mut customers): (Vec<_>, Vec<_>) =
        (rows.collect(), shares.iter().map(|it| it.customer).collect());
    found.sort_unstable_by_key(|(customer, _)| *customer);
    customers.sort_unstable();
    assert!(found.iter().all(|(_, traces)| **traces == 1), "{found:?}");
    assert!(found.iter().map(|(customer, _)| *customer).eq(customers), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_repeats_the_answers() {
    let mut answers = Vec::new();
    for seed in [5, 5, 6] {
        let hotrod = Hotrod::start(&format!("--time-scale 0.02 --seed {seed}")).await;
        let first = hotrod.order("123", "1-1").await.body;
        answers.push((first, hotrod.order("731", "1-2").await.body));
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], answers[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_baggage_the_request_is_empty() {
    let hotrod = Hotrod::start("--time-scale 0.1").await;
    let answer = hotrod.order_with("567", &[]).await;
    let trace = hotrod.trace_of(&answer).await;
    assert_none(&shape::check(&trace, &answer.expectations("", TIME_SCALE)));
}

fn find<'a>(trace: &'a Trace, operation: &str) -> &'a interop::jaeger_json::Span {
    trace.spans.iter().find(|span| span.operation_name == operation).unwrap()
}

async fn attribution(hotrod: &Hotrod) -> Attribution {
    let vars = hotrod.get("debug/vars").await.bytes().await.unwrap();
    let vars: Value = serde_json::from_slice(&vars).unwrap();
    Attribution::from_vars(&vars).unwrap()
}
