//! The frontend: the page, and the dispatcher behind it.

mod best_eta;
mod dispatch;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

pub(crate) use self::best_eta::Dispatcher;
use super::Layers;
use crate::debug::{self, Debug};
use crate::http::answer;
use crate::log::Logger;
use crate::simulated::faults::Faults;

/// The frontend's state and settings.
pub(crate) struct Frontend {
    pub(crate) logger: Logger,
    pub(crate) dispatcher: Dispatcher,
    /// The viewer, or a Jaeger, as people's browsers find it.
    pub(crate) jaeger_ui: String,
    pub(crate) faults: Faults,
}

/// The frontend's routes, under a path that is empty or has a slash in front.
pub(crate) fn router(frontend: Frontend, layers: Layers, debug: Debug, basepath: &str) -> Router {
    let path = |path: &str| format!("{basepath}{path}");
    let traced = layers.round(Router::new().route(&path("/dispatch"), get(dispatch::dispatch)));
    let untraced = Router::new().route(&path("/config"), get(config)).merge(page::router(basepath));
    traced.merge(untraced).merge(debug::router(debug, basepath)).with_state(Arc::new(frontend))
}

/// What the page has to know.
async fn config(State(frontend): State<Arc<Frontend>>) -> Response {
    answer::json(&serde_json::json!({"jaeger": frontend.jaeger_ui}))
}
