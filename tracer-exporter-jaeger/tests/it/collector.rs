//! A collector on a real socket, which answers as the test tells it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use parking_lot::Mutex;
use prost::Message;

/// A request as it came over the socket.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    /// In the order of their coming, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a request.
pub(crate) enum Reply {
    /// These bytes, and the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, and the connection is closed.
    Last(Vec<u8>),
    /// What this gives, which may take its time.
    Later(Box<dyn FnOnce() -> Vec<u8> + Send>),
    /// One byte of an answer that never ends, again and again.
    Trickle,
    /// No answer.
    Hang,
}

/// A running collector; it ends when it is dropped.
pub(crate) struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Box<dyn FnMut(usize) -> Reply + Send>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    stopped: AtomicBool,
}

impl Collector {
    /// Answers the n-th request, from 0, as `script` says.
    pub(crate) fn start(script: impl FnMut(usize) -> Reply + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    pub(crate) fn start_at(address: SocketAddr, script: impl FnMut(usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        Builder::new().spawn(move || accept(&listener, &accepting)).unwrap();
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().clone()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns when no connection is open any more.
    pub(crate) fn wait_until_all_closed(&self) {
        for _ in 0..2_000 {
            if self.shared.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("connections stay open");
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn decode(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(self.body.as_slice()).unwrap()
    }

    pub(crate) fn span_count(&self) -> usize {
        let request = self.decode();
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.map(|scope| scope.spans.len()).sum()
    }
}

/// An answer with its length.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        head += &format!("{header}\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// An answer that all is well.
pub(crate) fn ok() -> Reply {
    Reply::Bytes(answer("200 OK", &["content-type: application/x-protobuf"], b""))
}

/// An address where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        shared.open.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(shared);
        let serve = move || {
            // An error is the client's going away.
            let _ = serve(&stream, &shared);
            drop(stream);
            shared.open.fetch_sub(1, Ordering::SeqCst);
        };
        Builder::new().spawn(serve).unwrap();
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = read_request(&mut reader)? {
        let index = {
            let mut requests = shared.requests.lock();
            requests.push(request);
            requests.len() - 1
        };
        let reply = (shared.script.lock())(index);
        match reply {
            Reply::Bytes(bytes) => writer.write_all(&bytes)?,
            Reply::Later(bytes) => writer.write_all(&bytes())?,
            Reply::Last(bytes) => return writer.write_all(&bytes),
            Reply::Trickle => {
                writer.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ")?;
                loop {
                    writer.write_all(b"x")?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            // Until the client gives up.
            Reply::Hang => return reader.read(&mut [0]).map(drop),
        }
    }
    Ok(())
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { line: line.trim_end().to_owned(), headers, body }))
}
