//! The customers, in what passes for a MySQL: a slow query, behind a lock that all queries share.

use std::sync::Arc;

use tracer_core::active::Instrument;
use tracer_core::{SpanKind, Tracer, active, tags};

use super::delay::Delay;
use super::faults::{Faults, SimulatedFailure};
use super::fixes::Fixes;
use super::lock::{baggage_item, lock};
use super::random::Random;
use crate::cli::{Shape, Simulation};
use crate::log::Logger;
use crate::services::customer::Customer;

/// The database of customers, a service of its own in traces.
#[derive(Debug)]
pub(crate) struct MySql {
    tracer: Tracer,
    logger: Logger,
    random: Random,
    faults: Faults,
    fixes: Arc<Fixes>,
    shape: Shape,
    time_scale: f64,
}

/// Why there is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// There is no customer of this id.
    #[error("invalid customer ID")]
    InvalidCustomerId,
    /// It was told to fail.
    #[error(transparent)]
    Failure(#[from] SimulatedFailure),
}

const CUSTOMERS: [(i64, &str, &str); 4] = [
    (123, "Rachel's_Floral_Designs", "115,277"),
    (567, "Amazing_Coffee_Roasters", "211,653"),
    (392, "Trom_Chocolatier", "577,322"),
    (731, "Japanese_Desserts", "728,326"),
];

impl MySql {
    pub(crate) fn new(tracer: Tracer, logger: Logger, simulation: &Simulation, fixes: Arc<Fixes>) -> Self {
        Self {
            tracer,
            logger,
            random: Random::new(simulation.seed, "mysql"),
            faults: Faults::new("mysql", simulation),
            fixes,
            shape: simulation.shape,
            time_scale: simulation.time_scale,
        }
    }

    /// The customer of an id.
    pub(crate) async fn customer(&self, id: i64) -> Result<Customer, QueryError> {
        let query = format!("SELECT * FROM customer WHERE customer_id={id}");
        let span = self.tracer.span("SQL SELECT").kind(SpanKind::Client);
        let span = span.tag(tags::PEER_SERVICE, "mysql").tag("sql.query", &query).start();
        self.select(id).in_span(span).await
    }

    async fn select(&self, id: i64) -> Result<Customer, QueryError> {
        active::set_tag("request", &baggage_item("request"));
        let fixes = self.fixes.values();
        let _connection = match fixes.disable_db_conn_mutex {
            false => Some(lock(self.fixes.connections(), self.shape, &self.logger).await),
            true => None,
        };
        self.faults.meet(&self.logger).await?;
        Delay::mysql_query(fixes.db_query_delay(), self.time_scale).sleep(&self.random).await;
        let row = CUSTOMERS.iter().find(|row| row.0 == id).ok_or(QueryError::InvalidCustomerId)?;
        Ok(Customer { id: row.0.to_string(), name: row.1.to_owned(), location: row.2.to_owned() })
    }
}
