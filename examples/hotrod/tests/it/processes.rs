//! Child processes of the program.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::Answer;

/// A signal ends it within this.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A HotROD that runs in a process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    /// What it still wrote to stdout.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    pub(crate) fn start(arguments: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotrod"));
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
            command.env_remove(name);
        }
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line on stdout; empty at its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What the next line says after its label.
    pub(crate) fn address(&mut self, label: &str) -> String {
        let line = self.line();
        line.strip_prefix(label)
            .unwrap_or_else(|| panic!("{line:?} is not about {label:?}"))
            .trim()
            .to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ended {
        let start = Instant::now();
        let status = self.child.wait().unwrap();
        let took = start.elapsed();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Ended { status, took, stdout, stderr }
    }

    /// Sends a signal and waits for its end.
    pub(crate) fn end_by(self, signal: Signal) -> Ended {
        self.signal(signal);
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Not if it has ended already: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Orders a car, in session 1.
pub(crate) async fn order(client: &reqwest::Client, frontend: &str, request: &str) -> Answer {
    let baggage = format!("session=1, request={request}");
    let order = client.get(format!("{frontend}dispatch?customer=123")).header("baggage", baggage);
    Answer::of(order.send().await.unwrap()).await
}

/// A client that asks nobody else.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// By itself, in time, without a complaint.
pub(crate) fn assert_ended_well(ended: &Ended) {
    assert!(ended.status.success() && ended.took < STOP_LIMIT, "{:?} after {:?}", ended.status, ended.took);
    assert_eq!(ended.stderr, "");
}
