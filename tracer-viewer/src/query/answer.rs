//! How answers are written: JSON in Jaeger's envelope.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;

use super::json::Envelope;

/// Data that came of a request.
pub(super) fn data(data: impl Serialize) -> Response {
    json(StatusCode::OK, &Envelope::of(data, 0))
}

/// An error, in the envelope.
pub(super) fn error(status: StatusCode, msg: impl Into<String>) -> Response {
    json(status, &Envelope::error(status.as_u16(), msg.into()))
}

/// What cannot be understood.
pub(super) fn bad_request(cause: &impl ToString) -> Response {
    error(StatusCode::BAD_REQUEST, cause.to_string())
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    json_bytes(status, serde_json::to_vec(body))
}

/// What was written before.
pub(super) fn json_bytes(status: StatusCode, body: serde_json::Result<Vec<u8>>) -> Response {
    let (status, body) = match body {
        Ok(body) => (status, body),
        Err(cause) => {
            log::error!("viewer: cannot write an answer: {cause}");
            let text = br#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":500,"msg":"cannot write the answer"}]}"#;
            (StatusCode::INTERNAL_SERVER_ERROR, text.to_vec())
        }
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

/// Runs what may take long beside the sockets.
pub(super) async fn aside(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        Err(cause) => error(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()),
    }
}
