//! OTLP over HTTP: `POST /v1/traces` with protobuf, plain or gzip.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Semaphore;

use super::otlp;
use crate::store::Store;

/// How large a body may be as it comes.
const BODY_BYTES_MAX: usize = 16 << 20;
/// How large it may be when unpacked.
const UNPACKED_BYTES_MAX: usize = 64 << 20;
/// How many bodies are read at a time; others wait.
const BODIES_MAX: usize = 8;
/// How long a body may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

const PROTOBUF: &str = "application/x-protobuf";

/// Codes of `google.rpc.Code`.
const INVALID_ARGUMENT: u8 = 3;
const RESOURCE_EXHAUSTED: u8 = 8;
const INTERNAL: u8 = 13;

#[derive(Clone, Debug)]
struct Receiver {
    store: Arc<Store>,
    bodies: Arc<Semaphore>,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("content type {0:?} is not supported: send application/x-protobuf")]
    ContentType(String),
    #[error("content encoding {0:?} is not supported: send gzip or none")]
    ContentEncoding(String),
    #[error("body is larger than {BODY_BYTES_MAX} bytes")]
    BodyTooLarge,
    #[error("body is larger than {UNPACKED_BYTES_MAX} bytes when unpacked")]
    UnpackedTooLarge,
    #[error("body did not come within {} seconds", BODY_TIMEOUT.as_secs())]
    TimedOut,
    #[error("body could not be read: {0}")]
    Broken(String),
    #[error("body is not gzip: {0}")]
    NotGzip(std::io::Error),
    #[error("body is not an OTLP trace request: {0}")]
    Malformed(tracer_core::row::wire::WireError),
    #[error("request failed: {0}")]
    Internal(String),
}

/// `/v1/traces`.
pub(crate) fn router(store: Arc<Store>) -> Router {
    let receiver = Receiver { store, bodies: Arc::new(Semaphore::new(BODIES_MAX)) };
    Router::new().route("/v1/traces", post(export)).with_state(receiver)
}

async fn export(State(receiver): State<Receiver>, request: Request) -> Response {
    match receiver.receive(request).await {
        Ok(response) => protobuf(StatusCode::OK, response),
        Err(refusal) => {
            receiver.store.count_malformed_request();
            protobuf(refusal.status(), otlp::status(refusal.code(), &refusal.to_string()))
        }
    }
}

impl Receiver {
    async fn receive(&self, request: Request) -> Result<Vec<u8>, Refusal> {
        let (parts, body) = request.into_parts();
        check_content_type(&parts.headers)?;
        let is_gzip = is_gzip(&parts.headers)?;
        let _turn = self.bodies.acquire().await.map_err(|error| Refusal::Internal(error.to_string()))?;
        let body = read(body).await?;
        let store = Arc::clone(&self.store);
        let work = move || {
            let body = if is_gzip { Bytes::from(unpack(&body)?) } else { body };
            let inserted = otlp::receive(&store, &body).map_err(Refusal::Malformed)?;
            Ok(otlp::response(inserted))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(Refusal::Internal(error.to_string())),
        }
    }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType(_) | Self::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge | Self::UnpackedTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) | Self::NotGzip(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn code(&self) -> u8 {
        match self {
            Self::BodyTooLarge | Self::UnpackedTooLarge => RESOURCE_EXHAUSTED,
            Self::Internal(_) => INTERNAL,
            _ => INVALID_ARGUMENT,
        }
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if essence.eq_ignore_ascii_case(PROTOBUF.as_bytes()) {
        return Ok(());
    }
    Err(Refusal::ContentType(shown(value)))
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"identity") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"gzip") => Ok(true),
        Some(value) => Err(Refusal::ContentEncoding(shown(value))),
    }
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, BODY_BYTES_MAX).collect();
    match tokio::time::timeout(BODY_TIMEOUT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
        Ok(Err(error)) => Err(Refusal::Broken(error.to_string())),
        Err(_) => Err(Refusal::TimedOut),
    }
}

fn unpack(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let limit = UNPACKED_BYTES_MAX as u64 + 1;
    MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked).map_err(Refusal::NotGzip)?;
    if unpacked.len() > UNPACKED_BYTES_MAX {
        return Err(Refusal::UnpackedTooLarge);
    }
    Ok(unpacked)
}

fn protobuf(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, PROTOBUF)], body).into_response()
}

fn shown(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(64).collect()
}
