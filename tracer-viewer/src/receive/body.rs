//! Bodies of requests, read within limits of size and time, and unpacked if they are gzip.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use crate::store::Store;

/// How large a body may be as it comes.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;
/// How large it may be when unpacked.
pub(super) const UNPACKED_BYTES_MAX: usize = 64 << 20;
/// How many bodies are read at a time; others wait.
const BODIES_MAX: usize = 8;
/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads bodies for a store, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Bodies {
    pub(super) store: Arc<Store>,
    turns: Arc<Semaphore>,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("content type {found:?} is not supported: send {expected}")]
    ContentType { found: String, expected: &'static str },
    #[error("content encoding {0:?} is not supported: send gzip or none")]
    ContentEncoding(String),
    #[error("body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("body is larger than {UNPACKED_BYTES_MAX} bytes when unpacked")]
    UnpackedTooLarge,
    #[error("body did not come within {} seconds", BODY_TIMEOUT.as_secs())]
    TimedOut,
    #[error("body could not be read: {0}")]
    Broken(String),
    #[error("body is not gzip: {0}")]
    NotGzip(std::io::Error),
    #[error("body is not {what}: {cause}")]
    Malformed { what: &'static str, cause: String },
    #[error("request failed: {0}")]
    Internal(String),
}

impl Bodies {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self { store, turns: Arc::new(Semaphore::new(BODIES_MAX)) }
    }

    /// Reads a body of at most `bytes_max` bytes, unpacks it if the headers say so, and works on it
    /// beside the sockets.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        headers: &HeaderMap,
        body: Body,
        bytes_max: usize,
        work: impl FnOnce(&Store, &[u8]) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let is_gzip = is_gzip(headers)?;
        let unpacked = move |store: &Store, body: &[u8]| match is_gzip {
            true => work(store, &unpack(body)?),
            false => work(store, body),
        };
        self.work_as_it_is(body, bytes_max, unpacked).await
    }

    /// The same with a body that is not unpacked.
    pub(super) async fn work_as_it_is<T: Send + 'static>(
        &self,
        body: Body,
        bytes_max: usize,
        work: impl FnOnce(&Store, &[u8]) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _turn = self.turns.acquire().await.map_err(|error| Refusal::Internal(error.to_string()))?;
        let body = read(body, bytes_max).await?;
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || work(&store, &body)).await {
            Ok(result) => result,
            Err(error) => Err(Refusal::Internal(error.to_string())),
        }
    }
}

impl Refusal {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType { .. } | Self::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) | Self::UnpackedTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) | Self::NotGzip(_) | Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn malformed(what: &'static str, cause: &impl ToString) -> Self {
        Self::Malformed { what, cause: cause.to_string() }
    }
}

/// The media type, without parameters, in small letters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    shown(essence).to_ascii_lowercase()
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"identity") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"gzip") => Ok(true),
        Some(value) => Err(Refusal::ContentEncoding(shown(value))),
    }
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(BODY_TIMEOUT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge(bytes_max)),
        Ok(Err(error)) => Err(Refusal::Broken(error.to_string())),
        Err(_) => Err(Refusal::TimedOut),
    }
}

/// The content of gzip, within the limit.
pub(super) fn unpack(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let limit = UNPACKED_BYTES_MAX as u64 + 1;
    MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked).map_err(Refusal::NotGzip)?;
    if unpacked.len() > UNPACKED_BYTES_MAX {
        return Err(Refusal::UnpackedTooLarge);
    }
    Ok(unpacked)
}

fn shown(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(64).collect()
}
