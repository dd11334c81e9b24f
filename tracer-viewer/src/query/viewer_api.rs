//! The page's own addresses: `/api/viewer/*`. Times in microseconds since 1970, durations in
//! microseconds, everything in Jaeger's envelope.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde::Serialize;
use tracer_core::TraceId;

use super::answer::{aside, bad_request, data, error, json};
use super::api::{Pairs, SharedStore, find};
use super::json::Envelope;
use super::params::{Clocks, Dialect, ParamError, Params, TraceQuery};
use super::summary::{self, Summary};
use super::trace_analysis::Analysis;
use super::{convert, trace_id};
use crate::analysis::aggregate::aggregate;
use crate::analysis::attribution::{self, attribution};
use crate::analysis::clock_skew::Adjusted;
use crate::analysis::compare::{Comparison, compare};
use crate::analysis::graph::graph;
use crate::analysis::red::red;
use crate::store::{self, Store};

/// How many traces the live tail gives at once if it is not said.
const LATEST_LIMIT: usize = 50;
/// How many traces are looked at for their keys, the newest first.
const KEYS_TRACES_MAX: usize = 1_000;

/// All of `/api/viewer`.
pub(super) fn router() -> Router<Arc<Store>> {
    Router::new()
        .route("/api/viewer/traces", get(summaries))
        .route("/api/viewer/traces/latest", get(latest))
        .route("/api/viewer/traces/{id}", get(one_trace))
        .route("/api/viewer/traces/{id}/analysis", get(analysis))
        .route("/api/viewer/compare", get(comparison))
        .route("/api/viewer/aggregate", get(aggregation))
        .route("/api/viewer/graph", get(service_graph))
        .route("/api/viewer/red", get(operations))
        .route("/api/viewer/keys", get(keys))
        .route("/api/viewer/attribution", get(attributions))
        .route("/api/viewer/health", get(health))
        .route("/api/viewer/stats", get(stats))
}

/// The traces of a search in short: Jaeger's conditions, with `service` optional.
async fn summaries(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    searching(store, Params::new(pairs), |store, query| {
        let (traces, errors) = find(store, query);
        let summaries: Vec<_> = traces.iter().map(summary::of).collect();
        let errors = (!errors.is_empty()).then_some(errors);
        json(StatusCode::OK, &Envelope { errors, ..Envelope::of(summaries, traces.len()) })
    })
    .await
}

#[derive(Serialize)]
struct Latest {
    cursor: String,
    traces: Vec<Summary>,
}

/// What came, or grew, after a cursor; the newest first.
async fn latest(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let since = match params.first("since").map(|text| store.parse_cursor(text)) {
        Some(None) => return error(StatusCode::BAD_REQUEST, "unable to parse param 'since': not a cursor"),
        since => since.flatten().flatten(),
    };
    let limit = match params.limit(LATEST_LIMIT) {
        Ok(limit) => limit,
        Err(cause) => return bad_request(&cause),
    };
    aside(move || {
        let (cursor, traces) = store.latest(since, limit);
        data(Latest { cursor, traces: traces.iter().map(summary::of).collect() })
    })
    .await
}

/// As `/api/traces/{id}`, and by its root's clock if that is asked for.
async fn one_trace(State(store): SharedStore, Path(id): Path<String>, Query(pairs): Pairs) -> Response {
    match (trace(&store, &id), Params::new(pairs).clocks()) {
        (Ok(trace), Ok(Clocks::Recorded)) => aside(move || data([convert::trace(&trace)])).await,
        (Ok(trace), Ok(Clocks::Adjusted)) => {
            aside(move || data([convert::adjusted(&Adjusted::of(&trace))])).await
        }
        (Err(refused), _) => refused,
        (_, Err(cause)) => bad_request(&cause),
    }
}

async fn analysis(State(store): SharedStore, Path(id): Path<String>, Query(pairs): Pairs) -> Response {
    match (trace(&store, &id), Params::new(pairs).clocks()) {
        (Ok(trace), Ok(clocks)) => aside(move || data(Analysis::of(&trace, clocks))).await,
        (Err(refused), _) => refused,
        (_, Err(cause)) => bad_request(&cause),
    }
}

