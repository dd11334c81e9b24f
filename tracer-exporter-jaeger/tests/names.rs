//! Names that move: a host is looked up again when the connection to it is gone.
//!
//! The system's own resolver is asked, with a file of hosts that is this test's: bound over `/etc/hosts` in a mount
//! namespace. Where there are no namespaces to be had the test is left out, and says so.

#![cfg(all(target_os = "linux", feature = "grpc"))]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests may, as tests do")]

#[path = "it/collector.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod collector;
#[path = "shared/grpc_server.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod grpc_server;
#[path = "it/random.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod random;
#[path = "it/spans.rs"]
#[allow(dead_code, clippy::allow_attributes, reason = "the other tests use the rest")]
mod spans;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tracer_core::Exporter;
use tracer_exporter_jaeger::{OtlpGrpc, OtlpHttp, ThriftUdp};

use self::collector::{Collector, Reply, answer};
use self::grpc_server::Receiver;

const SOON: Duration = Duration::from_secs(30);
const NAME: &str = "collector.test";
/// Both are this machine.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The file of hosts, for the process in the namespace.
const HOSTS: &str = "TRACER_TEST_HOSTS";

#[test]
fn a_host_that_moves_is_found_where_it_is_now() {
    let hosts = std::env::temp_dir().join(format!("hosts-{}", std::process::id()));
    std::fs::write(&hosts, "").unwrap();
    let within = |program: &str, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.args(["mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(&hosts);
        command.arg(program).args(arguments).env(HOSTS, &hosts).output()
    };
    if !within("true", &[]).is_ok_and(|output| output.status.success()) {
        eprintln!("left out: there are no mount namespaces here");
        return;
    }
    let this = std::env::current_exe().unwrap();
    let tests = within(this.to_str().unwrap(), &["--ignored", "--test-threads=1"]).unwrap();
    std::fs::remove_file(&hosts).unwrap();
    let said = String::from_utf8_lossy(&tests.stdout);
    assert!(tests.status.success() && said.contains("3 passed"), "{tests:?}");
}

fn move_to(address: Ipv4Addr) {
    let hosts = PathBuf::from(std::env::var_os(HOSTS).unwrap());
    std::fs::write(hosts, format!("{address} {NAME}\n")).unwrap();
}

/// Exports again and again until one was taken; answers how many were not.
fn failures_until_taken(exporter: &mut dyn Exporter) -> usize {
    let end = Instant::now() + SOON;
    let mut failures = 0;
    while let Err(error) = spans::export(exporter, 1, SOON) {
        assert!(Instant::now() < end, "{error}");
        failures += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    failures
}

#[test]
#[ignore = "it runs in a namespace, by the test above"]
fn over_http() {
    // Each answer is the connection's last: that is how a receiver goes.
    let last = |_| Reply::Last(answer("200 OK", &[], b""));
    move_to(FIRST);
    let first = Collector::start_at(SocketAddr::from((FIRST, 0)), last);
    let port = first.url().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let mut exporter = OtlpHttp::builder().endpoint(format!("http://{NAME}:{port}")).build().unwrap();
    assert_eq!(failures_until_taken(&mut exporter), 0);
    first.wait_until_all_closed();
    let taken_before = first.requests().len();
    let second = Collector::start_at(SocketAddr::from((SECOND, port)), last);
    move_to(SECOND);
    assert_eq!(failures_until_taken(&mut exporter), 0);
    assert_eq!((first.requests().len(), second.requests().len()), (taken_before, 1));
}

#[test]
#[ignore = "it runs in a namespace, by the test above"]
fn over_grpc() {
    move_to(FIRST);
    let first = Receiver::start_at(SocketAddr::from((FIRST, 0)), grpc_server::ok);
    let port = first.address.port();
    let mut exporter = OtlpGrpc::builder().endpoint(format!("http://{NAME}:{port}")).build().unwrap();
    assert_eq!(failures_until_taken(&mut exporter), 0);
    first.stop();
    let second = Receiver::start_at(SocketAddr::from((SECOND, port)), grpc_server::ok);
    move_to(SECOND);
    failures_until_taken(&mut exporter);
    assert!(second.calls() > 0);
}

#[test]
#[ignore = "it runs in a namespace, by the test above"]
fn over_udp() {
    let receiver = |at| {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket
    };
    let received = |socket: &UdpSocket| socket.recv(&mut [0; 1024]).is_ok();
    move_to(FIRST);
    let first = receiver(SocketAddr::from((FIRST, 0)));
    let port = first.local_addr().unwrap().port();
    let mut exporter = ThriftUdp::builder().endpoint(format!("{NAME}:{port}")).build().unwrap();
    assert_eq!(failures_until_taken(&mut exporter), 0);
    assert!(received(&first));
    drop(first);
    let second = receiver(SocketAddr::from((SECOND, port)));
    move_to(SECOND);
    // It is told that nobody is there any more, and looks the name up.
    let end = Instant::now() + SOON;
    while spans::export(&mut exporter, 1, SOON).is_ok() {
        assert!(Instant::now() < end, "nobody is told");
    }
    assert_eq!(failures_until_taken(&mut exporter), 0);
    assert!(received(&second));
}
