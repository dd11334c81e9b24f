//! The second generation of Jaeger's query API: `/api/v3/*`, traces as OTLP's JSON.
//!
//! Parameters are named in camelCase or in snake_case, as clients do either.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{any, get};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value as Json, json};
use tracer_core::TraceId;

use super::answer::{self, aside};
use super::api::{ANSWER_BYTES_MAX, Pairs, SharedStore, find};
use super::duration::{self, InvalidDuration};
use super::json::Operation;
use super::params::{DEFAULT_LIMIT, Filter, Params, TraceQuery};
use super::rfc3339::{self, InvalidTime};
use super::trace_id::{self, InvalidTraceId};
use super::{otlp_json, summary};
use crate::analysis::forest::Forest;
use crate::store::{Store, Trace};

/// All of `/api/v3`.
pub(super) fn router() -> Router<Arc<Store>> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(traces))
        .route("/api/v3/traces/{id}", get(one_trace))
        .route("/api/v3/trace-summaries", get(summaries))
        .route(
            "/api/v3/{*rest}",
            any(|| async { error(StatusCode::NOT_FOUND, "no such address in this API") }),
        )
}

/// Why a request cannot be understood.
#[derive(Debug, thiserror::Error)]
enum Invalid {
    #[error("malformed parameter trace_id: {0}")]
    TraceId(#[from] InvalidTraceId),
    #[error("query.start_time_min and query.start_time_max are required")]
    NoTimes,
    #[error("malformed parameter {name}: {cause}")]
    Time { name: &'static str, cause: InvalidTime },
    #[error("malformed parameter {name}: {cause}")]
    Duration { name: &'static str, cause: InvalidDuration },
    #[error("malformed parameter query.num_traces: not a whole number above 0: {0:?}")]
    Limit(String),
    #[error("malformed parameter query.attributes: not a JSON object of texts: {0}")]
    Attributes(serde_json::Error),
    #[error("malformed parameter {name}: neither true nor false")]
    Bool { name: &'static str },
}

async fn services(State(store): SharedStore) -> Response {
    answer::json(StatusCode::OK, &json!({ "services": store.services() }))
}

#[derive(Serialize)]
struct Operations {
    operations: Vec<Operation>,
}

async fn operations(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let of_service = params.first("service").map(|service| store.operations(service)).unwrap_or_default();
    let kind = either(&params, ["span_kind", "spanKind"]);
    let of_kind = of_service.into_iter().filter(|(_, found)| kind.is_none_or(|kind| kind == *found));
    let operations = of_kind.map(|(name, span_kind)| Operation { name, span_kind }).collect();
    answer::json(StatusCode::OK, &Operations { operations })
}

async fn traces(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let query =
        search(&params).and_then(|query| Ok((query, raw(&params, ["query.raw_traces", "query.rawTraces"])?)));
    match query {
        Ok((query, raw)) => aside(move || write(&find(&store, &query).0, raw)).await,
        Err(invalid) => error(StatusCode::BAD_REQUEST, &invalid.to_string()),
    }
}

async fn one_trace(State(store): SharedStore, Path(id): Path<String>, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let asked = || -> Result<(TraceId, (u64, u64), bool), Invalid> {
        let start = time(&params, ["start_time", "startTime"])?.unwrap_or(0);
        let end = time(&params, ["end_time", "endTime"])?.unwrap_or(u64::MAX);
        Ok((trace_id::parse(&id)?, (start, end), raw(&params, ["raw_traces", "rawTraces"])?))
    };
    match asked() {
        Ok((id, range, raw)) => {
            // The times tell storages where to look; a trace that touches them is given whole.
            let within = |trace: &Trace| {
                trace.spans.iter().any(|span| span.start_unix_ns <= range.1 && span.end_unix_ns >= range.0)
            };
            let found: Vec<_> = store.trace(id).into_iter().filter(within).collect();
            aside(move || write(&found, raw)).await
        }
        Err(invalid) => error(StatusCode::BAD_REQUEST, &invalid.to_string()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    /// Always 32 digits.
    trace_id: String,
    root_service_name: String,
    root_operation_name: String,
    min_start_time_unix_nano: String,
    max_end_time_unix_nano: String,
    span_count: usize,
    error_span_count: usize,
    orphan_span_count: usize,
    services: Vec<ServiceShare>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceShare {
    name: String,
    span_count: usize,
    error_span_count: usize,
}

async fn summaries(State(store): SharedStore, Query(pairs): Pairs) -> Response {
    match search(&Params::new(pairs)) {
        Ok(query) => {
            aside(move || {
                let summaries: Vec<_> = find(&store, &query).0.iter().map(summary_of).collect();
                answer::json(StatusCode::OK, &json!({ "summaries": summaries }))
            })
            .await
        }
        Err(invalid) => error(StatusCode::BAD_REQUEST, &invalid.to_string()),
    }
}

fn summary_of(trace: &Trace) -> Summary {
    let (forest, short) = (Forest::of(trace), summary::of(trace));
    let time = forest.interval();
    let is_orphan = |node: &&crate::analysis::forest::Node<'_>| {
        node.parent.is_none() && node.span.parent_span_id.is_valid()
    };
    let share = |share: summary::ServiceShare| ServiceShare {
        name: share.name,
        span_count: share.spans,
        error_span_count: share.errors,
    };
    Summary {
        trace_id: trace.id.to_string(),
        root_service_name: short.root_service,
        root_operation_name: short.root_operation,
        min_start_time_unix_nano: time.start_ns.to_string(),
        max_end_time_unix_nano: time.end_ns.to_string(),
        span_count: short.spans,
        error_span_count: short.errors,
        orphan_span_count: forest.nodes().iter().filter(is_orphan).count(),
        services: short.services.into_iter().map(share).collect(),
    }
}

/// `{"result":{"resourceSpans":[…]}}` of all traces, each written before the next is looked at.
fn write(traces: &[Trace], raw: bool) -> Response {
    if traces.is_empty() {
        return error(StatusCode::NOT_FOUND, "No traces found");
    }
    let mut answer = br#"{"result":{"resourceSpans":["#.to_vec();
    for (written, trace) in traces.iter().enumerate() {
        if answer.len() > ANSWER_BYTES_MAX {
            let message = format!(
                "an answer of {ANSWER_BYTES_MAX} bytes holds {written} of {} traces: ask for fewer",
                traces.len()
            );
            return error(StatusCode::PAYLOAD_TOO_LARGE, &message);
        }
        for group in otlp_json::resource_spans(trace, raw) {
            if !answer.ends_with(b"[") {
                answer.push(b',');
            }
            if let Err(cause) = serde_json::to_writer(&mut answer, &group) {
                return error(StatusCode::INTERNAL_SERVER_ERROR, &cause.to_string());
            }
        }
    }
    answer.extend_from_slice(b"]}}");
    answer::json_bytes(StatusCode::OK, Ok(answer))
}

fn search(params: &Params) -> Result<TraceQuery, Invalid> {
    let times = (
        time(params, ["query.start_time_min", "query.startTimeMin"])?,
        time(params, ["query.start_time_max", "query.startTimeMax"])?,
    );
    let (Some(start), Some(end)) = times else {
        return Err(Invalid::NoTimes);
    };
    let text = |names| either(params, names).map(str::to_owned);
    let filter = Filter {
        service: text(["query.service_name", "query.serviceName"]),
        operation: text(["query.operation_name", "query.operationName"]),
        start_unix_ns: (start, end),
        duration_ns: (
            duration_ns(params, ["query.duration_min", "query.durationMin"])?.unwrap_or(0),
            duration_ns(params, ["query.duration_max", "query.durationMax"])?.unwrap_or(u64::MAX),
        ),
        tags: attributes(params)?,
        error: false,
        text: None,
    };
    Ok(TraceQuery { trace_ids: Vec::new(), filter, limit: limit(params)? })
}

fn limit(params: &Params) -> Result<usize, Invalid> {
    let names = ["query.num_traces", "query.numTraces", "query.search_depth", "query.searchDepth"];
    let Some(text) = names.iter().find_map(|name| params.first(name)) else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit = text.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| Invalid::Limit(text.chars().take(64).collect()))
}

fn attributes(params: &Params) -> Result<BTreeMap<String, String>, Invalid> {
    let Some(text) = params.first("query.attributes") else {
        return Ok(BTreeMap::new());
    };
    let all: BTreeMap<String, Json> = serde_json::from_str(text).map_err(Invalid::Attributes)?;
    let as_text = |(key, value): (String, Json)| match value {
        Json::String(text) => (key, text),
        other => (key, other.to_string()),
    };
    Ok(all.into_iter().map(as_text).collect())
}

fn time(params: &Params, names: [&'static str; 2]) -> Result<Option<u64>, Invalid> {
    let parse = |text| rfc3339::parse(text).map_err(|cause| Invalid::Time { name: names[0], cause });
    either(params, names).map(parse).transpose()
}

fn duration_ns(params: &Params, names: [&'static str; 2]) -> Result<Option<u64>, Invalid> {
    let parse = |text| duration::parse(text).map_err(|cause| Invalid::Duration { name: names[0], cause });
    let duration = either(params, names).map(parse).transpose()?;
    // Zero is as good as none.
    Ok(duration.and_then(|duration| u64::try_from(duration.as_nanos()).ok()).filter(|ns| *ns > 0))
}

fn raw(params: &Params, names: [&'static str; 2]) -> Result<bool, Invalid> {
    match either(params, names) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Invalid::Bool { name: names[0] }),
    }
}

fn either<'a>(params: &'a Params, names: [&str; 2]) -> Option<&'a str> {
    names.iter().find_map(|name| params.first(name))
}

fn error(status: StatusCode, message: &str) -> Response {
    answer::json(status, &json!({ "error": { "httpCode": status.as_u16(), "message": message } }))
}
