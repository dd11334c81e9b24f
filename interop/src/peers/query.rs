//! Jaeger's query API, of the real one or of our viewer.

use std::time::Duration;

use crate::http::Client;
use crate::jaeger_json::{Dependency, Envelope, Trace};

/// A query API at an address.
#[derive(Clone, Debug)]
pub struct QueryApi {
    /// The address, as `http://127.0.0.1:16686`.
    base: String,
    client: Client,
}

impl QueryApi {
    /// The API at this base address; a slash at its end does not matter.
    #[must_use]
    pub fn at(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client: Client::new(Duration::from_secs(10)) }
    }

    /// The trace of this id.
    ///
    /// # Errors
    /// A message, if it is not there, or not readable.
    pub fn trace(&self, trace_id: &str) -> Result<Trace, String> {
        let mut traces: Vec<Trace> = self.ask(&format!("/api/traces/{trace_id}"))?;
        match (traces.pop(), traces.len()) {
            (Some(trace), 0) => Ok(trace),
            (_, others) => Err(format!("{others} more traces than one for {trace_id}")),
        }
    }

    /// The service graph of the hour before `end_us` (microseconds since 1970).
    ///
    /// # Errors
    /// A message, if it is not readable.
    pub fn dependencies(&self, end_us: u64) -> Result<Vec<Dependency>, String> {
        const HOUR_MS: u64 = 3_600_000;
        let end_ms = end_us / 1000 + 1;
        self.ask(&format!("/api/dependencies?endTs={end_ms}&lookback={HOUR_MS}"))
    }

    /// The names of all services.
    ///
    /// # Errors
    /// A message, if they are not readable.
    pub fn services(&self) -> Result<Vec<String>, String> {
        self.ask("/api/services")
    }

    fn ask<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let url = format!("{}{path}", self.base);
        let answer: Envelope<T> = self.client.get_json(&url).map_err(|error| error.to_string())?;
        match (answer.data, answer.errors.first()) {
            (_, Some(error)) => Err(format!("GET {url}: {} {}", error.code, error.msg)),
            (Some(data), None) => Ok(data),
            (None, None) => Err(format!("GET {url}: neither data nor errors")),
        }
    }
}
