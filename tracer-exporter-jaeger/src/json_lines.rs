//! OTLP JSON to a file, standard output, or any writer.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::encode::otlp_json;

/// Writes spans as lines of OTLP's JSON, a line a batch, as OpenTelemetry's "File Exporter"
/// specification has it. Jaeger's page loads such a file, and so does the collector's `otlpjsonfile`
/// receiver.
///
/// A line is written whole and at once, so another program can follow the file.
///
/// ```
/// use tracer_core::{Pipeline, Tracer};
/// use tracer_exporter_jaeger::JsonLines;
///
/// let pipeline = Pipeline::builder().exporter(JsonLines::stdout()).start();
/// let tracer = Tracer::builder("shop").pipeline(&pipeline).build();
/// ```
pub struct JsonLines {
    out: Box<dyn Write + Send>,
    line: Vec<u8>,
    /// Whether a line was begun that could not be written to its end.
    is_broken: bool,
}

impl JsonLines {
    /// Appends to a file, which is made if it is not there.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self::to(file))
    }

    /// Writes to standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }

    /// Writes to anything. It should not buffer: what it keeps after an error would be written twice.
    #[must_use]
    pub fn to(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), line: Vec::new(), is_broken: false }
    }

    fn write(&mut self) -> io::Result<()> {
        if self.is_broken {
            // What is half there must not spoil the next line.
            self.out.write_all(b"\n")?;
        }
        self.is_broken = true;
        self.out.write_all(&self.line)?;
        self.out.flush()?;
        self.is_broken = false;
        Ok(())
    }
}

impl Exporter for JsonLines {
    fn name(&self) -> &'static str {
        "json-lines"
    }

    fn export(&mut self, batch: &Batch<'_>, _deadline: Instant) -> Result<Exported, ExportError> {
        let encoded = otlp_json::encode(batch, &mut self.line);
        self.line.push(b'\n');
        self.write().map_err(|error| ExportError::Failed(format!("cannot write: {error}")))?;
        Ok(Exported::all_but(encoded.unreadable))
    }

    fn report_losses(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<(), ExportError> {
        self.export(batch, deadline).map(drop)
    }
}

impl std::fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonLines").field("is_broken", &self.is_broken).finish_non_exhaustive()
    }
}
