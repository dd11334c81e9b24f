//! Zipkin's `POST /api/v2/spans`.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::json;

use super::body::{BODY_BYTES_MAX, Bodies, Refusal, media_type};
use super::{otlp, zipkin};

/// `/api/v2/spans`.
pub(crate) fn router(bodies: Bodies) -> Router {
    Router::new().route("/api/v2/spans", post(spans)).with_state(bodies)
}

async fn spans(State(bodies): State<Bodies>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let found = media_type(&parts.headers);
    let inserted = if matches!(found.as_str(), "" | "application/json") {
        let work = bodies.work(&parts.headers, body, BODY_BYTES_MAX, |store, body| {
            const WHAT: &str = "a list of Zipkin's spans";
            let request = zipkin::to_protobuf(body).map_err(|cause| Refusal::malformed(WHAT, &cause))?;
            otlp::receive(store, &request).map_err(|cause| Refusal::malformed(WHAT, &cause))
        });
        work.await
    } else {
        Err(Refusal::ContentType { found, expected: "application/json" })
    };
    match inserted {
        // Zipkin has no partial success: what was left out is told, in a body that senders may ignore.
        Ok(inserted) => match otlp::rejected(inserted) {
            None => StatusCode::ACCEPTED.into_response(),
            Some((rejected, message)) => {
                let body = json!({ "rejectedSpans": rejected, "errorMessage": message }).to_string();
                (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], body).into_response()
            }
        },
        Err(refusal) => {
            bodies.store.count_malformed_request();
            (refusal.status(), format!("{refusal}\n")).into_response()
        }
    }
}
