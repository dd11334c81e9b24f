//! The frontend: the page, and the dispatcher behind it.

mod best_eta;
mod dispatch;
mod page;
mod vars;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use tracer_core::{Pipeline, Tracer};

pub(crate) use self::best_eta::Dispatcher;
use super::trace_layer;
use crate::http::answer;
use crate::log::Logger;
use crate::metrics::Metrics;
use crate::services::route::stats::RouteStats;

/// The frontend's state and settings.
pub(crate) struct Frontend {
    pub(crate) logger: Logger,
    pub(crate) dispatcher: Dispatcher,
    /// The viewer, or a Jaeger, as people's browsers find it.
    pub(crate) jaeger_ui: String,
    /// What the route service of the same process charged to whom.
    pub(crate) route_stats: Arc<RouteStats>,
    pub(crate) pipeline: Pipeline,
    pub(crate) metrics: Metrics,
}

/// The frontend's routes, under a path that is empty or has a slash in front.
pub(crate) fn router(frontend: Frontend, tracer: Tracer, basepath: &str) -> Router {
    let path = |path: &str| format!("{basepath}{path}");
    let traced =
        Router::new().route(&path("/dispatch"), get(dispatch::dispatch)).route_layer(trace_layer(tracer));
    let untraced = Router::new()
        .route(&path("/config"), get(config))
        .route(&path("/debug/vars"), get(vars::vars))
        .route(&path("/metrics"), get(metrics))
        .merge(page::router(basepath));
    traced.merge(untraced).with_state(Arc::new(frontend))
}

/// Rate, errors and durations of the endpoints of this process.
async fn metrics(State(frontend): State<Arc<Frontend>>) -> Response {
    answer::prometheus(frontend.metrics.render())
}

/// What the page has to know.
async fn config(State(frontend): State<Arc<Frontend>>) -> Response {
    answer::json(&serde_json::json!({"jaeger": frontend.jaeger_ui}))
}
