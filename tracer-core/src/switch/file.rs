//! Rules in a file, read again when it changes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Weak;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use super::rules::TEXT_BYTES_MAX;
use super::{Shared, Switch};

/// How often files are looked at, at most, however often a pipeline's worker runs.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(100);

static WATCHED: Mutex<Watched> = Mutex::new(Watched { switches: Vec::new(), last_poll: None });

struct Watched {
    switches: Vec<Weak<Shared>>,
    last_poll: Option<Instant>,
}

/// A file, and what was last seen of it.
#[derive(Debug)]
pub(super) struct WatchedFile {
    path: PathBuf,
    seen: Seen,
}

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Missing,
    Version(Option<SystemTime>, u64),
    Unreadable(io::ErrorKind),
}

impl WatchedFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, seen: Seen::Nothing }
    }

    /// The file's text if it changed: empty if there is no file any more. One that cannot be read is said
    /// once, and what it held before stays.
    pub(super) fn changed_text(&mut self) -> Option<String> {
        let (seen, text) = match self.version() {
            Ok(version) if version == self.seen => return None,
            Ok(version) => match self.read() {
                Ok(text) => (version, Some(text)),
                Err(error) => self.unreadable(&error),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Seen::Missing, Some(String::new())),
            Err(error) => self.unreadable(&error),
        };
        let text = text.filter(|_| seen != self.seen);
        self.seen = seen;
        text
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    fn version(&self) -> io::Result<Seen> {
        let metadata = fs::metadata(&self.path)?;
        // Reading a pipe or a device could wait for ever.
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Seen::Version(metadata.modified().ok(), metadata.len()))
    }

    fn read(&self) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(&self.path)?.take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > TEXT_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("more than {TEXT_BYTES_MAX} bytes"),
            ));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn unreadable(&self, error: &io::Error) -> (Seen, Option<String>) {
        let seen = Seen::Unreadable(error.kind());
        if seen != self.seen {
            log::warn!("switch: {} cannot be read: {error}", self.path.display());
        }
        (seen, None)
    }
}

/// Has the pipelines' workers look after a switch's file.
pub(super) fn watch(shared: Weak<Shared>) {
    let mut watched = WATCHED.lock();
    watched.switches.retain(|other| other.strong_count() > 0 && !other.ptr_eq(&shared));
    watched.switches.push(shared);
}

/// Looks at all files, unless somebody does or did a moment ago. Called by pipelines' workers.
pub(crate) fn poll_files() {
    // In a forked child the lock may be held for ever, so nobody waits for it.
    let Some(mut watched) = WATCHED.try_lock() else { return };
    if watched.switches.is_empty() || watched.last_poll.is_some_and(|last| last.elapsed() < POLL_INTERVAL_MIN)
    {
        return;
    }
    watched.last_poll = Some(Instant::now());
    let switches: Vec<_> = watched.switches.iter().filter_map(Weak::upgrade).collect();
    watched.switches.retain(|switch| switch.strong_count() > 0);
    drop(watched);
    for shared in switches {
        Switch(shared).poll_file();
    }
}
