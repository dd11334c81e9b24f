//! Tracing that runs.

use std::time::Duration;

use tracer_core::{FlushError, ShutdownGuard, Stats, Tracer};
use tracer_exporter_jaeger::RemoteSampler;
use tracer_propagation::Composite;

use crate::note::Findings;

/// A thread that waits for an answer ends by itself, later.
const REMOTE_TIMEOUT: Duration = Duration::from_millis(100);

/// Tracing, set up: the tracer, the headers' formats, and the pipeline, which ends when this is dropped. Keep
/// it until the end of `main`, or the last spans may not be sent.
#[derive(Debug)]
#[must_use = "dropped at once, it ends tracing at once"]
pub struct Tracing {
    tracer: Tracer,
    propagator: Composite,
    _running: Running,
    findings: Findings,
}

/// What ends with it.
#[derive(Debug, Default)]
pub(crate) struct Running {
    pub(crate) remote: Option<RemoteSampler>,
    /// Its drop waits for the last spans.
    pub(crate) _guard: Option<ShutdownGuard>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(remote) = &self.remote {
            remote.shutdown(REMOTE_TIMEOUT);
        }
    }
}

impl Tracing {
    pub(crate) const fn new(
        tracer: Tracer,
        propagator: Composite,
        running: Running,
        findings: Findings,
    ) -> Self {
        Self { tracer, propagator, _running: running, findings }
    }

    /// The tracer; one that records nothing, if tracing is off.
    #[must_use]
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The headers' formats, to extract and inject contexts with.
    #[must_use]
    pub const fn propagator(&self) -> &Composite {
        &self.propagator
    }

    /// What the settings came to, and which are not used as they are; the latter were logged, too.
    #[must_use]
    pub const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// What became of all spans.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.tracer.stats()
    }

    /// Ends tracing, and says whether all spans were sent.
    ///
    /// # Errors
    /// As [`Pipeline::shutdown`](tracer_core::Pipeline::shutdown).
    pub fn shutdown(self, timeout: Duration) -> Result<(), FlushError> {
        self.tracer.shutdown(timeout)
    }
}
