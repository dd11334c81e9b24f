//! What is said of settings: where a value comes from, and what was not used.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program, by this key.
    Builder(&'static str),
    /// This variable.
    Variable(&'static str),
    /// A line of the file.
    File {
        /// The file.
        path: Arc<PathBuf>,
        /// From 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// Nobody said anything.
    Default,
}

/// A value that holds, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effective {
    /// The setting, by its key.
    pub key: &'static str,
    /// The value; secrets left out.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Something that was set and is not used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// Who set it.
    pub name: String,
    /// The value; secrets left out.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
    /// What is used instead.
    pub instead: String,
    /// Whether it cannot be meant so, or only has no use here.
    pub is_malformed: bool,
    pub(crate) is_builders: bool,
    /// The setting that it is of; none for what is no setting.
    pub(crate) key: &'static str,
}

/// What the layers came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// Every setting that was looked at: its value, and where that comes from.
    pub values: Vec<Effective>,
    /// What was set and is not used as it is.
    pub notes: Vec<Note>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builder(_) => f.write_str("builder"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Origin {
    /// Who is to be told, if the value is of no use.
    pub(crate) fn named(&self) -> String {
        match self {
            Self::Builder(key) => format!("builder's {key}"),
            Self::File { key, .. } => format!("{self}: {key}"),
            Self::Variable(_) | Self::Default => self.to_string(),
        }
    }
}

/// `OTEL_BSP_SCHEDULE_DELAY="soon" is ignored: no number of milliseconds; 1000 is used`
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?} is ignored: {}", self.name, self.value, self.reason)?;
        if self.instead.is_empty() { Ok(()) } else { write!(f, "; {} is used", self.instead) }
    }
}
