//! `/dispatch`: somebody wants a car.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode, Uri};

use super::Frontend;
use crate::http::answer;
use crate::http::query::Parameters;
use crate::services::log_request;

pub(super) async fn dispatch(State(frontend): State<Arc<Frontend>>, method: Method, uri: Uri) -> Response {
    let logger = &frontend.logger;
    log_request(logger, &method, &uri);
    let id = match Parameters::of(&uri).and_then(|parameters| parameters.required_integer("customer")) {
        Ok(id) => id,
        Err(error) => return answer::bad_request(&error),
    };
    if let Err(failure) = frontend.faults.meet(logger).await {
        let message = failure.to_string();
        logger.error("request failed", &[("error", (&message).into())]);
        return answer::text(StatusCode::INTERNAL_SERVER_ERROR, &message);
    }
    match frontend.dispatcher.dispatch(id).await {
        Ok(car) => answer::json(&car),
        Err(error) => {
            let message = error.to_string();
            logger.error("request failed", &[("error", (&message).into())]);
            answer::text(error.status_code(), &message)
        }
    }
}
