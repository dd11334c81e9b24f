//! A receiver of OTLP over HTTP that counts spans and answers 200.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Builder;

/// The largest body that is read: fastrace once made one of 225 MB.
const BODY_BYTES_MAX: usize = 256 << 20;
/// The longest line of a request's head.
const LINE_BYTES_MAX: u64 = 8 << 10;

/// What a collector has received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub spans: u64,
    pub requests: u64,
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    spans: AtomicU64,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// The collector's process, seen from the one that started it.
#[derive(Debug)]
pub struct Collector {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Collector {
    /// Starts this program as a collector, with [`serve`].
    ///
    /// # Errors
    /// If there is no process or no port to be had.
    pub fn start() -> io::Result<Self> {
        let (child, stdout) = super::start_self(&["--collector"])?;
        let mut answers = BufReader::new(stdout);
        let mut url = String::new();
        answers.read_line(&mut url)?;
        Ok(Self { child, answers, url: url.trim().to_owned() })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, and says what it has received.
    ///
    /// # Errors
    /// If it ended before, or says something strange.
    pub fn finish(mut self) -> io::Result<Received> {
        drop(self.child.stdin.take());
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        self.child.wait()?;
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        match numbers[..] {
            [spans, requests, bytes] => Ok(Received { spans, requests, bytes }),
            _ => Err(malformed("the collector's account")),
        }
    }
}

/// The collector's process: prints its URL, and what it received once its input ends.
///
/// # Errors
/// If there is no port to be had.
pub fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    let counters = Arc::new(Counters::default());
    let shared = Arc::clone(&counters);
    Builder::new().name("accept".to_owned()).spawn(move || accept(&listener, &shared))?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let get = |counter: &AtomicU64| counter.load(Ordering::Acquire);
    println!("{} {} {}", get(&counters.spans), get(&counters.requests), get(&counters.bytes));
    Ok(())
}

fn accept(listener: &TcpListener, counters: &Arc<Counters>) {
    for stream in listener.incoming().flatten() {
        let counters = Arc::clone(counters);
        let serve = move || {
            serve_connection(&stream, &counters).unwrap_or_else(|error| eprintln!("collector: {error}"));
        };
        if let Err(error) = Builder::new().name("connection".to_owned()).spawn(serve) {
            eprintln!("collector: no thread: {error}");
        }
    }
}

fn serve_connection(stream: &TcpStream, counters: &Counters) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut body = Vec::new();
    while let Some(length) = read_head(&mut reader)? {
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        let spans = count_spans(&body).ok_or_else(|| malformed("an OTLP request"))?;
        counters.spans.fetch_add(spans, Ordering::Release);
        counters.requests.fetch_add(1, Ordering::Release);
        counters.bytes.fetch_add(length as u64, Ordering::Release);
        (&*stream).write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n",
        )?;
    }
    Ok(())
}

/// The body's length; `None` at the connection's end.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<usize>> {
    let mut length = None;
    for number in 0..100 {
        let mut line = String::new();
        if reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)? == 0 && number == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            let length = length.filter(|length| *length <= BODY_BYTES_MAX);
            return length.map(Some).ok_or_else(|| malformed("a request without a fair Content-Length"));
        }
        if let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_content_length(name)) {
            length = Some(value.trim().parse().map_err(|_| malformed(name))?);
        }
    }
    Err(malformed("a head of 100 lines"))
}

fn is_content_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-length")
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed: {what}"))
}

/// Spans in an `ExportTraceServiceRequest`: field 1, in it field 2, in it field 2.
fn count_spans(request: &[u8]) -> Option<u64> {
    let mut spans = 0;
    for resource_spans in messages(request, 1)? {
        for scope_spans in messages(resource_spans, 2)? {
            spans += messages(scope_spans, 2)?.len() as u64;
        }
    }
    Some(spans)
}

/// The values of a length-delimited field. What these messages hold beside are strings and messages too.
fn messages(mut bytes: &[u8], field: u64) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        if key & 7 != 2 {
            return None;
        }
        let length = usize::try_from(varint(&mut bytes)?).ok()?;
        let (value, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        if key >> 3 == field {
            found.push(value);
        }
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    use super::*;

    #[test]
    fn spans_are_counted_in_all_resources_and_scopes() {
        let scope = |spans| ScopeSpans {
            spans: vec![Span { name: "work".repeat(100), ..Span::default() }; spans],
            schema_url: "https://schema".to_owned(),
            ..ScopeSpans::default()
        };
        let resource = |scope_spans| ResourceSpans { scope_spans, ..ResourceSpans::default() };
        let resource_spans = vec![resource(vec![scope(2), scope(0)]), resource(vec![scope(300)])];
        let request = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        assert_eq!(count_spans(&request), Some(302));
        assert_eq!(count_spans(&request[..request.len() - 1]), None);
    }

    #[test]
    fn a_head_gives_the_length_or_an_error() {
        let head = |text: &str| read_head(&mut text.as_bytes()).ok();
        assert_eq!(head("POST / HTTP/1.1\r\ncontent-LENGTH: 12\r\n\r\n"), Some(Some(12)));
        assert_eq!(head(""), Some(None));
        assert_eq!(head("POST / HTTP/1.1\r\n\r\n"), None);
        assert_eq!(head("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), None);
    }
}
