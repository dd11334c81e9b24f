//! One request over HTTP/1.1, on blocking sockets that are kept open from one to the next.

use std::io::Read;
use std::time::{Duration, Instant};

use tracer_core::{Clock, ExportError};
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderValue, Response};
use ureq::{Agent, Body};

use super::answer::{MediaType, failure_message};
use super::retry;
use super::sender::Failure;
use crate::config::endpoint::Endpoint;

/// How much of an answer is read.
const RESPONSE_BYTES_MAX: u64 = 64 * 1024;

/// Below this, a socket is not worth waiting for.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A receiver and the connection to it.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    endpoint: Endpoint,
    headers: HeaderMap,
    clock: Clock,
}

/// What a client is made of.
#[derive(Debug)]
pub(crate) struct HttpSettings {
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: &'static str,
    pub(crate) content_encoding: Option<&'static str>,
    #[cfg(feature = "tls")]
    pub(crate) tls: ureq::tls::TlsConfig,
}

/// The answer of a receiver that took a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) body: Vec<u8>,
    pub(crate) media_type: MediaType,
    /// Why the body is not whole.
    pub(crate) broken: Option<String>,
}

impl Taken {
    fn read(mut response: Response<Body>, bytes_max: u64) -> Self {
        let media_type = media_type(response.headers());
        let (body, broken) = read_body(&mut response, bytes_max);
        Self { body, media_type, broken }
    }
}

impl Http {
    /// A client for that end point; `headers` go with every request.
    pub(crate) fn new(settings: HttpSettings) -> Self {
        let HttpSettings { endpoint, mut headers, content_type, content_encoding, .. } = settings;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(encoding) = content_encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(16 * 1024)
            .user_agent(concat!("tracer-exporter-jaeger/", env!("CARGO_PKG_VERSION")))
            .accept(content_type);
        #[cfg(feature = "tls")]
        let config = config.tls_config(settings.tls);
        Self { agent: config.build().into(), endpoint, headers, clock: Clock::system() }
    }

    /// A client of the same settings with connections of its own.
    pub(crate) fn apart(&self) -> Self {
        Self {
            agent: self.agent.config().clone().into(),
            endpoint: self.endpoint.clone(),
            headers: self.headers.clone(),
            clock: self.clock.clone(),
        }
    }

    /// The end point without credentials.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.shown()
    }

    /// Posts a body, and waits for the answer until the deadline.
    pub(crate) fn post(&self, body: &[u8], deadline: Instant) -> Result<Taken, Box<Failure>> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining < SHORTEST_WAIT {
            return Err(self.timed_out());
        }
        let request = self.agent.post(self.endpoint.uri().clone());
        let mut request = request.config().timeout_global(Some(remaining)).build();
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
        }
        self.taken(request.send(body), RESPONSE_BYTES_MAX)
    }

    /// Gets what the end point has for a query, at most so many bytes, and waits for it until the deadline.
    pub(crate) fn get(&self, query: &str, bytes_max: u64, deadline: Instant) -> Result<Taken, Box<Failure>> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining < SHORTEST_WAIT {
            return Err(self.timed_out());
        }
        let uri = self.endpoint.uri();
        let and = if uri.query().is_some() { '&' } else { '?' };
        let request = self.agent.get(format!("{uri}{and}{query}"));
        let mut request = request.config().timeout_global(Some(remaining)).build();
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
            // There is no body that it could be of.
            headers.remove(CONTENT_TYPE);
        }
        self.taken(request.call(), bytes_max)
    }

    fn taken(
        &self,
        response: Result<Response<Body>, ureq::Error>,
        bytes_max: u64,
    ) -> Result<Taken, Box<Failure>> {
        let response = response.map_err(|error| self.unanswered(&error))?;
        if response.status().is_success() {
            Ok(Taken::read(response, bytes_max))
        } else {
            Err(self.refused(response))
        }
    }

    fn timed_out(&self) -> Box<Failure> {
        let error = ExportError::TimedOut { endpoint: self.endpoint().to_owned() };
        Box::new(Failure { error, is_retryable: false, retry_after: None })
    }

    /// There was no answer at all: the specification wants the request to be sent again, whether
    /// there was no connection or it broke.
    fn unanswered(&self, error: &ureq::Error) -> Box<Failure> {
        let cause = match error {
            ureq::Error::Timeout(_) => return self.timed_out(),
            ureq::Error::Io(error) => error.to_string(),
            other => other.to_string(),
        };
        let is_retryable =
            matches!(error, ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::HostNotFound);
        let error = ExportError::Unreachable { endpoint: self.endpoint().to_owned(), cause };
        Box::new(Failure { error, is_retryable, retry_after: None })
    }

    fn refused(&self, mut response: Response<Body>) -> Box<Failure> {
        let status = response.status().as_u16();
        let media_type = media_type(response.headers());
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| retry::retry_after(value, &self.clock));
        // What was read before it broke is still worth telling.
        let (body, _) = read_body(&mut response, RESPONSE_BYTES_MAX);
        let error = ExportError::Refused {
            endpoint: self.endpoint().to_owned(),
            status,
            message: failure_message(&body, media_type),
        };
        Box::new(Failure { error, is_retryable: retry::is_retryable(status), retry_after })
    }
}

fn media_type(headers: &HeaderMap) -> MediaType {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.map_or(MediaType::Other, MediaType::of)
}

/// A body, or its start and why there is no more. Read to its end, it leaves the connection to the
/// next request.
fn read_body(response: &mut Response<Body>, bytes_max: u64) -> (Vec<u8>, Option<String>) {
    let mut body = Vec::new();
    let mut reader = response.body_mut().as_reader().take(bytes_max + 1);
    match reader.read_to_end(&mut body) {
        Ok(_) if body.len() as u64 > bytes_max => {
            (body, Some(format!("it is larger than {bytes_max} bytes")))
        }
        Ok(_) => (body, None),
        Err(error) => (body, Some(error.to_string())),
    }
}
