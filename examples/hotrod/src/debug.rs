//! What a process tells of itself, and how its fixes are switched. None of it is traced.
//!
//! ```text
//! GET  /debug/vars               route time by customer and session, accounts of the spans
//! GET  /debug/headers?trace=ID   the headers on the wire of each hop of a trace
//! GET  /metrics                  rate, errors and durations of the endpoints of this process
//! GET  /fixes     POST /fixes    how the bottlenecks are, and what is to become different
//! ```
//!
//! The frontend answers for all: what other processes know it asks them for.

mod peers;
mod requests;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode, Uri};
use serde_json::{Map, Value, json};
use tracer_core::Pipeline;

pub(crate) use self::peers::Peers;
use crate::http::answer;
use crate::http::wire::{Hop, WireLog};
use crate::metrics::Metrics;
use crate::services::route::stats::RouteStats;
use crate::simulated::fixes::{Change, Fixes};

const VARS: &str = "/debug/vars";
const HEADERS: &str = "/debug/headers";
const METRICS: &str = "/metrics";
const FIXES: &str = "/fixes";

/// A change is a few short members.
const CHANGE_BYTES_MAX: usize = 4 << 10;

/// What a process knows.
#[derive(Clone, Debug)]
pub(crate) struct Debug {
    pub(crate) route_stats: Arc<RouteStats>,
    pub(crate) pipeline: Pipeline,
    pub(crate) metrics: Metrics,
    pub(crate) wire: WireLog,
    pub(crate) fixes: Arc<Fixes>,
    /// The name under which this process is called, beside addresses and `localhost`.
    pub(crate) host: String,
    /// Whom to ask too.
    pub(crate) peers: Peers,
}

/// Whether this module answers there.
pub(crate) fn has_path(path: &str) -> bool {
    [VARS, HEADERS, METRICS, FIXES].contains(&path)
}

/// The routes, under a path that is empty or has a slash in front.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(debug: Debug, basepath: &str) -> Router<S> {
    let path = |path: &str| format!("{basepath}{path}");
    Router::new()
        .route(&path(VARS), get(vars))
        .route(&path(HEADERS), get(headers))
        .route(&path(METRICS), get(metrics))
        .route(&path(FIXES), get(fixes).post(change))
        .layer(DefaultBodyLimit::max(CHANGE_BYTES_MAX))
        .with_state(Arc::new(debug))
}

/// Route time by customer and by session, and what became of all spans of this process.
async fn vars(State(debug): State<Arc<Debug>>) -> Response {
    let stats = debug.pipeline.stats();
    let mut vars = debug.route_stats.vars();
    let (found, silent) = debug.peers.get::<Map<String, Value>>(VARS).await;
    for of_peer in found {
        let of_routes = of_peer.into_iter().filter(|(key, _)| key.starts_with("route.calc."));
        of_routes.for_each(|(key, value)| add_seconds(&mut vars, key, value));
    }
    let spans = json!({
        "started": stats.started,
        "finished": stats.finished,
        "exported": stats.exported,
        "failed": stats.failed,
        "dropped": stats.dropped.total(),
        "pending": stats.pending,
        "unsampled": stats.unsampled,
    });
    vars.insert("tracing.spans".to_owned(), spans);
    if !silent.is_empty() {
        vars.insert("unreachable".to_owned(), json!(silent));
    }
    answer::json(&vars)
}

/// Adds the seconds of another process, name by name.
fn add_seconds(vars: &mut Map<String, Value>, key: String, seconds: Value) {
    let Value::Object(seconds) = seconds else { return };
    let ours = vars.entry(key).or_insert_with(|| json!({}));
    let Value::Object(ours) = ours else { return };
    for (name, more) in seconds {
        let sum = ours.get(&name).and_then(Value::as_f64).unwrap_or(0.0) + more.as_f64().unwrap_or(0.0);
        ours.insert(name, json!(sum));
    }
}

/// Rate, errors and durations of the endpoints of this process.
async fn metrics(State(debug): State<Arc<Debug>>) -> Response {
    answer::prometheus(debug.metrics.render())
}

/// What each hop of a trace was sent.
async fn headers(State(debug): State<Arc<Debug>>, uri: Uri) -> Response {
    let trace_id = match requests::trace_id(&uri) {
        Ok(trace_id) => trace_id,
        Err(message) => return answer::text(StatusCode::BAD_REQUEST, &message),
    };
    let mut hops = debug.wire.of_trace(&trace_id);
    let (found, silent) = debug.peers.get::<Hops>(&format!("{HEADERS}?trace={trace_id}")).await;
    hops.extend(found.into_iter().flat_map(|found| found.data));
    hops.sort_by_key(|hop| hop.time_us);
    answer::json(&Hops { data: hops, unreachable: silent })
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Hops {
    data: Vec<Hop>,
    #[serde(default)]
    unreachable: Vec<String>,
}

async fn fixes(State(debug): State<Arc<Debug>>) -> Response {
    answer::json(&debug.fixes.values())
}

/// Makes a change here, and wherever else it counts.
async fn change(State(debug): State<Arc<Debug>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err((status, message)) = requests::check_writer(&headers, &debug.host) {
        return answer::text(status, &message);
    }
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(error) => return answer::text(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let values = match debug.fixes.change(&change) {
        Ok(values) => values,
        Err(error) => return answer::text(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let silent = debug.peers.post(FIXES, &change).await;
    if silent.is_empty() {
        return answer::json(&values);
    }
    answer::text(StatusCode::BAD_GATEWAY, &format!("not changed there: {}", silent.join("; ")))
}
