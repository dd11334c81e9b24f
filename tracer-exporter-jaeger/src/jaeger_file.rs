//! A JSON file that Jaeger's page loads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::encode::jaeger_json::Traces;

/// More than the page likes to load.
const BYTES_MAX_DEFAULT: usize = 64 << 20;

/// Collects traces and writes them to one JSON file, as the page's "Upload" and "JSON File" take it.
///
/// The file is replaced, whole, at each [`flush`](tracer_core::Pipeline::flush), at the pipeline's
/// shutdown, and when the exporter is dropped. Spans stay in memory for that: up to 64 MiB of JSON, or
/// what [`bytes_max`](Self::bytes_max) says; further ones are not taken, and counted as failed. For what
/// runs longer there is [`JsonLines`](crate::JsonLines).
#[derive(Debug)]
pub struct JaegerFile {
    path: PathBuf,
    traces: Traces,
    bytes_max: usize,
    is_written: bool,
    is_full: bool,
}

impl JaegerFile {
    /// An exporter to this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (path, traces) = (path.into(), Traces::default());
        Self { path, traces, bytes_max: BYTES_MAX_DEFAULT, is_written: true, is_full: false }
    }

    /// How many bytes of JSON are collected at most.
    #[must_use]
    pub const fn bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Writes beside the file, and then puts the new one in its place: whoever reads it, reads a whole
    /// one.
    fn write(&mut self) -> io::Result<()> {
        if self.is_written {
            return Ok(());
        }
        let mut json = Vec::new();
        self.traces.write(&mut json);
        let beside = beside(&self.path);
        fs::write(&beside, &json)?;
        fs::rename(&beside, &self.path)?;
        self.is_written = true;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> ExportError {
        ExportError::Failed(format!("cannot write {}: {error}", self.path.display()))
    }
}

impl Exporter for JaegerFile {
    fn name(&self) -> &'static str {
        "jaeger-file"
    }

    fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
        let (encoded, over) = self.traces.add(batch, self.bytes_max);
        self.is_written &= encoded.spans == 0;
        if over > 0 && !self.is_full {
            self.is_full = true;
            log::warn!(
                "{} is full: {} bytes; no further spans are taken",
                self.path.display(),
                self.bytes_max
            );
        }
        Ok(Exported::all_but(encoded.unreadable + over))
    }

    fn flush(&mut self, _deadline: Instant) -> Result<(), ExportError> {
        self.write().map_err(|error| self.failed(&error))
    }
}

impl Drop for JaegerFile {
    fn drop(&mut self) {
        if let Err(error) = self.write() {
            log::warn!("{}", self.failed(&error));
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
