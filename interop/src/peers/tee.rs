//! A receiver that gives every request to two others, so that both have the same.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::http::Client;

const TIMEOUT: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: u64 = 64 << 10;
const BODY_BYTES_MAX: usize = 64 << 20;

/// `POST /v1/traces` for two.
#[derive(Debug)]
pub struct Tee {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    urls: [String; 2],
    client: Client,
    ended: AtomicBool,
    failed: AtomicUsize,
}

impl Tee {
    /// Starts it; the addresses are those of receivers, without the path.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub fn start(receivers: [&str; 2]) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            urls: receivers.map(|url| format!("{url}/v1/traces")),
            client: Client::new(TIMEOUT),
            ended: AtomicBool::new(false),
            failed: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        thread::Builder::new().name("tee".to_owned()).spawn(move || serving.serve(&listener))?;
        Ok(Self { addr, shared })
    }

    /// Where it receives, without the path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How many requests were not given to both.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.shared.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn serve(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            let shared = Arc::clone(&self);
            let served = stream.and_then(|stream| {
                thread::Builder::new().name("tee".to_owned()).spawn(move || shared.answer_and_count(stream))
            });
            if served.is_err() {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn answer_and_count(&self, stream: TcpStream) {
        if self.answer(stream).is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One request a connection.
    fn answer(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut reader = BufReader::new(stream);
        let (content_type, length) = head(&mut reader)?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut all_took_it = true;
        for url in &self.urls {
            let answer = self.client.post(url, &content_type, &body);
            all_took_it &= answer.is_ok_and(|answer| answer.status == 200);
        }
        if !all_took_it {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        let mut stream = reader.into_inner();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())
    }
}

/// Content type and length.
fn head(reader: &mut impl BufRead) -> io::Result<(String, usize)> {
    let (mut content_type, mut length) = (String::new(), None);
    let mut head = reader.take(HEAD_BYTES_MAX);
    loop {
        let mut line = String::new();
        head.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-type" => content_type = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().ok(),
            "content-encoding" => return Err(io::Error::other("compressed")),
            _ => {}
        }
    }
    match length {
        Some(length) if length <= BODY_BYTES_MAX => Ok((content_type, length)),
        _ => Err(io::Error::other("no length, or too much")),
    }
}
