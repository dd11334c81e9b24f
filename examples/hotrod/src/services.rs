//! The four services, a file each.

pub(crate) mod customer;
pub(crate) mod driver;
pub(crate) mod frontend;
pub(crate) mod route;

use std::borrow::Cow;

use http::{Method, Uri};
use tracer_core::Tracer;
use tracer_http::server::TraceLayer;

use crate::log::Logger;

/// Traces the requests of a service; spans are named after their route.
fn trace_layer(tracer: Tracer) -> TraceLayer {
    TraceLayer::new(tracer).span_name(|head| head.route().map_or(Cow::Borrowed("unknown"), Cow::Borrowed))
}

fn log_request(logger: &Logger, method: &Method, uri: &Uri) {
    let url = uri.to_string();
    logger.info("HTTP request received", &[("method", method.as_str().into()), ("url", (&url).into())]);
}
