//! Asks the route service.

use std::time::Duration;

use super::Route;
use crate::http::client::{CallError, PoolWait, ServiceClient};
use crate::log::Logger;

/// A client of the route service.
#[derive(Debug)]
pub(crate) struct RouteClient {
    logger: Logger,
    service: ServiceClient,
}

impl RouteClient {
    pub(crate) const fn new(logger: Logger, service: ServiceClient) -> Self {
        Self { logger, service }
    }

    /// The route from a car to a customer; `waited` is how long the call had to wait for a worker.
    pub(crate) async fn route(
        &self,
        pickup: &str,
        dropoff: &str,
        waited: Duration,
    ) -> Result<Route, CallError> {
        self.logger.info("Finding route", &[("pickup", pickup.into()), ("dropoff", dropoff.into())]);
        let parameters = [("dropoff", dropoff), ("pickup", pickup)];
        let found = self.service.get("/route", &parameters, Some(PoolWait(waited))).await;
        if let Err(error) = &found {
            self.logger.error("Error getting route", &[("error", (&error.to_string()).into())]);
        }
        found
    }
}
