//! The loop round a request: sent until it is taken, or until that is hopeless or too late.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracer_core::ExportError;

use super::retry::{RETRIES_MAX, back_off};

/// An attempt that did not deliver.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ExportError,
    /// Whether the same request may succeed later.
    pub(crate) is_retryable: bool,
    /// The pause that the receiver asks for.
    pub(crate) retry_after: Option<Duration>,
}

/// What is remembered of a receiver from one export to the next. Clones share it: what one was told, all obey.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    /// Whether the last export failed.
    is_failing: bool,
    /// What the receiver asked for, and why.
    quiet: Option<Quiet>,
}

#[derive(Debug)]
struct Quiet {
    until: Instant,
    reason: ExportError,
}

impl Sender {
    /// Whether the last export failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.0.lock().is_failing
    }

    /// Makes attempts until one succeeds; each is given the deadline.
    pub(crate) fn send<T>(
        &self,
        deadline: Instant,
        attempt: impl FnMut(Instant) -> Result<T, Box<Failure>>,
    ) -> Result<T, ExportError> {
        let sent = self.attempts(deadline, attempt);
        self.0.lock().is_failing = sent.is_err();
        sent
    }

    fn attempts<T>(
        &self,
        deadline: Instant,
        mut attempt: impl FnMut(Instant) -> Result<T, Box<Failure>>,
    ) -> Result<T, ExportError> {
        self.keep_quiet(deadline)?;
        let retries_max = if self.is_failing() { 0 } else { RETRIES_MAX };
        let mut retry = 0;
        loop {
            let failure = match attempt(deadline) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = failure.retry_after.unwrap_or_else(|| back_off(retry));
            let in_time = Instant::now() + pause < deadline;
            if !failure.is_retryable || retry == retries_max || !in_time {
                return Err(self.give_up(*failure));
            }
            log::debug!("{}; sent again in {pause:?}", failure.error);
            std::thread::sleep(pause);
            retry += 1;
        }
    }

    /// Waits as long as the receiver asked for, if the deadline allows that.
    fn keep_quiet(&self, deadline: Instant) -> Result<(), ExportError> {
        let until = match &self.0.lock().quiet {
            None => return Ok(()),
            Some(quiet) if quiet.until >= deadline => return Err(quiet.reason.clone()),
            Some(quiet) => quiet.until,
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        let quiet = &mut self.0.lock().quiet;
        // Another one may have been told more meanwhile.
        *quiet = quiet.take().filter(|quiet| quiet.until > Instant::now());
        Ok(())
    }

    fn give_up(&self, failure: Failure) -> ExportError {
        if let (true, Some(pause)) = (failure.is_retryable, failure.retry_after) {
            let quiet = Quiet { until: Instant::now() + pause, reason: failure.error.clone() };
            self.0.lock().quiet = Some(quiet);
        }
        failure.error
    }
}
