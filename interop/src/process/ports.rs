//! Free ports on the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

use super::ProcessError;

/// Between finding a port free and its use another process can take it; then all is tried
/// again with other ports.
const ATTEMPTS: usize = 3;

/// Finds different free ports on 127.0.0.1.
///
/// All are held until the last is found, so that they differ; then they are let go, for the
/// process that is to use them.
///
/// # Errors
/// [`ProcessError::Ports`], if the system gives none.
pub fn free_ports<const N: usize>() -> Result<[u16; N], ProcessError> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = bound.map_err(|cause| ProcessError::Ports { count: N, cause })?;
        let address = listener.local_addr();
        *port = address.map_err(|cause| ProcessError::Ports { count: N, cause })?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Starts something on free ports; tries others if it ended early because one was taken.
///
/// # Errors
/// The last attempt's error.
pub fn on_free_ports<T, const N: usize>(
    start: impl Fn([u16; N]) -> Result<T, ProcessError>,
) -> Result<T, ProcessError> {
    let mut attempt = 1;
    loop {
        match start(free_ports()?) {
            Err(error) if attempt < ATTEMPTS && is_port_taken(&error) => attempt += 1,
            result => return result,
        }
    }
}

/// Whether a process printed that an address was in use.
pub(super) fn says_taken(output: &str) -> bool {
    output.to_lowercase().contains("address already in use")
}

fn is_port_taken(error: &ProcessError) -> bool {
    match error {
        ProcessError::PortTaken { .. } => true,
        ProcessError::Ended { output, .. } | ProcessError::NotReady { output, .. } => says_taken(output),
        ProcessError::Start { .. } | ProcessError::Ports { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended(output: &str) -> ProcessError {
        ProcessError::Ended { name: "x".into(), status: ExitStatus::from_raw(256), output: output.into() }
    }

    #[test]
    fn ports_differ() {
        let ports: [u16; 50] = free_ports().unwrap();
        assert_eq!(BTreeSet::from(ports).len(), 50);
    }

    #[test]
    fn a_taken_port_is_tried_again_a_few_times() {
        let tried = Cell::new(0);
        let result = on_free_ports(|[_]: [u16; 1]| {
            tried.set(tried.get() + 1);
            if tried.get() < ATTEMPTS {
                return Err(ended("bind: Address already in use"));
            }
            Ok(tried.get())
        });
        assert_eq!(result.unwrap(), ATTEMPTS);
    }

    #[test]
    fn another_end_is_not_tried_again() {
        let tried = Cell::new(0);
        let result: Result<(), _> = on_free_ports(|[_]: [u16; 1]| {
            tried.set(tried.get() + 1);
            Err(ended("no such flag"))
        });
        assert!(result.is_err());
        assert_eq!(tried.get(), 1);
    }
}
