//! The addresses of the query API.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;

use super::answer::{aside, bad_request, error, json, json_bytes};
use super::filter::Search;
use super::json::{Envelope, Operation, QueryError};
use super::params::{Dialect, Params, TraceQuery, now_unix_ns};
use super::{convert, dependencies, trace_id, v3, viewer_api};
use crate::store::{self, Store};

/// An answer with several traces stops growing here.
pub(super) const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How far back the graph of services looks if the request does not say.
const DEPENDENCIES_LOOKBACK_MS: u64 = 24 * 3600 * 1000;

pub(super) type SharedStore = State<Arc<Store>>;
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// All of `/api`.
pub(crate) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{*rest}", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(traces))
        .route("/api/traces/{id}", get(one_trace))
        .route("/api/dependencies", get(service_graph))
        .route("/api/metrics/{name}", get(metrics))
        .route("/api/archive/{id}", post(archive))
        .merge(v3::router())
        .merge(viewer_api::router())
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .with_state(store)
}

async fn services(State(store): SharedStore) -> Response {
    let services = store.services();
    let total = services.len();
    json(StatusCode::OK, &Envelope::of(services, total))
}

/// `/api/services/NAME/operations`. Grafana leaves slashes of a name as they are.
async fn operation_names(State(store): SharedStore, Path(rest): Path<String>) -> Response {
    let Some(service) = rest.strip_suffix("/operations") else {
        return nothing_here().await;
    };
    let mut names: Vec<_> = store.operations(service).into_iter().map(|(name, _)| name).collect();
    names.dedup();
    let total = names.len();
    json(StatusCode::OK, &Envelope::of(names, total))
}

async fn operations(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let Some(service) = params.first("service") else {
        return error(StatusCode::BAD_REQUEST, "parameter 'service' is required");
    };
    let kind = params.first("spanKind");
    let operations = store.operations(service).into_iter();
    let of_kind = operations.filter(|(_, span_kind)| kind.is_none_or(|kind| kind == *span_kind));
    let operations: Vec<_> = of_kind.map(|(name, span_kind)| Operation { name, span_kind }).collect();
    let total = operations.len();
    json(StatusCode::OK, &Envelope::of(operations, total))
}

async fn traces(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    match Params::new(pairs).trace_query(Dialect::Jaeger) {
        Ok(query) => aside(move || search(&store, &query)).await,
        Err(cause) => bad_request(&cause),
    }
}

async fn one_trace(State(store): SharedStore, Path(id): Path<String>) -> Response {
    let id = match trace_id::parse(&id) {
        Ok(id) => id,
        Err(cause) => return bad_request(&cause),
    };
    match store.trace(id) {
        Some(trace) => aside(move || json_bytes(StatusCode::OK, write_traces(&[trace], Vec::new()))).await,
        None => error(StatusCode::NOT_FOUND, "trace not found"),
    }
}

async fn service_graph(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let (end_ms, lookback_ms) = match (params.number("endTs"), params.number("lookback")) {
        (Ok(end), Ok(lookback)) => (end, lookback.unwrap_or(DEPENDENCIES_LOOKBACK_MS)),
        (Err(cause), _) | (_, Err(cause)) => return bad_request(&cause),
    };
    let service = params.first("service").map(str::to_owned);
    let to_ns = |ms: u64| ms.saturating_mul(1_000_000);
    let end_ns = end_ms.map_or_else(now_unix_ns, to_ns);
    aside(move || {
        let mut calls =
            dependencies::between(&store.traces(), end_ns.saturating_sub(to_ns(lookback_ms)), end_ns);
        if let Some(service) = service {
            calls.retain(|call| call.parent == service || call.child == service);
        }
        json(StatusCode::OK, &Envelope::of(calls, 0))
    })
    .await
}

/// Jaeger keeps metrics in a storage of its own, and says so where there is none.
async fn metrics() -> Response {
    let message = "metrics are not kept here; /api/viewer/red tells rate, errors and durations of the traces";
    error(StatusCode::NOT_IMPLEMENTED, message)
}

async fn archive() -> Response {
    error(StatusCode::NOT_IMPLEMENTED, "there is no archive here: download the trace instead")
}

async fn nothing_here() -> Response {
    error(StatusCode::NOT_FOUND, "no such address in this API")
}

fn search(store: &Store, query: &TraceQuery) -> Response {
    let (traces, errors) = find(store, query);
    json_bytes(StatusCode::OK, write_traces(&traces, errors))
}

/// The traces asked for, the last that came first, and errors for ids that are not there.
pub(super) fn find(store: &Store, query: &TraceQuery) -> (Vec<store::Trace>, Vec<QueryError>) {
    if query.trace_ids.is_empty() {
        let mut search = Search::new(&query.filter);
        let found = store.traces().into_iter().filter(|trace| search.finds(trace));
        return (found.take(query.limit).collect(), Vec::new());
    }
    let (mut traces, mut errors) = (Vec::new(), Vec::new());
    for id in &query.trace_ids {
        match store.trace(*id) {
            Some(trace) => traces.push(trace),
            None => errors.push(QueryError {
                code: 0,
                msg: "trace not found".to_owned(),
                trace_id: trace_id::text(*id),
            }),
        }
    }
    (traces, errors)
}

/// The envelope with whole traces, converted one after another. Beyond the limit traces are left
/// out, which becomes an error in the answer.
pub(crate) fn write_traces(
    traces: &[store::Trace],
    mut errors: Vec<QueryError>,
) -> serde_json::Result<Vec<u8>> {
    let mut answer = b"{\"data\":[".to_vec();
    for (written, trace) in traces.iter().enumerate() {
        if answer.len() > ANSWER_BYTES_MAX {
            errors.push(cut_off(traces.len() - written, traces.len()));
            break;
        }
        if written > 0 {
            answer.push(b',');
        }
        serde_json::to_writer(&mut answer, &convert::trace(trace))?;
    }
    answer.extend_from_slice(b"],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":");
    serde_json::to_writer(&mut answer, &(!errors.is_empty()).then_some(errors))?;
    answer.push(b'}');
    Ok(answer)
}

fn cut_off(left_out: usize, found: usize) -> QueryError {
    let msg = format!(
        "{left_out} of {found} traces left out of an answer of {ANSWER_BYTES_MAX} bytes: ask for fewer with 'limit'"
    );
    QueryError { code: 0, msg, trace_id: String::new() }
}
