//! The page: files that are part of the program, and nothing from elsewhere.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{StatusCode, header};

const HTML: &str = "text/html; charset=utf-8";

const INDEX: &str = include_str!("../web/index.html");

/// A file's name and content.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../web/", $name)))
    };
}

/// What is served below `/static/`.
const FILES: &[(&str, &str)] = &[
    file!("app.js"),
    file!("icon.svg"),
    file!("css/base.css"),
    file!("lib/address.js"),
    file!("lib/api.js"),
    file!("lib/colors.js"),
    file!("lib/dom.js"),
    file!("lib/format.js"),
    file!("lib/logfmt.js"),
    file!("lib/table.js"),
    file!("lib/virtual.js"),
    file!("search/conditions.js"),
    file!("search/list.js"),
    file!("search/live.js"),
    file!("search/page.js"),
    file!("search/scatter.js"),
    file!("search/upload.js"),
    file!("trace/analysis.js"),
    file!("trace/bars.js"),
    file!("trace/clocks.js"),
    file!("trace/details.js"),
    file!("trace/drag.js"),
    file!("trace/find.js"),
    file!("trace/findings.js"),
    file!("trace/keys.js"),
    file!("trace/minimap.js"),
    file!("trace/page.js"),
    file!("trace/row.js"),
    file!("trace/state.js"),
    file!("trace/table.js"),
    file!("trace/timeline.js"),
    file!("trace/tree.js"),
    file!("views/aggregate.js"),
    file!("views/attribution.js"),
    file!("views/compare.js"),
    file!("views/edges.js"),
    file!("views/graph.js"),
    file!("views/health.js"),
    file!("views/layout.js"),
    file!("views/lookback.js"),
    file!("views/operations.js"),
    file!("views/paths.js"),
    file!("css/search.css"),
    file!("css/trace.css"),
    file!("css/views.css"),
];

/// Addresses at which the page shows something of its own; see `web/app.js`.
const PAGES: [&str; 9] = [
    "/search",
    "/live",
    "/trace/{id}",
    "/compare",
    "/aggregate",
    "/graph",
    "/operations",
    "/attribution",
    "/health",
];

/// `/`, the page's addresses, and `/static/{file}`.
pub(crate) fn router() -> Router {
    let home = Router::new().route("/", get(|| async { Redirect::temporary("/search") }));
    let pages = PAGES.iter().fold(home, |router, path| router.route(path, get(index)));
    pages.route("/static/{*file}", get(file))
}

/// The same page for all: it reads its own address.
async fn index() -> Response {
    served(HTML, INDEX)
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((name, content)) => served(content_type(name), content),
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

fn served(content_type: &'static str, content: &'static str) -> Response {
    // Asked for again each time: another version may run here a minute later.
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")];
    (headers, content).into_response()
}
