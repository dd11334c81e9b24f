//! `hotrod load` and `hotrod tour`.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::processes::Process;
use crate::support::Hotrod;

#[tokio::test(flavor = "multi_thread")]
async fn load_counts_what_is_answered_and_links_to_the_slowest() {
    let hotrod = Hotrod::start("--time-scale 0.05").await;
    let frontend = hotrod.url("");
    let load = |flags: &str| {
        let process = Process::start(&format!("load --url {frontend} {flags}"));
        tokio::task::spawn_blocking(move || process.wait())
    };
    let ended = load("--count 20 --concurrency 4 --customers 123:3,999").await.unwrap();
    assert!(ended.status.success(), "{}", ended.stderr);
    let text = ended.stdout;
    assert!(text.starts_with("orders    20 in "), "{text}");
    assert!(text.contains(" 200: ") && text.contains(" 500: ") && text.contains("latency   p50 "), "{text}");
    assert!(text.contains("failed    5 x invalid customer ID"), "{text}");
    let slowest = text.lines().find(|line| line.starts_with("slowest")).unwrap();
    let id = slowest.rsplit('/').next().unwrap();
    assert!(hotrod.trace(id).await.is_some(), "{slowest}");

    let ended = load("--rate 200 --duration 500ms --baggage fail=frontend:1").await.unwrap();
    assert!(ended.stdout.contains("x simulated failure in frontend"), "{}", ended.stdout);
    let away = Process::start("load --url http://127.0.0.1:1 --count 1").wait();
    assert_eq!(away.status.code(), Some(1));
    assert!(away.stderr.starts_with("hotrod: no HotROD at http://127.0.0.1:1: "), "{}", away.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_ends_at_a_signal_and_tells_what_there_is() {
    let hotrod = Hotrod::start("--time-scale 0.05").await;
    let frontend = hotrod.url("");
    let load = Process::start(&format!("load --url {frontend} --duration 1h --rate 20"));
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while hotrod.app.spans().finished < 40 {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = tokio::task::spawn_blocking(|| load.end_by(Signal::SIGINT)).await.unwrap();
    assert!(
        ended.status.success() && ended.stdout.starts_with("orders    "),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
}

#[test]
fn the_tour_names_the_bottleneck_of_each_setting() {
    let tour = Process::start("tour --requests 8 --time-scale 0.1 --viewer-port 0 --json --quit").wait();
    assert!(tour.status.success(), "{}", tour.stderr);
    let tour: serde_json::Value = serde_json::from_str(&tour.stdout).unwrap();
    let settings = tour["settings"].as_array().unwrap();
    assert_eq!(settings.len(), 6);
    for setting in settings {
        assert_eq!(setting["orders"], 8, "{setting}");
        let found = &setting["bottleneck"];
        assert!(found["share"].as_f64().unwrap() > 0.1 && found["url"].as_str().unwrap().contains("/trace/"));
    }
    // Eight queries of 30 ms, one after the other, whatever else is slow.
    assert!(settings[0]["wallMs"].as_f64().unwrap() > 150.0, "{}", settings[0]);
}
