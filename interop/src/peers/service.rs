//! The services of a chain: ours, and those of other languages. Each does as it is asked: it makes a
//! list of calls and answers what it knows of the trace.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use super::{clean_command, language, ours};
use crate::process::{Child, ProcessError};

/// Python takes a while to load its SDK on a busy machine.
const READY_DEADLINE: Duration = Duration::from_secs(60);

/// Who traces a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `examples/w3c_service`.
    Ours,
    /// The OpenTelemetry SDK for Python.
    Python,
    /// The OpenTelemetry SDK for JavaScript.
    JavaScript,
    /// The OpenTelemetry SDK for Go.
    Go,
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    language: Language,
    url: String,
    process: Child,
}

impl Service {
    /// Starts a service that reads and writes these formats, by their names in `OTEL_PROPAGATORS`.
    ///
    /// # Errors
    /// If it cannot be started (then `interop/languages/build` was not run), ends early, or does not
    /// print its address in time.
    pub fn start(language: Language, propagators: &str) -> Result<Self, ProcessError> {
        let mut process = Child::start(&language.to_string(), language.command(propagators))?;
        let url = process.wait_for_line("listening on ", READY_DEADLINE, |line| {
            line.strip_prefix("listening on ").map(|url| url.trim().to_owned())
        })?;
        Ok(Self { language, url, process })
    }

    /// Who traces it.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Where it is called.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The end of what it printed.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }
}

impl Language {
    fn command(self, propagators: &str) -> Command {
        match self {
            Self::Ours => {
                let mut command = clean_command(ours("examples/w3c_service"));
                command.args(["--port", "0", "--name", "ours", "--propagators", propagators]);
                command
            }
            Self::Python => {
                let mut command = clean_command(language("python/bin/python"));
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/languages/python/service.py");
                command.args([script, propagators]);
                command
            }
            Self::JavaScript => {
                let mut command = clean_command("node".into());
                command.arg(language("javascript/service.js")).arg(propagators);
                command
            }
            Self::Go => {
                let mut command = clean_command(language("go-service"));
                command.arg(propagators);
                command
            }
        }
    }
}

impl fmt::Display for Language {
    /// The name that the service itself answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Go => "go",
        })
    }
}
