//! The addresses of the query API.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Serialize;

use super::json::{Envelope, Operation, QueryError};
use super::params::{Params, TraceQuery, now_unix_ns};
use super::{convert, dependencies, filter::Search, summary, trace_id};
use crate::store::{self, Store};

/// An answer with several traces stops growing here.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How far back the graph of services looks if the request does not say.
const DEPENDENCIES_LOOKBACK_MS: u64 = 24 * 3600 * 1000;

type SharedStore = State<Arc<Store>>;
type Pairs = Query<Vec<(String, String)>>;

/// All of `/api`.
pub(crate) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(traces))
        .route("/api/traces/{id}", get(one_trace))
        .route("/api/dependencies", get(service_graph))
        .route("/api/viewer/traces", get(summaries))
        .route("/api/viewer/stats", get(stats))
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .with_state(store)
}

async fn services(State(store): SharedStore) -> Response {
    let services = store.services();
    let total = services.len();
    json(StatusCode::OK, &Envelope::of(services, total))
}

async fn operation_names(State(store): SharedStore, Path(service): Path<String>) -> Response {
    let mut names: Vec<_> = store.operations(&service).into_iter().map(|(name, _)| name).collect();
    names.dedup();
    let total = names.len();
    json(StatusCode::OK, &Envelope::of(names, total))
}

async fn operations(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let Some(service) = params.first("service") else {
        return error(StatusCode::BAD_REQUEST, "parameter 'service' is required".to_owned());
    };
    let kind = params.first("spanKind");
    let operations = store.operations(service).into_iter();
    let of_kind = operations.filter(|(_, span_kind)| kind.is_none_or(|kind| kind == *span_kind));
    let operations: Vec<_> = of_kind.map(|(name, span_kind)| Operation { name, span_kind }).collect();
    let total = operations.len();
    json(StatusCode::OK, &Envelope::of(operations, total))
}

async fn traces(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    match Params::new(pairs).trace_query(false) {
        Ok(query) => aside(move || search(&store, &query)).await,
        Err(cause) => error(StatusCode::BAD_REQUEST, cause.to_string()),
    }
}

async fn one_trace(State(store): SharedStore, Path(id): Path<String>) -> Response {
    let id = match trace_id::parse(&id) {
        Ok(id) => id,
        Err(cause) => return error(StatusCode::BAD_REQUEST, cause.to_string()),
    };
    match store.trace(id) {
        Some(trace) => aside(move || json_bytes(StatusCode::OK, write_traces(&[trace], Vec::new()))).await,
        None => error(StatusCode::NOT_FOUND, "trace not found".to_owned()),
    }
}

async fn service_graph(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let (end_ms, lookback_ms) = match (params.number("endTs"), params.number("lookback")) {
        (Ok(end), Ok(lookback)) => (end, lookback.unwrap_or(DEPENDENCIES_LOOKBACK_MS)),
        (Err(cause), _) | (_, Err(cause)) => return error(StatusCode::BAD_REQUEST, cause.to_string()),
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

/// The traces of a search in short: Jaeger's conditions, with `service` optional.
async fn summaries(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    match Params::new(pairs).trace_query(true) {
        Ok(query) => {
            aside(move || {
                let (traces, errors) = find(&store, &query);
                let summaries: Vec<_> = traces.iter().map(summary::of).collect();
                let errors = (!errors.is_empty()).then_some(errors);
                json(StatusCode::OK, &Envelope { errors, ..Envelope::of(summaries, traces.len()) })
            })
            .await
        }
        Err(cause) => error(StatusCode::BAD_REQUEST, cause.to_string()),
    }
}

async fn stats(State(store): SharedStore) -> Response {
    json(StatusCode::OK, &Envelope::of(store.stats(), 0))
}

async fn nothing_here() -> Response {
    error(StatusCode::NOT_FOUND, "no such address in this API".to_owned())
}

fn search(store: &Store, query: &TraceQuery) -> Response {
    let (traces, errors) = find(store, query);
    json_bytes(StatusCode::OK, write_traces(&traces, errors))
}

/// The traces asked for, the last that came first, and errors for ids that are not there.
fn find(store: &Store, query: &TraceQuery) -> (Vec<store::Trace>, Vec<QueryError>) {
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
fn write_traces(traces: &[store::Trace], mut errors: Vec<QueryError>) -> serde_json::Result<Vec<u8>> {
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

/// Runs what may take long beside the sockets.
async fn aside(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        Err(cause) => error(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()),
    }
}

fn error(status: StatusCode, msg: String) -> Response {
    json(status, &Envelope::error(status.as_u16(), msg))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    json_bytes(status, serde_json::to_vec(body))
}

fn json_bytes(status: StatusCode, body: serde_json::Result<Vec<u8>>) -> Response {
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
