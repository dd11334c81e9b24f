//! Asks the customer service.

use super::Customer;
use crate::http::client::{CallError, ServiceClient};
use crate::log::Logger;

/// A client of the customer service.
#[derive(Debug)]
pub(crate) struct CustomerClient {
    logger: Logger,
    service: ServiceClient,
}

impl CustomerClient {
    pub(crate) const fn new(logger: Logger, service: ServiceClient) -> Self {
        Self { logger, service }
    }

    /// The customer of an id.
    pub(crate) async fn customer(&self, id: i64) -> Result<Customer, CallError> {
        self.logger.info("Getting customer", &[("customer_id", id.into())]);
        self.service.get("/customer", &[("customer", &id.to_string())], None).await
    }
}
