//! OTLP over gRPC: the one unary method `TraceService/Export`, plain or gzip.
//!
//! ```text
//! message = compressed(1 byte) length(4 bytes) protobuf      one in the request, one in the answer
//! ```
//!
//! Written out here, as a unary call is a POST of HTTP/2 with a frame of five bytes and trailers:
//! so bodies are read within the same limits, and counted in the same places, as those of HTTP.

use std::convert::Infallible;
use std::fmt::Write;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};

use super::body::{BODY_BYTES_MAX, Bodies, Refusal, media_type, unpack};
use super::otlp;
use crate::store::{Inserted, Store};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// The frame before a message.
const FRAME_BYTES: usize = 5;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Codes of gRPC.
const INVALID_ARGUMENT: u16 = 3;
const DEADLINE_EXCEEDED: u16 = 4;
const RESOURCE_EXHAUSTED: u16 = 8;
const UNIMPLEMENTED: u16 = 12;
const INTERNAL: u16 = 13;

/// The service; other methods are "unimplemented".
pub(crate) fn router(bodies: Bodies) -> Router {
    let unknown = || async { failed(UNIMPLEMENTED, "this receiver knows TraceService/Export alone") };
    Router::new().route(EXPORT, post(export)).fallback(unknown).with_state(bodies)
}

async fn export(State(bodies): State<Bodies>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let found = media_type(&parts.headers);
    if !matches!(found.as_str(), "application/grpc" | "application/grpc+proto") {
        bodies.store.count_malformed_request();
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let is_gzip = match parts.headers.get(ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => false,
        Some(b"gzip") => true,
        Some(_) => {
            bodies.store.count_malformed_request();
            return failed(UNIMPLEMENTED, "messages are taken plain or with gzip");
        }
    };
    let kept = bodies
        .work_as_it_is(body, BODY_BYTES_MAX + FRAME_BYTES, move |store, body| keep(store, body, is_gzip));
    match kept.await {
        Ok(inserted) => succeeded(&otlp::response(inserted)),
        Err(refusal) => {
            bodies.store.count_malformed_request();
            failed(code(&refusal), &refusal.to_string())
        }
    }
}

fn keep(store: &Store, body: &[u8], is_gzip: bool) -> Result<Inserted, Refusal> {
    let malformed = |cause: &str| Refusal::malformed("one gRPC message", &cause);
    let (frame, message) =
        body.split_first_chunk::<FRAME_BYTES>().ok_or_else(|| malformed("it is cut off"))?;
    let [compressed, length @ ..] = *frame;
    if u32::from_be_bytes(length) as usize != message.len() {
        return Err(malformed("its length is another"));
    }
    let unpacked;
    let message = match (compressed, is_gzip) {
        (0, _) => message,
        (1, true) => {
            unpacked = unpack(message)?;
            &unpacked
        }
        (1, false) => return Err(malformed("it is compressed, but grpc-encoding does not say how")),
        _ => return Err(malformed("its first byte is neither 0 nor 1")),
    };
    otlp::receive(store, message).map_err(|cause| Refusal::malformed("an OTLP trace request", &cause))
}

const fn code(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::BodyTooLarge(_) | Refusal::UnpackedTooLarge => RESOURCE_EXHAUSTED,
        Refusal::TimedOut => DEADLINE_EXCEEDED,
        Refusal::Internal(_) => INTERNAL,
        _ => INVALID_ARGUMENT,
    }
}

fn succeeded(message: &[u8]) -> Response {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut body = Vec::with_capacity(FRAME_BYTES + message.len());
    body.push(0);
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(message);
    let trailers = HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(body)).with_trailers(async { Some(Ok::<_, Infallible>(trailers)) });
    let headers = [(header::CONTENT_TYPE, "application/grpc"), (ACCEPT_ENCODING, "gzip")];
    (headers, Body::new(body)).into_response()
}

/// Headers alone, which are the trailers too.
fn failed(code: u16, message: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/grpc")),
        (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (STATUS, HeaderValue::from(code)),
        (MESSAGE, percent_encoded(message)),
    ];
    (HeaderMap::from_iter(headers), Body::empty()).into_response()
}

/// All but printable ASCII, and `%`, as two digits.
fn percent_encoded(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            plain => encoded.push(char::from(plain)),
        }
    }
    HeaderValue::from_str(&encoded).unwrap_or_else(|_| HeaderValue::from_static(""))
}
