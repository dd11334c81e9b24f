//! The customer service: who asks for a car, and where.

pub(crate) mod client;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tracer_core::Tracer;

use super::{log_request, trace_layer};
use crate::http::answer;
use crate::http::query::Parameters;
use crate::log::Logger;
use crate::simulated::mysql::MySql;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Customer {
    /// A number.
    #[serde(rename = "ID")]
    pub(crate) id: String,
    /// Words joined by underscores: baggage is carried without spaces.
    pub(crate) name: String,
    /// `x,y`.
    pub(crate) location: String,
}

struct Service {
    logger: Logger,
    mysql: MySql,
}

/// The service's routes.
pub(crate) fn router(tracer: Tracer, logger: Logger, mysql: MySql) -> Router {
    let service = Arc::new(Service { logger, mysql });
    Router::new().route("/customer", get(customer)).route_layer(trace_layer(tracer)).with_state(service)
}

async fn customer(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    log_request(&service.logger, &method, &uri);
    let id = match Parameters::of(&uri).and_then(|parameters| parameters.required_integer("customer")) {
        Ok(id) => id,
        Err(error) => return answer::bad_request(&error),
    };
    service.logger.info("Loading customer", &[("customer_id", id.into())]);
    match service.mysql.customer(id).await {
        Ok(customer) => answer::json(&customer).into_response(),
        Err(error) => {
            let message = error.to_string();
            service.logger.error("request failed", &[("error", (&message).into())]);
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, &message)
        }
    }
}
