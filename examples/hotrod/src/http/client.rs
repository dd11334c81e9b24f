//! Calls of the other services.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use http::{Extensions, StatusCode};
use reqwest::{Client, Request, Response, Url};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};
use serde::de::DeserializeOwned;
use tracer_core::active;
use tracer_http::client::TraceLayer;

use super::{authority, dialled};

/// No answer of a service is nearly as long.
const ANSWER_BYTES_MAX: usize = 1 << 20;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Long enough for a thousand requests that queue for one database connection.
const CALL_TIMEOUT: Duration = Duration::from_secs(300);

/// Shorter than servers keep idle connections, so that none is closed just when it is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceClient {
    service: &'static str,
    client: ClientWithMiddleware,
    base: Url,
}

/// How long a call waited for a worker: a tag of its span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolWait(pub(crate) Duration);

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nobody answered.
    #[error("cannot reach the {service} service at {base}: {cause}")]
    Unreachable { service: &'static str, base: String, cause: String },
    /// The answer is an error: what it says is all that is passed on.
    #[error("{message}")]
    Refused { status: StatusCode, message: String },
    /// The answer makes no sense.
    #[error("the {service} service answered what is no answer: {cause}")]
    Unreadable { service: &'static str, cause: String },
}

/// An address at which no service can be called.
#[derive(Debug, thiserror::Error)]
#[error("{authority:?} is not an address of the {service} service: {cause}")]
pub struct InvalidAddress {
    service: &'static str,
    authority: String,
    cause: String,
}

impl ServiceClient {
    /// A client for the service at an address, whose calls are spans.
    ///
    /// # Errors
    /// If the address cannot be called.
    pub(crate) fn new(
        service: &'static str,
        (host, port): (&str, u16),
        trace: TraceLayer,
    ) -> Result<Self, InvalidAddress> {
        let authority = authority(dialled(host), port);
        let invalid = |cause: String| InvalidAddress { service, authority: authority.clone(), cause };
        let base = Url::parse(&format!("http://{authority}")).map_err(|error| invalid(error.to_string()))?;
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| invalid(with_causes(&error)))?;
        // The services' paths are few and fixed.
        let trace = trace.span_name(|head| format!("HTTP {}: {}", head.method, head.uri.path()).into());
        let client = ClientBuilder::new(client).with(trace).with(TagPoolWait).build();
        Ok(Self { service, client, base })
    }

    /// Gets JSON.
    ///
    /// # Errors
    /// As [`CallError`] says.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        wait: Option<PoolWait>,
    ) -> Result<T, CallError> {
        let mut url = self.base.clone();
        url.set_path(path);
        url.query_pairs_mut().extend_pairs(parameters);
        let mut request = self.client.get(url);
        if let Some(wait) = wait {
            request = request.with_extension(wait);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = self.body(response).await?;
        if status.is_client_error() || status.is_server_error() {
            let message = String::from_utf8_lossy(&body).trim_end().to_owned();
            return Err(CallError::Refused { status, message });
        }
        serde_json::from_slice(&body).map_err(|error| self.unreadable(error.to_string()))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.unreadable(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &dyn Error) -> CallError {
        CallError::Unreachable {
            service: self.service,
            base: self.base.to_string(),
            cause: with_causes(error),
        }
    }

    const fn unreadable(&self, cause: String) -> CallError {
        CallError::Unreadable { service: self.service, cause }
    }
}

/// Runs within the call's span, and tags it.
struct TagPoolWait;

#[async_trait]
impl Middleware for TagPoolWait {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        if let Some(PoolWait(wait)) = extensions.get() {
            active::set_tag("pool.wait_us", micros(*wait));
        }
        next.run(request, extensions).await
    }
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The last cause is what the system said; those before quote each other.
fn with_causes(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
