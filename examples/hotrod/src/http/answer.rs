//! Responses: JSON, and errors as plain text.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::query::ParameterError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// 200 and JSON.
pub(crate) fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(CONTENT_TYPE, JSON), (X_CONTENT_TYPE_OPTIONS, NOSNIFF)], body).into_response(),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// 200 and metrics in Prometheus' text format.
pub(crate) fn prometheus(metrics: String) -> Response {
    ([(CONTENT_TYPE, PROMETHEUS), (X_CONTENT_TYPE_OPTIONS, NOSNIFF)], metrics).into_response()
}

/// 400 and what is wrong.
pub(crate) fn bad_request(error: &ParameterError) -> Response {
    text(StatusCode::BAD_REQUEST, &error.to_string())
}

/// An error: one line for whoever asked.
pub(crate) fn text(status: StatusCode, message: &str) -> Response {
    let headers = [(CONTENT_TYPE, TEXT), (X_CONTENT_TYPE_OPTIONS, NOSNIFF)];
    (status, headers, format!("{message}\n")).into_response()
}
