//! A process for each service: the same trace, and a frontend that answers for all.

use std::time::Duration;

use interop::jaeger_json::Trace;
use interop::shape;
use nix::sys::signal::Signal;

use crate::processes::{Process, assert_ended_well, client, order};
use crate::support::{Hotrod, assert_none, trace_of};

/// A process for each service, and one for the viewer.
struct Five {
    frontend: String,
    viewer: String,
    ports: [String; 3],
    processes: Vec<Process>,
}

impl Five {
    fn start(flags: &str) -> Self {
        let mut viewer = Process::start("viewer --viewer-port 0");
        let viewer_url = viewer.address("viewer:");
        let flags = format!("{flags} --otlp {viewer_url}");
        let mut processes = vec![viewer];
        let ports = [("customer", "-c"), ("driver", "-d"), ("route", "-r")].map(|(name, port)| {
            let mut process = Process::start(&format!("{name} {port} 0 {flags}"));
            let address = process.address(&format!("{name}: http://127.0.0.1:"));
            process.address("OTLP:");
            processes.push(process);
            address.trim_end_matches('/').to_owned()
        });
        let [customer, driver, route] = &ports;
        let mut frontend =
            Process::start(&format!("frontend -f 0 -c {customer} -d {driver} -r {route} {flags}"));
        let address = frontend.address("HotROD:");
        processes.push(frontend);
        Self { frontend: address, viewer: viewer_url, ports, processes }
    }

    async fn get(&self, path: &str) -> serde_json::Value {
        let answer = client().get(format!("{}{path}", self.frontend)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

/// What makes the shape of a trace: each span's service, name, kind, parent and number of logs.
fn outline(trace: &Trace) -> Vec<String> {
    let name =
        |id: &str| trace.spans.iter().find(|span| span.span_id == id).map(|it| it.operation_name.clone());
    let mut lines: Vec<String> = trace
        .spans
        .iter()
        .map(|span| {
            let parent = span.references.first().and_then(|it| name(&it.span_id));
            let (service, kind) = (trace.service_of(span), span.tag("span.kind"));
            let logs = span.logs.len();
            let lock = span.tag("lock.wait_us").is_some();
            format!("{service} {} {kind:?} below {parent:?}, {logs} logs, lock {lock}", span.operation_name)
        })
        .collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_make_the_trace_that_one_makes() {
    let five = Five::start("--time-scale 0.1");
    let answer = order(&client(), &five.frontend, "1-1").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let viewer = five.viewer.clone();
    let mut processes = five.processes;
    // The frontend goes first, the viewer last.
    while processes.len() > 1 {
        assert_ended_well(&processes.pop().unwrap().end_by(Signal::SIGTERM));
    }
    let trace = trace_of(&client(), &viewer, answer.trace_id()).await.unwrap();
    assert_none(&shape::check(&trace, &answer.expectations("1-1", 0.1)));
    let one = Hotrod::start("--time-scale 0.1").await;
    let of_one = one.trace_of(&one.order("123", "1-1").await).await;
    assert_eq!(outline(&trace), outline(&of_one));
    assert_ended_well(&processes.pop().unwrap().end_by(Signal::SIGTERM));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frontend_answers_for_all_processes() {
    let mut five = Five::start("--time-scale 0.1 -D 100ms");
    let answer = order(&client(), &five.frontend, "1-1").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let vars = five.get("debug/vars").await;
    let seconds = vars["route.calc.by.customer.sec"]["Rachel's_Floral_Designs"].as_f64().unwrap();
    assert!(seconds > 0.0 && vars["route.calc.by.session.sec"]["1"].as_f64() == Some(seconds), "{vars}");
    let hops = five.get(&format!("debug/headers?trace={}", answer.trace_id())).await;
    assert_eq!(hops["data"].as_array().unwrap().len(), 13, "{hops}");

    // Each process has metrics of its own, the driver service's beside its gRPC.
    for (port, service) in five.ports.iter().zip(["customer", "driver", "route"]) {
        let expected = format!("hotrod_requests_total{{service=\"{service}\"");
        let url = format!("http://127.0.0.1:{port}/metrics");
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !client().get(&url).send().await.unwrap().text().await.unwrap().contains(&expected) {
            assert!(std::time::Instant::now() < deadline, "{service}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    let change = r#"{"disableDbConnMutex":true,"driverParallel":true}"#;
    let post = || client().post(format!("{}fixes", five.frontend)).header("content-type", "application/json");
    assert_eq!(post().body(change).send().await.unwrap().status(), 200);
    for port in &five.ports {
        let fixes = client().get(format!("http://127.0.0.1:{port}/fixes")).send().await.unwrap();
        assert!(fixes.text().await.unwrap().contains("\"disableDbConnMutex\":true"));
    }

    // Without the route service, what is missing is said.
    five.processes.remove(3).end_by(Signal::SIGTERM);
    assert!(five.get("debug/vars").await["unreachable"][0].as_str().unwrap().starts_with("route: "));
    let refused = post().body(change).send().await.unwrap();
    assert_eq!(refused.status(), 502);
    assert!(refused.text().await.unwrap().starts_with("not changed there: route: "));
}
