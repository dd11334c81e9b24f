//! The page: files that are part of the program, and nothing from elsewhere.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{StatusCode, header};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const INDEX: &str = include_str!("../web/index.html");

/// Name, type and content of what is served below `/static/`.
const FILES: &[(&str, &str, &str)] = &[
    ("style.css", CSS, include_str!("../web/style.css")),
    ("icon.svg", SVG, include_str!("../web/icon.svg")),
    ("api.js", JS, include_str!("../web/api.js")),
    ("app.js", JS, include_str!("../web/app.js")),
    ("colors.js", JS, include_str!("../web/colors.js")),
    ("details.js", JS, include_str!("../web/details.js")),
    ("dom.js", JS, include_str!("../web/dom.js")),
    ("format.js", JS, include_str!("../web/format.js")),
    ("list.js", JS, include_str!("../web/list.js")),
    ("logfmt.js", JS, include_str!("../web/logfmt.js")),
    ("search.js", JS, include_str!("../web/search.js")),
    ("timeline.js", JS, include_str!("../web/timeline.js")),
    ("trace.js", JS, include_str!("../web/trace.js")),
    ("tree.js", JS, include_str!("../web/tree.js")),
];

/// `/`, `/search`, `/trace/{id}` and `/static/{file}`.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/search") }))
        .route("/search", get(index))
        .route("/trace/{id}", get(index))
        .route("/static/{file}", get(file))
}

/// The same page for all: it reads its own address.
async fn index() -> Response {
    served(HTML, INDEX)
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, content_type, content)) => served(content_type, content),
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}

fn served(content_type: &'static str, content: &'static str) -> Response {
    // Asked for again each time: another version may run here a minute later.
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")];
    (headers, content).into_response()
}
