//! The programs that tests start: ours and others'.

mod hotrod;
mod jaeger;
mod query;
mod service;
mod tee;
mod viewer;

use std::env;
use std::path::PathBuf;
use std::process::Command;

pub use self::hotrod::Hotrod;
pub use self::jaeger::{Jaeger, Sampling};
pub use self::query::QueryApi;
pub use self::service::{Language, Service};
pub use self::tee::Tee;
pub use self::viewer::Viewer;

/// The folder of the Go programs: the variable `INTEROP_TOOLS`, else `tools/bin` beside this
/// package's manifest.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/bin"));
    env::var_os("INTEROP_TOOLS").map_or_else(beside, PathBuf::from).join(name)
}

/// What `languages/build` installs: below the folder that the variable `INTEROP_LANGUAGES` names,
/// else below `languages/cache` beside this package's manifest.
#[must_use]
pub fn language(name: &str) -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/languages/cache"));
    env::var_os("INTEROP_LANGUAGES").map_or_else(beside, PathBuf::from).join(name)
}

/// A command without the variables that configure tracing from outside.
pub(crate) fn clean_command(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("OTEL_") || text.starts_with("JAEGER_") {
            command.env_remove(&name);
        }
    }
    command
}

/// A program of this workspace: beside the one that runs, as cargo lays them.
#[must_use]
pub fn ours(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap_or_default();
    own.with_file_name(name)
}
