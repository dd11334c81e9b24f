//! What a port speaks: it is asked in HTTP/1, then HTTP/2, then TLS, and its first bytes tell.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::address::Address;

/// What is read of an answer.
const ANSWER_BYTES_MAX: usize = 4096;

/// What a port answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// HTTP/1, and the start of what it said.
    Http1(String),
    /// HTTP/2 without TLS, as gRPC has it.
    Http2,
    Tls,
    /// Something else.
    Other,
    /// It ends connections without a word.
    Closes,
    /// It takes connections and says nothing.
    Silent,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoConnection {
    NameNotFound(String),
    Refused,
    TimedOut,
    Other(String),
}

/// Finds out what a port speaks.
pub(super) fn listen(address: &Address, patience: Duration) -> Result<Speech, NoConnection> {
    let get = format!("GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", address.host_port());
    let mut speech = Speech::Closes;
    for question in [get.as_bytes(), HTTP2_PREFACE, &client_hello()] {
        speech = ask(address, question, patience)?;
        if speech != Speech::Closes {
            break;
        }
    }
    Ok(speech)
}

/// The answer to a request over HTTP/1, as far as it comes in time.
pub(super) fn answer(address: &Address, request: &[u8], patience: Duration) -> Option<String> {
    let bytes = exchange(address, request, patience).ok()?.ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether anybody takes a connection.
pub(super) fn is_open(address: &Address, patience: Duration) -> bool {
    connect(address, patience).is_ok()
}

fn ask(address: &Address, question: &[u8], patience: Duration) -> Result<Speech, NoConnection> {
    Ok(match exchange(address, question, patience)? {
        Ok(bytes) if bytes.is_empty() => Speech::Closes,
        Ok(bytes) => recognized(&bytes),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Speech::Silent,
        Err(_) => Speech::Closes,
    })
}

fn recognized(bytes: &[u8]) -> Speech {
    match bytes {
        [b'H', b'T', b'T', b'P', b'/', b'1', ..] => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            // Servers of Go and nginx say so in plain HTTP.
            let says_tls =
                text.contains("HTTP request to an HTTPS server") || text.contains("sent to HTTPS port");
            if says_tls { Speech::Tls } else { Speech::Http1(text) }
        }
        // A record of an alert or a handshake.
        [0x15 | 0x16, 0x03, ..] => Speech::Tls,
        // A frame of 24 bits of length, then SETTINGS or GOAWAY on stream 0.
        [_, _, _, 0x04 | 0x07, _, 0, 0, 0, 0, ..] => Speech::Http2,
        _ => Speech::Other,
    }
}

/// Sends a question and reads until the other side ends, there is enough, or nothing more comes.
fn exchange(
    address: &Address,
    question: &[u8],
    patience: Duration,
) -> Result<io::Result<Vec<u8>>, NoConnection> {
    let mut stream = connect(address, patience)?;
    Ok(converse(&mut stream, question, patience))
}

fn converse(stream: &mut TcpStream, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + patience;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(question)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while answer.len() < ANSWER_BYTES_MAX {
        // The first bytes are waited for; the rest comes with them or is not needed.
        let rest = if answer.is_empty() {
            deadline - Instant::now().min(deadline)
        } else {
            Duration::from_millis(300)
        };
        stream.set_read_timeout(Some(rest.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

fn connect(address: &Address, patience: Duration) -> Result<TcpStream, NoConnection> {
    let addresses = (address.host.as_str(), address.port).to_socket_addrs();
    let addresses = addresses.map_err(|error| NoConnection::NameNotFound(error.to_string()))?;
    let mut last = NoConnection::NameNotFound("it has no address".into());
    for address in addresses {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                last = match error.kind() {
                    ErrorKind::ConnectionRefused => NoConnection::Refused,
                    ErrorKind::TimedOut | ErrorKind::WouldBlock => NoConnection::TimedOut,
                    _ => NoConnection::Other(error.to_string()),
                }
            }
        }
    }
    Err(last)
}

/// The start of a connection (RFC 9113 section 3.4), with empty SETTINGS.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A `ClientHello` (RFC 5246 section 7.4.1.2) that is enough for a server to answer, be it with an alert.
fn client_hello() -> Vec<u8> {
    let mut body = vec![0x03, 0x03];
    body.extend([0x5a; 32]); // random
    body.push(0); // session
    body.extend([0, 6, 0x13, 0x01, 0xc0, 0x2f, 0xc0, 0x2b]); // cipher suites
    body.extend([1, 0]); // compression: none
    body.extend([0, 0]); // extensions: none
    let [_, high, low] = length(body.len());
    let mut message = vec![0x01, 0, high, low];
    message.extend(body);
    let [_, high, low] = length(message.len());
    let mut record = vec![0x16, 0x03, 0x01, high, low];
    record.extend(message);
    record
}

/// The last three bytes of a length, which is small here.
fn length(length: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(length).unwrap_or(0).to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        let cases: [(&[u8], Speech); 6] = [
            (
                b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
                Speech::Tls,
            ),
            (b"\x15\x03\x01\x00\x02\x02\x16", Speech::Tls),
            (b"\x16\x03\x03\x00\x7a", Speech::Tls),
            (b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00", Speech::Http2),
            (b"\x00\x00\x08\x07\x00\x00\x00\x00\x00", Speech::Http2),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Speech::Other),
        ];
        for (bytes, speech) in cases {
            assert_eq!(recognized(bytes), speech, "{bytes:?}");
        }
        assert!(matches!(recognized(b"HTTP/1.1 404 Not Found\r\n"), Speech::Http1(_)));
    }
}
