//! The exporter: a batch is encoded, sent, sent again if that may help, and accounted for.

use std::time::{Duration, Instant};

use tracer_core::{Batch, ExportError, Exported, Exporter};

use crate::config::{ConfigError, OtlpHttpBuilder, process_env};
use crate::encode::otlp;
use crate::transport::answer::Answer;
use crate::transport::http::{Failure, Http};
use crate::transport::retry::{RETRIES_MAX, back_off};

/// Sends spans by OTLP over HTTP, in protobuf, to Jaeger, the OpenTelemetry Collector and all
/// others that take it.
///
/// It uses blocking sockets on the pipeline's thread and needs no async runtime. One connection is
/// kept open; proxies of the environment are not used, and redirects are not followed.
///
/// **Retries.** A request that was not answered, or answered with 429, 502, 503 or 504, is sent
/// again at most twice, within the export's deadline, after short pauses or the answer's
/// `Retry-After`. A pause that would pass the deadline is not begun. After a failed export each
/// further one has a single attempt until one succeeds, so a receiver that is away costs a flush no
/// more than its time to refuse.
///
/// **Accounts.** Any answer of 2xx means that the spans were taken, but for those that it rejects
/// by number (`partial_success`). A request that broke while it was answered is sent again, so a
/// receiver may then see spans twice; they have the same ids.
pub struct OtlpHttp {
    http: Http,
    timeout: Duration,
    /// The request's body, kept for its memory.
    body: Vec<u8>,
    /// Whether the last export failed.
    is_failing: bool,
    /// What the receiver asked for with `Retry-After`, and why.
    quiet: Option<Quiet>,
    complaints: Complaints,
}

#[derive(Debug)]
struct Quiet {
    until: Instant,
    reason: ExportError,
}

/// What was logged already, so that it is not said again with every batch.
#[derive(Debug, Default)]
struct Complaints {
    rejected: bool,
    unreadable: bool,
}

impl OtlpHttp {
    pub(crate) fn new(http: Http, timeout: Duration) -> Self {
        let complaints = Complaints::default();
        Self { http, timeout, body: Vec::new(), is_failing: false, quiet: None, complaints }
    }

    /// Settings, beginning with the defaults and not with the environment's.
    pub fn builder() -> OtlpHttpBuilder {
        OtlpHttpBuilder::new()
    }

    /// An exporter as the environment says, by OpenTelemetry's names:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the URL that is posted to, as it is |
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | a base, to which `/v1/traces` is appended; `http://localhost:4318` |
    /// | `OTEL_EXPORTER_OTLP_TRACES_HEADERS`, `OTEL_EXPORTER_OTLP_HEADERS` | `name=value,…`, values percent-encoded |
    /// | `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT`, `OTEL_EXPORTER_OTLP_TIMEOUT` | milliseconds for an export; 10,000 |
    /// | `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL` | nothing else than `http/protobuf` |
    ///
    /// # Errors
    /// If a variable is malformed; the error names it and its value.
    pub fn from_env() -> Result<Self, ConfigError> {
        OtlpHttpBuilder::from_lookup(&process_env)?.build()
    }

    /// The URL that is posted to, without credentials and query.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.http.endpoint()
    }

    /// How long one export may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends the body until it is taken, or until that is hopeless or too late.
    fn send(&mut self, deadline: Instant) -> Result<Result<Answer, String>, ExportError> {
        self.keep_quiet(deadline)?;
        let retries_max = if self.is_failing { 0 } else { RETRIES_MAX };
        let mut retry = 0;
        loop {
            let failure = match self.http.post(&self.body, deadline) {
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
    fn keep_quiet(&mut self, deadline: Instant) -> Result<(), ExportError> {
        let Some(quiet) = &self.quiet else {
            return Ok(());
        };
        if quiet.until >= deadline {
            return Err(quiet.reason.clone());
        }
        std::thread::sleep(quiet.until.saturating_duration_since(Instant::now()));
        self.quiet = None;
        Ok(())
    }

    fn give_up(&mut self, failure: Failure) -> ExportError {
        if let (true, Some(pause)) = (failure.is_retryable, failure.retry_after) {
            self.quiet = Some(Quiet { until: Instant::now() + pause, reason: failure.error.clone() });
        }
        failure.error
    }

    /// How many spans an answer rejects; logs what it says, once.
    fn rejected(&mut self, answer: &Answer, spans: usize) -> usize {
        let rejected = usize::try_from(answer.rejected).unwrap_or(usize::MAX).min(spans);
        let is_clean = rejected == 0 && answer.message.is_empty();
        if !is_clean && !self.complaints.rejected {
            let endpoint = self.http.endpoint();
            log::warn!("{endpoint} rejected {rejected} of {spans} spans: {}", answer.message);
        }
        self.complaints.rejected = !is_clean;
        rejected
    }

    fn note_unreadable(&mut self, cause: &str) {
        if !self.complaints.unreadable {
            self.complaints.unreadable = true;
            log::warn!("{} took spans, but its answer cannot be read: {cause}", self.http.endpoint());
        }
    }
}

impl Exporter for OtlpHttp {
    fn name(&self) -> &'static str {
        "otlp-http"
    }

    fn export(&mut self, batch: &Batch<'_>, deadline: Instant) -> Result<Exported, ExportError> {
        if batch.rows.is_empty() {
            return Ok(Exported::ALL);
        }
        let own_deadline = Instant::now().checked_add(self.timeout);
        let deadline = own_deadline.map_or(deadline, |own| own.min(deadline));
        otlp::encode(batch, &mut self.body);
        let sent = self.send(deadline);
        self.is_failing = sent.is_err();
        match sent? {
            Ok(answer) => Ok(Exported::all_but(self.rejected(&answer, batch.rows.len()))),
            Err(cause) => {
                self.note_unreadable(&cause);
                Ok(Exported::ALL)
            }
        }
    }
}

/// Without the headers' values and the end point's credentials.
impl std::fmt::Debug for OtlpHttp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtlpHttp")
            .field("endpoint", &self.endpoint())
            .field("timeout", &self.timeout)
            .field("is_failing", &self.is_failing)
            .finish_non_exhaustive()
    }
}
