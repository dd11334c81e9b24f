//! The four services, a file each.

pub(crate) mod customer;
pub(crate) mod driver;
pub(crate) mod frontend;
pub(crate) mod route;

use std::borrow::Cow;

use axum::Router;
use http::{Method, Uri};
use tracer_core::Tracer;
use tracer_http::server::TraceLayer;
use tracer_propagation::Composite;

use crate::http::wire::WireLayer;
use crate::log::Logger;

/// What lies round the handlers of a service.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    pub(crate) tracer: Tracer,
    pub(crate) propagation: Composite,
    pub(crate) wire: WireLayer,
}

impl Layers {
    /// Traces the requests of a service; spans are named after their route.
    fn round<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        let trace = TraceLayer::new(self.tracer).propagation(self.propagation);
        let trace = trace.span_name(|head| head.route().map_or(Cow::Borrowed("unknown"), Cow::Borrowed));
        // The last one is the outer one: the span is active when the headers are kept.
        router.route_layer(self.wire).route_layer(trace)
    }
}

fn log_request(logger: &Logger, method: &Method, uri: &Uri) {
    let url = uri.to_string();
    logger.info("HTTP request received", &[("method", method.as_str().into()), ("url", (&url).into())]);
}