#[derive(Serialize)]
struct Compared<'a> {
    a: Summary,
    b: Summary,
    #[serde(flatten)]
    comparison: Comparison<'a>,
}

async fn comparison(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let (Some(a), Some(b)) = (params.first("a"), params.first("b")) else {
        return error(StatusCode::BAD_REQUEST, "parameters 'a' and 'b' are required");
    };
    match (trace(&store, a), trace(&store, b)) {
        (Ok(a), Ok(b)) => {
            aside(move || {
                data(Compared { a: summary::of(&a), b: summary::of(&b), comparison: compare(&a, &b) })
            })
            .await
        }
        (Err(refused), _) | (_, Err(refused)) => refused,
    }
}

async fn aggregation(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    searching(store, Params::new(pairs), |store, query| data(aggregate(&find(store, query).0))).await
}

async fn service_graph(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    match Params::new(pairs).start_range(Dialect::Viewer) {
        Ok(range) => aside(move || data(graph(&store.traces(), range))).await,
        Err(cause) => bad_request(&cause),
    }
}

async fn operations(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let service = params.first("service").map(str::to_owned);
    match params.start_range(Dialect::Viewer) {
        Ok(range) => aside(move || data(red(&store.traces(), service.as_deref(), range))).await,
        Err(cause) => bad_request(&cause),
    }
}

async fn keys(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let service = Params::new(pairs).first("service").map(str::to_owned);
    aside(move || {
        let mut traces = store.traces();
        traces.truncate(KEYS_TRACES_MAX);
        data(attribution::keys(&traces, service.as_deref()))
    })
    .await
}

async fn attributions(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let Some(key) = params.first("key").map(str::to_owned) else {
        return error(StatusCode::BAD_REQUEST, "parameter 'key' is required");
    };
    searching(store, params, move |store, query| data(attribution(&find(store, query).0, &key))).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    received_spans: u64,
    stored_spans: u64,
    stored_traces: u64,
    evicted_spans: u64,
    evicted_traces: u64,
    /// Not well-formed, or over a limit.
    rejected_spans: u64,
    duplicate_spans: u64,
    malformed_requests: u64,
    bytes: u64,
    bytes_max: u64,
    senders: Vec<store::Sender>,
    /// Senders that were not written down, for their number.
    senders_left_out: u64,
}

async fn health(State(store): SharedStore) -> Response {
    let stats = store.stats();
    let (senders, senders_left_out) = store.senders();
    data(Health {
        received_spans: stats.received,
        stored_spans: stats.spans,
        stored_traces: stats.traces,
        evicted_spans: stats.spans_evicted,
        evicted_traces: stats.traces_evicted,
        rejected_spans: stats.rejected + stats.over_limit,
        duplicate_spans: stats.duplicates,
        malformed_requests: stats.malformed_requests,
        bytes: stats.bytes,
        bytes_max: stats.bytes_max,
        senders,
        senders_left_out,
    })
}

async fn stats(State(store): SharedStore) -> Response {
    data(store.stats())
}

/// Reads a search and does something with it beside the sockets.
async fn searching(
    store: Arc<Store>,
    params: Params,
    work: impl FnOnce(&Store, &TraceQuery) -> Response + Send + 'static,
) -> Response {
    match params.trace_query(Dialect::Viewer) {
        Ok(query) => aside(move || work(&store, &query)).await,
        Err(cause) => bad_request(&cause),
    }
}

#[expect(clippy::result_large_err, reason = "the answer is sent at once")]
fn trace(store: &Store, id: &str) -> Result<store::Trace, Response> {
    let id: TraceId = trace_id::parse(id).map_err(|cause| bad_request(&ParamError::from(cause)))?;
    store
        .trace(id)
        .ok_or_else(|| error(StatusCode::NOT_FOUND, format!("trace not found: {}", trace_id::text(id))))
}
