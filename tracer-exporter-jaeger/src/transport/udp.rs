//! Datagrams to a host by name, which is looked up again now and then, and after a failure.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

/// A host may move while nobody notices: datagrams are not answered.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(30);

/// How long a datagram may wait for room in the socket's buffer. It is free in no time, unless an interface is stuck.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// A host and the socket to it.
#[derive(Debug)]
pub(crate) struct Udp {
    /// `host:port`.
    target: String,
    open: Option<Open>,
    /// What the system says instead of sending, once each: errors that no test can cause.
    #[cfg(test)]
    pub(crate) faults: Vec<io::Error>,
}

#[derive(Debug)]
struct Open {
    socket: UdpSocket,
    address: SocketAddr,
    looked_up: Instant,
}

/// What became of a datagram.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It left, and nobody said that it did not arrive.
    Gone,
    /// It is larger than the system or the network takes.
    TooLarge,
}

impl Udp {
    pub(crate) const fn new(target: String) -> Self {
        Self {
            target,
            open: None,
            #[cfg(test)]
            faults: Vec::new(),
        }
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Sends a datagram. After an error the next one goes through a new socket to a host looked up anew.
    ///
    /// A host that has nobody on the port says so; on the same machine that is known at once, and from
    /// others it is told to whoever sends next. A buffer that stays full (`EAGAIN`), or a queue of an interface
    /// that is (`ENOBUFS`), is an error, too.
    pub(crate) fn send(&mut self, datagram: &[u8]) -> io::Result<Sent> {
        #[cfg(test)]
        let fault = self.faults.pop();
        let socket = &self.socket()?.socket;
        #[cfg(not(test))]
        let sent = socket.send(datagram);
        #[cfg(test)]
        let sent = fault.map_or_else(|| socket.send(datagram), Err);
        let sent = match sent {
            Ok(_) => socket.take_error().and_then(|error| error.map_or(Ok(Sent::Gone), Err)),
            // What is told is about an earlier datagram, and this one was not sent.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Err(error),
            Err(error) if is_too_large(&error) => return Ok(Sent::TooLarge),
            Err(error) => Err(error),
        };
        if sent.is_err() {
            self.open = None;
        }
        sent
    }

    fn socket(&mut self) -> io::Result<&Open> {
        let is_fresh = |open: &Open| open.looked_up.elapsed() < LOOKUP_INTERVAL;
        let open = match self.open.take() {
            Some(open) if is_fresh(&open) => open,
            Some(old) => self.look_up_again(old)?,
            None => self.connect()?,
        };
        Ok(self.open.insert(open))
    }

    /// Keeps the socket if the host is where it was, or cannot be found just now.
    fn look_up_again(&self, mut old: Open) -> io::Result<Open> {
        let found = self.target.to_socket_addrs().map(|mut found| found.any(|it| it == old.address));
        if found.unwrap_or(true) {
            old.looked_up = Instant::now();
            return Ok(old);
        }
        self.connect()
    }

    fn connect(&self) -> io::Result<Open> {
        let mut last_error = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for address in self.target.to_socket_addrs()? {
            match connected(address) {
                Ok(socket) => return Ok(Open { socket, address, looked_up: Instant::now() }),
                Err(error) => last_error = error,
            }
        }
        Err(last_error)
    }
}

fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok(socket)
}

/// `EMSGSIZE`, which has no kind of its own, by its numbers on Linux, on BSD and macOS, on Windows.
fn is_too_large(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    match std::env::consts::OS {
        "linux" | "android" => number == Some(90),
        "windows" => number == Some(10040),
        _ => number == Some(40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_without_anybody_is_told_and_found_again() {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let address = receiver.local_addr().unwrap();
        let mut udp = Udp::new(address.to_string());
        assert!(matches!(udp.send(b"one").unwrap(), Sent::Gone));
        let mut datagram = [0; 8];
        assert_eq!(receiver.recv(&mut datagram).unwrap(), 3);
        drop(receiver);
        let mut refused = || (0..100).find_map(|_| udp.send(b"lost").err());
        assert_eq!(refused().unwrap().kind(), ErrorKind::ConnectionRefused);
        let again = UdpSocket::bind(address).unwrap();
        again.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        udp.send(b"again").unwrap();
        assert_eq!(again.recv(&mut datagram).unwrap(), 5);
    }

    #[test]
    fn a_datagram_larger_than_any_is_told() {
        let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut udp = Udp::new(receiver.local_addr().unwrap().to_string());
        assert!(matches!(udp.send(&vec![0; 70_000]).unwrap(), Sent::TooLarge));
    }

    #[test]
    fn a_host_that_does_not_exist_is_an_error() {
        assert!(Udp::new("no-such-host.invalid:6831".into()).send(b"x").is_err());
        assert!(Udp::new("no port".into()).send(b"x").is_err());
    }
}
