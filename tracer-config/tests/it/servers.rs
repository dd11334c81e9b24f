//! Small servers, each wrong in a way of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// A request over HTTP/1.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// What is answered: a status, headers, a body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, content_type: "text/plain", body: String::new() }
    }

    pub(crate) fn saying(self, content_type: &'static str, body: &str) -> Self {
        Self { content_type, body: body.to_owned(), ..self }
    }

    fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let Self { status, content_type, body } = self;
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )?;
        stream.flush()
    }
}

/// A listener that handles each connection on a thread of its own.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Whatever is done with a connection.
    pub(crate) fn raw(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handle = Arc::new(handle);
        let accept = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                let handle = Arc::clone(&handle);
                thread::Builder::new().spawn(move || handle(stream)).unwrap();
            }
        };
        thread::Builder::new().spawn(accept).unwrap();
        Self { address, requests: Arc::default() }
    }

    /// HTTP/1 that answers so.
    pub(crate) fn http(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let server = Self::raw(move |mut stream| {
            if let Ok(request) = read_request(&mut stream) {
                let answer = answer(&request);
                seen.lock().push(request);
                let _ = answer.write(&mut stream);
            } else {
                let _ = Answer::status(400).write(&mut stream);
            }
        });
        Self { requests, ..server }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Those that had a body.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let mut requests = self.all_requests();
        requests.retain(|request| !request.body.is_empty());
        requests
    }

    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }
}

/// Reads a request, or what is none: then it is an error.
pub(crate) fn read_request(stream: &mut impl Read) -> io::Result<Request> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..read]);
        let is_http = ["GET ", "POST"].iter().any(|method| bytes.starts_with(method.as_bytes()));
        if read == 0 || !is_http {
            return Err(io::Error::other("no request of HTTP/1"));
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if bytes.len() >= end + 4 + length.unwrap_or(0) {
            return Ok(Request { head, body: bytes[end + 4..].to_vec() });
        }
    }
}
