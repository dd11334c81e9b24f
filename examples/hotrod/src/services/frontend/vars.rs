//! `/debug/vars`: what the process counts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::Frontend;
use crate::http::answer;

/// Route time by customer and by session, and what became of all spans of this process.
pub(super) async fn vars(State(frontend): State<Arc<Frontend>>) -> Response {
    let stats = frontend.pipeline.stats();
    let mut vars = frontend.route_stats.vars();
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
    answer::json(&vars)
}
