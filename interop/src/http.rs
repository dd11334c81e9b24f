//! A small HTTP client: GET and POST with headers, any status, a limit on time and on size.

use std::time::Duration;

use thiserror::Error;

/// More than any answer that tests read, by far.
const MAX_BODY_BYTES: u64 = 32 * 1024 * 1024;

/// A client with one time limit for all its requests.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header `traceresponse`, if there was one.
    pub traceresponse: Option<String>,
    /// The body as text.
    pub body: String,
}

/// A request that was not answered, or answered with what cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection, no answer in time, or a broken one.
    #[error("{method} {url}: {cause}")]
    Request {
        /// How it was asked for.
        method: &'static str,
        /// What was asked for.
        url: String,
        /// Why it failed.
        cause: Box<ureq::Error>,
    },
    /// The body is not the JSON that was expected.
    #[error("GET {url}: status {status}, {cause}: {body}")]
    Json {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What does not fit.
        cause: serde_json::Error,
        /// How the body begins.
        body: String,
    },
}

impl Client {
    /// A client whose requests take at most `timeout`, connecting and reading included.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Self { agent: config.into() }
    }

    /// Sends a GET with these headers.
    ///
    /// # Errors
    /// [`HttpError::Request`], if there was no whole answer. Any status is an answer.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response, HttpError> {
        let mut request = self.agent.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.call()).map_err(|cause| HttpError::Request {
            method: "GET",
            url: url.to_owned(),
            cause: Box::new(cause),
        })
    }

    /// Sends a POST with these headers and a body of JSON.
    ///
    /// # Errors
    /// [`HttpError::Request`], if there was no whole answer. Any status is an answer.
    pub fn post_json(&self, url: &str, headers: &[(&str, &str)], body: &str) -> Result<Response, HttpError> {
        let mut request = self.agent.post(url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body)).map_err(|cause| HttpError::Request {
            method: "POST",
            url: url.to_owned(),
            cause: Box::new(cause),
        })
    }

    /// Posts a body of that media type.
    ///
    /// # Errors
    /// [`HttpError::Request`], if there was no whole answer. Any status is an answer.
    pub fn post(&self, url: &str, content_type: &str, body: &[u8]) -> Result<Response, HttpError> {
        read(self.agent.post(url).header("content-type", content_type).send(body)).map_err(|cause| {
            HttpError::Request { method: "POST", url: url.to_owned(), cause: Box::new(cause) }
        })
    }

    /// Sends a GET and reads the body as JSON, whatever the status.
    ///
    /// # Errors
    /// As [`Self::get`], and [`HttpError::Json`] if the body does not fit `T`.
    pub fn get_json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, HttpError> {
        let response = self.get(url, &[])?;
        serde_json::from_str(&response.body).map_err(|cause| HttpError::Json {
            url: url.to_owned(),
            status: response.status,
            cause,
            body: response.body.chars().take(200).collect(),
        })
    }
}

fn read(answered: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Response, ureq::Error> {
    let mut response = answered?;
    let header = response.headers().get("traceresponse");
    let traceresponse = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(MAX_BODY_BYTES).read_to_string()?;
    Ok(Response { status: response.status().as_u16(), traceresponse, body })
}
