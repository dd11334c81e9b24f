//! A headless Chromium, driven by the DevTools protocol over two pipes: no port and no library.
//!
//! ```text
//! Browser::start ── page ──> Page: goto, evaluate, wait_for, click, press, screenshot
//!       │                      └─ browser/page.rs       what a person does with a page
//!       └─ browser/wire.rs     commands, answers, events
//! ```

mod keys;
mod page;
mod wire;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;

pub use self::page::Page;

use self::wire::Wire;
use crate::poll;
use crate::process::Child;

/// Nothing of it leaves the machine, and nothing of it stays.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// The protocol is spoken on the descriptors 3 and 4.
const SCRIPT: &str = r#"exec 3<"$1" 4>"$2"; shift 2; exec "$@""#;

/// How long its profile may be written to after its end.
const GONE_WITHIN: Duration = Duration::from_secs(5);

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// A running Chromium with a fresh profile. Dropping it ends it.
#[derive(Debug)]
pub struct Browser {
    wire: Wire,
    process: Child,
    folder: PathBuf,
}

impl Browser {
    /// The program: what the variable `INTEROP_CHROMIUM` names, else the first known name in `PATH`.
    #[must_use]
    pub fn program() -> Option<PathBuf> {
        if let Some(program) = env::var_os("INTEROP_CHROMIUM") {
            return Some(program.into());
        }
        let path = env::var_os("PATH")?;
        let folders: Vec<PathBuf> = env::split_paths(&path).collect();
        let candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        candidates.into_iter().find(|path| path.is_file())
    }

    /// Starts it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path) -> Result<Self, String> {
        let folder = fresh_folder()?;
        let [to, from] = ["commands", "answers"].map(|name| folder.join(name));
        let made =
            Command::new("mkfifo").args([&to, &from]).status().map_err(|error| format!("mkfifo: {error}"))?;
        if !made.success() {
            return Err(format!("mkfifo: {made}"));
        }
        let mut command = Command::new("sh");
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        command.args(["-c", SCRIPT, "chromium"].map(OsStr::new));
        command.args([&to, &from]).arg(program).args(FLAGS).arg(profile);
        let process = Child::start("chromium", command).map_err(|error| error.to_string())?;
        let wire = Wire::open(&to, &from)?;
        Ok(Self { wire, process, folder })
    }

    /// Opens an empty page.
    ///
    /// # Errors
    /// If the browser does not answer; with what it printed.
    pub fn page(&mut self) -> Result<Page<'_>, String> {
        let output = self.process.output();
        Page::open(&mut self.wire).map_err(|error| format!("{error}; chromium printed:\n{output}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It writes its profile until the end, so it is asked to end before that is removed.
        let _ = self.wire.call(None, "Browser.close", &json!({}));
        self.process.stop();
        self.wire.release();
        // Its helpers end a little after it.
        let _ = poll::until(GONE_WITHIN, || std::fs::remove_dir_all(&self.folder));
    }
}

fn fresh_folder() -> Result<PathBuf, String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("interop-browser-{}-{number}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}
