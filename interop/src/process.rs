//! Child processes: started on free ports, watched, and ended by their process id.
//!
//! ```text
//! Child::start ── wait_until_answers / wait_for_line ── stop (or drop)
//!       │                                                 │
//!       └─ process/output.rs keeps what it prints         └─ SIGTERM, then SIGKILL
//!       └─ process/registry.rs knows it, for the runner's own end
//! ```

mod output;
mod ports;
mod registry;

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use thiserror::Error;

pub use self::ports::{free_ports, on_free_ports};
pub use self::registry::terminate_all;

use self::output::Output;
use crate::http::Client;
use crate::poll;

/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A running child process. Dropping it ends it: SIGTERM, and SIGKILL if it does not go.
#[derive(Debug)]
pub struct Child {
    name: String,
    child: std::process::Child,
    output: Arc<Output>,
    ended: Option<ExitStatus>,
}

/// What can go wrong with a child process.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start {program:?}: {cause}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        cause: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended early, {status}; it printed:\n{output}")]
    Ended {
        /// Which process.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// It was not ready in time.
    #[error("{name} was not ready after {deadline:?}: {why}; it printed:\n{output}")]
    NotReady {
        /// Which process.
        name: String,
        /// How long was waited.
        deadline: Duration,
        /// What was missing.
        why: String,
        /// The end of what it printed.
        output: String,
    },
    /// Another process took a port before it could, and it went on without.
    #[error("{name} could not have all its ports; it printed:\n{output}")]
    PortTaken {
        /// Which process.
        name: String,
        /// The end of what it printed.
        output: String,
    },
    /// No ports could be had.
    #[error("cannot find {count} free ports: {cause}")]
    Ports {
        /// How many were wanted.
        count: usize,
        /// Why.
        cause: std::io::Error,
    },
}

