//! OTLP over HTTP: `POST /v1/traces` with protobuf or JSON, plain or gzip.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::json;

use super::body::{BODY_BYTES_MAX, Bodies, Refusal, media_type};
use super::{otlp, otlp_json};
use crate::store::Inserted;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Codes of `google.rpc.Code`.
const INVALID_ARGUMENT: u8 = 3;
const RESOURCE_EXHAUSTED: u8 = 8;
const INTERNAL: u8 = 13;

/// How a request is written, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

/// `/v1/traces`.
pub(crate) fn router(bodies: Bodies) -> Router {
    Router::new().route("/v1/traces", post(export)).with_state(bodies)
}

async fn export(State(bodies): State<Bodies>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let found = media_type(&parts.headers);
    let encoding = match found.as_str() {
        PROTOBUF => Encoding::Protobuf,
        JSON => Encoding::Json,
        _ => {
            let expected = "application/x-protobuf or application/json";
            let refusal = Refusal::ContentType { found, expected };
            bodies.store.count_malformed_request();
            return refused(Encoding::Protobuf, &refusal);
        }
    };
    let inserted = bodies.work(&parts.headers, body, BODY_BYTES_MAX, move |store, body| {
        let malformed = |cause| Refusal::malformed("an OTLP trace request", &cause);
        match encoding {
            Encoding::Protobuf => otlp::receive(store, body).map_err(malformed),
            Encoding::Json => {
                let body = otlp_json::to_protobuf(body)
                    .map_err(|cause| Refusal::malformed("an OTLP trace request", &cause))?;
                otlp::receive(store, &body).map_err(malformed)
            }
        }
    });
    match inserted.await {
        Ok(inserted) => taken(encoding, inserted),
        Err(refusal) => {
            bodies.store.count_malformed_request();
            refused(encoding, &refusal)
        }
    }
}

fn taken(encoding: Encoding, inserted: Inserted) -> Response {
    match encoding {
        Encoding::Protobuf => answer(encoding, StatusCode::OK, otlp::response(inserted)),
        Encoding::Json => {
            let body = match otlp::rejected(inserted) {
                None => json!({}),
                Some((rejected, message)) => json!({
                    // 64-bit numbers are text in protobuf's JSON.
                    "partialSuccess": { "rejectedSpans": rejected.to_string(), "errorMessage": message },
                }),
            };
            answer(encoding, StatusCode::OK, body.to_string().into_bytes())
        }
    }
}

fn refused(encoding: Encoding, refusal: &Refusal) -> Response {
    let (code, message) = (code(refusal), refusal.to_string());
    let body = match encoding {
        Encoding::Protobuf => otlp::status(code, &message),
        Encoding::Json => json!({ "code": code, "message": message }).to_string().into_bytes(),
    };
    answer(encoding, refusal.status(), body)
}

const fn code(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::BodyTooLarge(_) | Refusal::UnpackedTooLarge => RESOURCE_EXHAUSTED,
        Refusal::Internal(_) => INTERNAL,
        _ => INVALID_ARGUMENT,
    }
}

fn answer(encoding: Encoding, status: StatusCode, body: Vec<u8>) -> Response {
    let content_type = match encoding {
        Encoding::Protobuf => PROTOBUF,
        Encoding::Json => JSON,
    };
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
