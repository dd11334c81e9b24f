//! The customers, in what passes for a MySQL: a slow query, behind a lock that all queries share.

use tracer_core::active::Instrument;
use tracer_core::{SpanKind, Tracer, active, tags};

use super::delay::Delay;
use super::lock::{Lock, baggage_item};
use super::random::Random;
use crate::cli::Simulation;
use crate::log::Logger;
use crate::services::customer::Customer;

/// The database of customers, a service of its own in traces.
#[derive(Debug)]
pub(crate) struct MySql {
    tracer: Tracer,
    logger: Logger,
    random: Random,
    query: Delay,
    /// The connection pool of size one; `None` if it is fixed.
    connection: Option<Lock>,
}

/// There is no customer of this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid customer ID")]
pub(crate) struct InvalidCustomerId;

const CUSTOMERS: [(i64, &str, &str); 4] = [
    (123, "Rachel's_Floral_Designs", "115,277"),
    (567, "Amazing_Coffee_Roasters", "211,653"),
    (392, "Trom_Chocolatier", "577,322"),
    (731, "Japanese_Desserts", "728,326"),
];

impl MySql {
    pub(crate) fn new(tracer: Tracer, logger: Logger, simulation: &Simulation) -> Self {
        Self {
            tracer,
            logger,
            random: Random::new(simulation.seed, "mysql"),
            query: Delay::mysql_query(simulation.db_query_delay, simulation.time_scale),
            connection: (!simulation.disable_db_conn_mutex).then(Lock::default),
        }
    }

    /// The customer of an id.
    pub(crate) async fn customer(&self, id: i64) -> Result<Customer, InvalidCustomerId> {
        let query = format!("SELECT * FROM customer WHERE customer_id={id}");
        let span = self.tracer.span("SQL SELECT").kind(SpanKind::Client);
        let span = span.tag(tags::PEER_SERVICE, "mysql").tag("sql.query", &query).start();
        self.select(id).in_span(span).await
    }

    async fn select(&self, id: i64) -> Result<Customer, InvalidCustomerId> {
        active::set_tag("request", &baggage_item("request"));
        let _connection = match &self.connection {
            Some(connection) => Some(connection.lock(&self.logger).await),
            None => None,
        };
        self.query.sleep(&self.random).await;
        let row = CUSTOMERS.iter().find(|row| row.0 == id).ok_or(InvalidCustomerId)?;
        Ok(Customer { id: row.0.to_string(), name: row.1.to_owned(), location: row.2.to_owned() })
    }
}