impl Child {
    /// Starts a process whose output is collected.
    ///
    /// # Errors
    /// [`ProcessError::Start`], if the program cannot be run.
    pub fn start(name: &str, mut command: Command) -> Result<Self, ProcessError> {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let start_error = |cause| ProcessError::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            cause,
        };
        let mut child = spawned.map_err(start_error)?;
        registry::add(&child);
        let output = Arc::new(Output::default());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // From here on the drop of `started` ends the child, whatever fails.
        let started = Self { name: name.to_owned(), child, output: Arc::clone(&output), ended: None };
        if let Some(stdout) = stdout {
            Output::collect(&output, name, stdout).map_err(start_error)?;
        }
        if let Some(stderr) = stderr {
            Output::collect(&output, name, stderr).map_err(start_error)?;
        }
        Ok(started)
    }

    /// Waits until a GET of `url` answers with a 2xx status, while the process runs.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] or [`ProcessError::NotReady`], with what it printed.
    pub fn wait_until_answers(&mut self, url: &str, deadline: Duration) -> Result<(), ProcessError> {
        let client = Client::new(Duration::from_secs(2));
        self.wait_until(deadline, |_| match client.get(url, &[]) {
            Ok(response) if (200..300).contains(&response.status) => Ok(()),
            Ok(response) => Err(format!("{url} answers {}", response.status)),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Waits until something listens on this port of 127.0.0.1, while the process runs.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] or [`ProcessError::NotReady`], and [`ProcessError::PortTaken`]
    /// if the process printed that an address was in use.
    pub fn wait_until_listens(&mut self, port: u16, deadline: Duration) -> Result<(), ProcessError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.wait_until(deadline, |_| {
            TcpStream::connect_timeout(&address, Duration::from_secs(1))
                .map(|_| ())
                .map_err(|error| format!("{address}: {error}"))
        })?;
        if ports::says_taken(&self.output()) {
            return Err(ProcessError::PortTaken { name: self.name.clone(), output: self.output() });
        }
        Ok(())
    }

    /// Waits until the process has printed a line that `pick` makes something of.
    ///
    /// # Errors
    /// [`ProcessError::Ended`] or [`ProcessError::NotReady`], with what it printed.
    pub fn wait_for_line<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        pick: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ProcessError> {
        self.wait_until(deadline, |output| output.find(&pick).ok_or_else(|| format!("no line {what:?}")))
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.poll_end().is_none()
    }

    /// The end of what it printed, standard output and error in one.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// Ends the process: SIGTERM, and SIGKILL after a few seconds. Answers how it ended and
    /// how long that took.
    pub fn stop(&mut self) -> (Option<ExitStatus>, Duration) {
        self.end_by(Signal::SIGTERM)
    }

    /// As [`Self::stop`], but with the SIGINT that Ctrl-C sends.
    pub fn interrupt(&mut self) -> (Option<ExitStatus>, Duration) {
        self.end_by(Signal::SIGINT)
    }

    fn end_by(&mut self, signal: Signal) -> (Option<ExitStatus>, Duration) {
        let began = Instant::now();
        for signal in [signal, Signal::SIGKILL] {
            if self.poll_end().is_none() {
                self.signal(signal);
                self.wait_for_end(GRACE);
            }
        }
        (self.ended, began.elapsed())
    }

    fn wait_until<T>(
        &mut self,
        deadline: Duration,
        mut ready: impl FnMut(&Output) -> Result<T, String>,
    ) -> Result<T, ProcessError> {
        let attempt = || {
            // Its end is looked at first: an answer may come from another process that has
            // taken the port.
            if let Some(status) = self.poll_end() {
                return Ok(Err(status));
            }
            ready(&self.output).map(Ok)
        };
        match poll::until(deadline, attempt) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(status)) => {
                self.output.wait_for_its_end(GRACE);
                Err(ProcessError::Ended { name: self.name.clone(), status, output: self.output() })
            }
            Err(why) => {
                Err(ProcessError::NotReady { name: self.name.clone(), deadline, why, output: self.output() })
            }
        }
    }

    fn wait_for_end(&mut self, deadline: Duration) {
        let end = Instant::now() + deadline;
        while self.poll_end().is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn poll_end(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = registry::reap(&mut self.child);
        }
        self.ended
    }

    fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // It may have ended just now; then there is nothing to signal.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Child::start("shell", command).unwrap()
    }

    #[test]
    fn a_line_of_either_stream_is_found() {
        let mut child = shell("echo one; echo two 2 >&2; exec sleep 60");
        let pick = |line: &str| line.strip_prefix("two ").map(str::to_owned);
        assert_eq!(child.wait_for_line("two", DEADLINE, pick).unwrap(), "2");
        assert!(child.is_running());
    }

    #[test]
    fn an_early_end_is_told_with_its_output() {
        let mut child = shell("echo oh dear; exit 3");
        let error = child.wait_for_line("never", DEADLINE, |_| None::<()>).unwrap_err();
        assert!(matches!(&error, ProcessError::Ended { status, .. } if status.code() == Some(3)));
        let url = "http://127.0.0.1:1/";
        assert!(child.wait_until_answers(url, DEADLINE).is_err());
        assert!(child.output().contains("oh dear"));
    }

    #[test]
    fn a_port_that_somebody_else_took_is_noticed() {
        let held = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut child = shell("echo 'listen: address already in use'; exec sleep 60");
        let pick = |line: &str| line.contains("listen").then_some(());
        child.wait_for_line("listen", DEADLINE, pick).unwrap();
        let port = held.local_addr().unwrap().port();
        let error = child.wait_until_listens(port, DEADLINE).unwrap_err();
        assert!(matches!(error, ProcessError::PortTaken { .. }));
    }

    #[test]
    fn a_late_one_is_told_apart() {
        let mut child = shell("exec sleep 60");
        let error = child.wait_for_line("never", Duration::ZERO, |_| None::<()>).unwrap_err();
        assert!(matches!(error, ProcessError::NotReady { .. }));
    }

    #[test]
    fn stop_ends_one_that_goes() {
        let mut child = shell("exec sleep 60");
        let (status, took) = child.stop();
        assert!(!status.unwrap().success());
        assert!(took < GRACE);
        assert!(!child.is_running());
    }

    #[test]
    fn interrupt_sends_what_ctrl_c_sends() {
        // A job in the background is started with SIGINT ignored, and a shell cannot take that back itself.
        let mut child = shell(
            "script='trap \"exit 7\" INT; echo ready; while :; do sleep 0.1; done'
             heard='env --default-signal=INT'
             $heard true 2>/dev/null && exec $heard sh -c \"$script\"
             eval \"$script\"",
        );
        let pick = |line: &str| (line == "ready").then_some(());
        child.wait_for_line("ready", DEADLINE, pick).unwrap();
        let (status, _) = child.interrupt();
        assert_eq!(status.unwrap().code(), Some(7));
    }

    #[test]
    fn stop_kills_one_that_stays() {
        let mut child = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        let pick = |line: &str| (line == "ready").then_some(());
        child.wait_for_line("ready", DEADLINE, pick).unwrap();
        let (status, took) = child.stop();
        assert!(!status.unwrap().success());
        assert!(took >= GRACE);
    }

    #[test]
    fn drop_ends_it() {
        let child = shell("exec sleep 60");
        let pid = Pid::from_raw(i32::try_from(child.child.id()).unwrap());
        assert!(kill(pid, None).is_ok());
        drop(child);
        assert!(kill(pid, None).is_err());
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = Child::start("x", Command::new("/no/such/program")).unwrap_err();
        assert!(error.to_string().contains("/no/such/program"));
    }
}
