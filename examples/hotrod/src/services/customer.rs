//! The customer service: who asks for a car, and where.

pub(crate) mod client;

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use super::{Layers, log_request};
use crate::http::answer;
use crate::http::query::Parameters;
use crate::log::Logger;
use crate::simulated::faults::Faults;
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

/// The service, and what it is made of.
pub(crate) struct Service {
    pub(crate) logger: Logger,
    pub(crate) mysql: MySql,
    pub(crate) faults: Faults,
}

/// The service's routes.
pub(crate) fn router(layers: Layers, service: Service) -> Router {
    layers.round(Router::new().route("/customer", get(customer))).with_state(Arc::new(service))
}

async fn customer(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    log_request(&service.logger, &method, &uri);
    let id = match Parameters::of(&uri).and_then(|parameters| parameters.required_integer("customer")) {
        Ok(id) => id,
        Err(error) => return answer::bad_request(&error),
    };
    service.logger.info("Loading customer", &[("customer_id", id.into())]);
    if let Err(failure) = service.faults.meet(&service.logger).await {
        return service.failed(&failure);
    }
    match service.mysql.customer(id).await {
        Ok(customer) => answer::json(&customer).into_response(),
        Err(error) => service.failed(&error),
    }
}

impl Service {
    fn failed(&self, error: &dyn Error) -> Response {
        let message = error.to_string();
        self.logger.error("request failed", &[("error", (&message).into())]);
        answer::text(StatusCode::INTERNAL_SERVER_ERROR, &message)
    }
}
