//! Files of traces, of Jaeger or in OTLP's JSON: `POST /api/viewer/traces` keeps them, Jaeger's
//! `POST /api/transform` only answers what they would be in its JSON.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::json;
use tracer_core::TraceId;

use super::body::{Bodies, Refusal, UNPACKED_BYTES_MAX};
use super::{jaeger_json, otlp, otlp_json};
use crate::query::api::write_traces;
use crate::query::trace_id;
use crate::store::{Limits, Store};

const WHAT: &str = "a file of traces";
/// How many ids are told.
const IDS_MAX: usize = 10_000;

/// The addresses for uploads.
pub(crate) fn router(bodies: Bodies) -> Router {
    Router::new()
        .route("/api/viewer/traces", post(upload))
        .route("/api/transform", post(transform))
        .with_state(bodies)
}

async fn upload(State(bodies): State<Bodies>, request: Request) -> Response {
    answered(&bodies, request, |store, file| Ok(keep(store, file)?.to_string().into_bytes())).await
}

async fn transform(State(bodies): State<Bodies>, request: Request) -> Response {
    answered(&bodies, request, |_, file| {
        let scratch =
            Store::new(Limits { traces_max: usize::MAX, bytes_max: usize::MAX, ..Limits::default() });
        keep(&scratch, file)?;
        write_traces(&scratch.traces(), Vec::new()).map_err(|cause| Refusal::Internal(cause.to_string()))
    })
    .await
}

async fn answered(
    bodies: &Bodies,
    request: Request,
    work: fn(&Store, &[u8]) -> Result<Vec<u8>, Refusal>,
) -> Response {
    let (parts, body) = request.into_parts();
    let (status, answer) = match bodies.work(&parts.headers, body, UNPACKED_BYTES_MAX, work).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(refusal) => {
            bodies.store.count_malformed_request();
            let error = json!({ "code": refusal.status().as_u16(), "msg": refusal.to_string() });
            let answer = json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": [error] });
            (refusal.status(), answer.to_string().into_bytes())
        }
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, answer).into_response()
}

/// Keeps the traces of a file; the answer names those that are kept.
fn keep(store: &Store, file: &[u8]) -> Result<serde_json::Value, Refusal> {
    let (request, traces) = read(file)?;
    let inserted = otlp::receive(store, &request).map_err(|cause| Refusal::malformed(WHAT, &cause))?;
    let kept = traces.into_iter().filter(|id| store.trace(*id).is_some());
    let kept: Vec<_> = kept.take(IDS_MAX).map(trace_id::text).collect();
    let rejected = otlp::rejected(inserted);
    if kept.is_empty() {
        let cause = rejected.map_or_else(|| "it holds no spans".to_owned(), |(_, message)| message);
        return Err(Refusal::malformed(WHAT, &cause));
    }
    let errors = rejected.map(|(_, msg)| [json!({ "msg": msg })]);
    Ok(json!({ "data": kept, "total": kept.len(), "limit": 0, "offset": 0, "errors": errors }))
}

/// An OTLP request, and the traces in it.
fn read(file: &[u8]) -> Result<(Vec<u8>, Vec<TraceId>), Refusal> {
    let malformed = |cause: serde_json::Error| Refusal::malformed(WHAT, &cause);
    let loaded = jaeger_json::load(file).map_err(malformed)?;
    if !loaded.request.is_empty() {
        return Ok((loaded.request, loaded.traces));
    }
    let request = otlp_json::to_protobuf(file).map_err(malformed)?;
    let ids: BTreeSet<_> =
        otlp::trace_ids(&request).map_err(|cause| Refusal::malformed(WHAT, &cause))?.into_iter().collect();
    Ok((request, ids.into_iter().collect()))
}
