//! The whole way: from the application's thread to a collector, or to encoded bytes.
//!
//! Each library runs in a process of its own (`producer`, `cpu`), so that processor time and peak memory
//! are its alone; the collector runs in another.

pub mod collector;
pub mod cpu;
pub mod encode;
mod process;
pub mod producer;

use std::io;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Starts this very program with other arguments.
fn start_self(arguments: &[&str]) -> io::Result<(Child, ChildStdout)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    Ok((child, stdout))
}
