//! The order page: three files that are part of the program, and nothing from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use super::Frontend;

/// The page may load and call nothing but its own server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

const HTML: &str = include_str!("../../../web/index.html");
const SCRIPT: &str = include_str!("../../../web/hotrod.js");
const STYLE: &str = include_str!("../../../web/hotrod.css");

/// The page's routes.
pub(super) fn router(basepath: &str) -> Router<Arc<Frontend>> {
    let router = Router::new()
        .route(&format!("{basepath}/"), get(async || file("text/html; charset=utf-8", HTML)))
        .route(&format!("{basepath}/hotrod.js"), get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route(&format!("{basepath}/hotrod.css"), get(async || file("text/css; charset=utf-8", STYLE)));
    if basepath.is_empty() {
        return router;
    }
    // What the page names is relative to its folder.
    let folder = format!("{basepath}/");
    router.route(basepath, get(async move || Redirect::permanent(&folder)))
}

fn file(content_type: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, NOSNIFF),
        (CACHE_CONTROL, NO_CACHE),
    ];
    (headers, content)
}
