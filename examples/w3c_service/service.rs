//! The server's side: a request asks for calls, and is answered when they are made.

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use tracer_core::{Tracer, active};
use tracer_http::server::TraceLayer;
use tracer_propagation::Composite;

use crate::callbacks::Caller;
use crate::report::{Call, Report};

/// The most bytes of a request.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// The most calls that one request may ask for.
const CALLS_MAX: usize = 64;

#[derive(Clone)]
struct Service {
    name: String,
    caller: Caller,
}

/// The service, with a span around each request and each call.
pub(crate) fn app(tracer: &Tracer, composite: &Composite) -> Router {
    let caller = Caller::new(tracer, composite);
    let service = Service { name: tracer.service_name().to_owned(), caller };
    let server = TraceLayer::new(tracer.clone()).propagation(composite.clone());
    Router::new()
        .route("/test", post(test))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(server)
        .with_state(service)
}

/// Makes the calls one after the other. One that fails is reported and stops nothing.
async fn test(
    State(service): State<Service>,
    Json(calls): Json<Vec<Call>>,
) -> Result<Json<Report>, (StatusCode, String)> {
    if calls.len() > CALLS_MAX {
        return Err((StatusCode::BAD_REQUEST, format!("{} calls; at most {CALLS_MAX}\n", calls.len())));
    }
    let context = active::context().unwrap_or_default();
    let mut called = Vec::with_capacity(calls.len());
    for call in &calls {
        called.push(service.caller.call(call).await);
    }
    Ok(Json(Report::new(&service.name, &context, called)))
}
