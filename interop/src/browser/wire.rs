//! Commands to the browser, and its answers and events: JSON texts, each with a zero byte behind it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long an answer may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// Older events go.
const EVENTS_MAX: usize = 100_000;

/// Both directions, and the events that came meanwhile.
#[derive(Debug)]
pub(super) struct Wire {
    commands: File,
    answers: Receiver<Value>,
    answers_path: PathBuf,
    events: VecDeque<Value>,
    last_id: u64,
}

impl Wire {
    /// Opens two named pipes, whether or not the browser has opened its ends.
    pub(super) fn open(to: &Path, from: &Path) -> Result<Self, String> {
        // Opened for both, it does not wait for the other end.
        let commands =
            OpenOptions::new().read(true).write(true).open(to).map_err(|error| error.to_string())?;
        let (sender, answers) = mpsc::channel();
        let path = from.to_owned();
        let read = move || read_all(&path, &sender);
        let reader = thread::Builder::new().name("answers of chromium".to_owned());
        reader.spawn(read).map_err(|error| error.to_string())?;
        Ok(Self { commands, answers, answers_path: from.to_owned(), events: VecDeque::new(), last_id: 0 })
    }

    /// Sends a command and waits for its result.
    pub(super) fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: &Value,
    ) -> Result<Value, String> {
        self.last_id += 1;
        let id = self.last_id;
        let mut command = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let mut text = command.to_string().into_bytes();
        text.push(0);
        self.commands.write_all(&text).map_err(|error| format!("{method}: {error}"))?;
        let end = Instant::now() + DEADLINE;
        loop {
            let message = self.receive(end).map_err(|error| format!("{method}: {error}"))?;
            if message["id"] != id {
                self.keep(message);
                continue;
            }
            if let Some(error) = message.get("error") {
                return Err(format!("{method}: {error}"));
            }
            return Ok(message["result"].clone());
        }
    }

    /// The events that came by now, each once.
    pub(super) fn take_events(&mut self) -> Vec<Value> {
        while let Ok(message) = self.answers.try_recv() {
            self.keep(message);
        }
        self.events.drain(..).collect()
    }

    /// Ends the thread that reads, even if the browser never opened its end.
    pub(super) fn release(&self) {
        // It waits in opening or reading, and both end by this.
        let _ = OpenOptions::new().read(true).write(true).open(&self.answers_path);
    }

    fn receive(&self, end: Instant) -> Result<Value, String> {
        let left = end.saturating_duration_since(Instant::now());
        self.answers.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("no answer in {DEADLINE:?}"),
            RecvTimeoutError::Disconnected => "the browser has ended".to_owned(),
        })
    }

    fn keep(&mut self, message: Value) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(message);
    }
}

fn read_all(path: &Path, sender: &Sender<Value>) {
    let Ok(file) = File::open(path) else { return };
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    while matches!(reader.read_until(0, &mut text), Ok(count) if count > 0) {
        text.pop();
        if let Ok(message) = serde_json::from_slice(&text) {
            if sender.send(message).is_err() {
                return;
            }
        }
        text.clear();
    }
}
