//! Asks the service as the validation service does, and keeps the headers of the calls that it makes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use tracer_core::Tracer;
use tracer_propagation::Composite;

use crate::service::app;

/// Never reached, unless something hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// The service, started once for all checks.
static SERVICE: LazyLock<(Runtime, SocketAddr)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let bound = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = bound.local_addr().unwrap();
    let tracer = Tracer::builder("w3c_service").build();
    let app = app(&tracer, &Composite::from_names("tracecontext,baggage").unwrap());
    runtime.spawn(async { axum::serve(bound, app).await });
    (runtime, address)
});

/// The parts of a `traceparent` that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Traceparent {
    pub(super) trace_id: String,
    pub(super) parent_id: String,
    pub(super) flags: u8,
}

/// The trace headers of a call.
#[derive(Clone, Debug)]
pub(super) struct Callback {
    pub(super) traceparent: Traceparent,
    /// The members in order; empty without the header.
    pub(super) tracestate: Vec<(String, String)>,
}

impl Callback {
    /// The value of a member.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.tracestate.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// Sends a request with these headers, byte for byte, and answers the call that it led to.
pub(super) fn call(headers: &[(&str, &str)]) -> Callback {
    calls(headers, 1).remove(0)
}

/// Likewise, with so many calls asked for.
pub(super) fn calls(headers: &[(&str, &str)], count: usize) -> Vec<Callback> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let receiver =
        thread::Builder::new().name("receiver".into()).spawn(move || receive(&listener, count)).unwrap();
    let call = serde_json::json!({"url": url, "arguments": []});
    let body = serde_json::to_string(&vec![call; count]).unwrap();
    assert_eq!(post(headers, &body), 200);
    receiver.join().unwrap()
}

/// The status of the answer.
pub(super) fn post(headers: &[(&str, &str)], body: &str) -> u16 {
    let mut stream = TcpStream::connect(SERVICE.1).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut request = String::from("POST /test HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = body.len();
    request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"));
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
}

/// The calls come one after the other, on one connection or on several.
fn receive(listener: &TcpListener, count: usize) -> Vec<Callback> {
    let mut received = Vec::new();
    while received.len() < count {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut reader = BufReader::new(stream);
        received.push(callback(&head(&mut reader)));
        let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
    }
    received
}

/// The headers of a request; its body is read and left.
fn head(reader: &mut BufReader<TcpStream>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for line in reader.by_ref().lines().skip(1) {
        let line = line.unwrap();
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.and_then(|(_, value)| value.parse().ok()).unwrap()];
    reader.read_exact(&mut body).unwrap();
    assert_eq!(body, b"[]");
    headers
}

/// Exactly one `traceparent`, and at most one `tracestate`, both legal.
fn callback(headers: &[(String, String)]) -> Callback {
    let values = |wanted: &str| -> Vec<&str> {
        headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
    };
    let [traceparent] = values("traceparent")[..] else { panic!("{headers:?}") };
    let tracestate = match values("tracestate")[..] {
        [] => Vec::new(),
        [list] => list.split(',').map(|member| pair(member, '=')).collect(),
        _ => panic!("{headers:?}"),
    };
    Callback { traceparent: parsed(traceparent), tracestate }
}

fn pair(text: &str, delimiter: char) -> (String, String) {
    let (left, right) = text.split_once(delimiter).unwrap();
    (left.to_owned(), right.to_owned())
}

fn parsed(value: &str) -> Traceparent {
    let parts: Vec<&str> = value.split('-').collect();
    let [version, trace_id, parent_id, flags] = parts[..] else { panic!("{value}") };
    let is_hex = |digits: &str, length| {
        digits.len() == length && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    assert!(version == "00" && is_hex(trace_id, 32) && is_hex(parent_id, 16) && is_hex(flags, 2), "{value}");
    assert!(trace_id.contains(|digit| digit != '0') && parent_id.contains(|digit| digit != '0'), "{value}");
    let flags = u8::from_str_radix(flags, 16).unwrap();
    Traceparent { trace_id: trace_id.to_owned(), parent_id: parent_id.to_owned(), flags }
}
