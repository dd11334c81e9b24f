//! The program: what it prints, how it fails to start, and how it ends.

use std::net::TcpListener;
use std::time::Duration;

use interop::shape;
use nix::sys::signal::Signal;
use tracer_viewer::Viewer;

use crate::processes::{Process, STOP_LIMIT, assert_ended_well, client, order};
use crate::support::{assert_none, trace_of};

const FREE_PORTS: &str = "-f 0 -c 0 -d 0 -r 0 --viewer-port 0";

fn collector() -> (Viewer, String) {
    let viewer = Viewer::builder().listen("127.0.0.1:0".parse().unwrap()).start().unwrap();
    let url = format!("http://{}/", viewer.local_addr());
    (viewer, url)
}

#[test]
fn it_prints_two_addresses_and_ends_by_either_signal() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut hotrod = Process::start(FREE_PORTS);
        for label in ["HotROD: http://127.0.0.1:", "viewer: http://127.0.0.1:"] {
            let port: u16 = hotrod.address(label).trim_end_matches('/').parse().unwrap();
            assert_ne!(port, 0);
        }
        let ended = hotrod.end_by(signal);
        assert_ended_well(&ended);
        assert_eq!(ended.stdout, "", "nothing else is printed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_right_after_the_answer_loses_no_span() {
    let (collector, url) = collector();
    let mut hotrod = Process::start(&format!("{FREE_PORTS} --time-scale 0.1 --otlp {url}"));
    let frontend = hotrod.address("HotROD:");
    hotrod.address("viewer:");
    assert_eq!(hotrod.address("OTLP:"), format!("{url}v1/traces"));
    let answer = order(&client(), &frontend, "1-1").await;
    assert_ended_well(&hotrod.end_by(Signal::SIGINT));
    let trace = trace_of(&client(), &url, answer.trace_id()).await.unwrap();
    assert_none(&shape::check(&trace, &answer.expectations("1-1", 0.1)));
    collector.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_outlasts_the_end_is_cut_and_its_spans_are_kept() {
    let (collector, url) = collector();
    // A query takes nine seconds.
    let mut hotrod = Process::start(&format!("{FREE_PORTS} --time-scale 30 --otlp {url}"));
    let frontend = hotrod.address("HotROD:");
    let id = "0af7651916cd43dd8448eb211c80319c";
    let request = client()
        .get(format!("{frontend}dispatch?customer=123"))
        .header("traceparent", format!("00-{id}-b7ad6b7169203331-01"));
    let request = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_ended_well(&tokio::task::spawn_blocking(|| hotrod.end_by(Signal::SIGINT)).await.unwrap());
    assert!(request.await.unwrap().is_err());
    let trace = trace_of(&client(), &url, id).await.unwrap();
    let cancelled = trace.spans.iter().filter(|span| span.tag("cancelled").is_some()).count();
    assert_eq!((cancelled, trace.spans.len()), (4, 4));
    collector.stop();
}

#[test]
fn a_port_in_use_is_named_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (flag, service) in [("-f", "frontend"), ("-c", "customer"), ("-d", "driver"), ("-r", "route")] {
        let others = FREE_PORTS.replace(&format!("{flag} 0"), "");
        let ended = Process::start(&format!("{others} {flag} {port}")).wait();
        let line = format!("hotrod: port {port} of the {service} service is in use (127.0.0.1:{port})\n");
        assert_eq!((ended.status.code(), ended.stderr), (Some(1), line));
        assert_eq!(ended.stdout, "");
    }
    let others = FREE_PORTS.replace("--viewer-port 0", "");
    let ended = Process::start(&format!("{others} --viewer-port {port}")).wait();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("viewer") && ended.stderr.contains(&port.to_string()), "{}", ended.stderr);
}

#[test]
fn unusable_arguments_are_explained() {
    for (arguments, explained) in
        [("nothing", "unrecognized subcommand"), ("-D soon", "not a duration"), ("--otlp ftp://x", "http://")]
    {
        let ended = Process::start(arguments).wait();
        assert_eq!(ended.status.code(), Some(2), "{arguments}");
        assert!(ended.stderr.contains(explained), "{}", ended.stderr);
    }
    let ended = Process::start("frontend -f 0 -c 0").wait();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("port of the customer service"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_is_one_line() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let mut hotrod = Process::start(&format!("{FREE_PORTS} --time-scale 0.05 --otlp http://{address}"));
    let frontend = hotrod.address("HotROD:");
    let viewer = hotrod.address("viewer:");
    let mut last = None;
    for number in 0..3 {
        let answer = order(&client(), &frontend, &format!("1-{number}")).await;
        assert_eq!(answer.status, 200);
        last = Some(answer);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let trace = trace_of(&client(), &viewer, last.unwrap().trace_id()).await.unwrap();
    assert!(trace.spans.len() >= 39, "the viewer has them all the same");
    let ended = hotrod.end_by(Signal::SIGINT);
    assert!(ended.status.success() && ended.took < STOP_LIMIT, "{:?} after {:?}", ended.status, ended.took);
    let unreachable = ended.stderr.lines().filter(|line| line.contains("cannot reach")).count();
    assert_eq!(unreachable, 1, "{}", ended.stderr);
    assert!(ended.stderr.lines().count() <= 2, "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_writes_the_services_logs_with_their_spans() {
    let mut hotrod = Process::start(&format!("-v {FREE_PORTS} --time-scale 0"));
    let frontend = hotrod.address("HotROD:");
    let answer = order(&client(), &frontend, "1-1").await;
    let ended = hotrod.end_by(Signal::SIGINT);
    let of_trace = format!("trace_id={}", answer.trace_id());
    let lines: Vec<&str> = ended.stderr.lines().filter(|line| line.contains(&of_trace)).collect();
    assert!(lines.len() >= 17 + 30, "{}", ended.stderr);
    for expected in ["service=frontend", "service=customer component=mysql", "service=driver component=redis"]
    {
        assert!(lines.iter().any(|line| line.contains(expected)), "{expected}");
    }
}
