//! The programs that tests start: ours and others'.

mod hotrod;
mod jaeger;
mod query;

use std::env;
use std::path::PathBuf;

pub use self::hotrod::Hotrod;
pub use self::jaeger::Jaeger;
pub use self::query::QueryApi;

/// The folder of the Go programs: the variable `INTEROP_TOOLS`, else `tools/bin` beside this
/// package's manifest.
#[must_use]
pub fn tool(name: &str) -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tools/bin"));
    env::var_os("INTEROP_TOOLS").map_or_else(beside, PathBuf::from).join(name)
}

/// A program of this workspace: beside the one that runs, as cargo lays them.
#[must_use]
pub fn ours(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap_or_default();
    own.with_file_name(name)
}
