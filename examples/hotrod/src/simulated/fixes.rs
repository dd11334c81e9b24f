//! The fixes of the bottlenecks, which can be switched while everything runs.

use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::queue::Queue;
use crate::cli::{DELAY_MAX, Simulation, WORKERS_MAX};

/// What is fixed, and the queues that depend on it.
#[derive(Debug)]
pub(crate) struct Fixes {
    values: Mutex<Values>,
    /// For the database's one connection.
    connections: Queue,
    /// For the workers that calculate routes.
    workers: Queue,
}

/// How the bottlenecks are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Values {
    /// `-D`, average latency of a MySQL query, in milliseconds.
    db_query_delay_ms: f64,
    /// `-M`, queries do not wait for each other.
    pub(crate) disable_db_conn_mutex: bool,
    /// `-W`, route calls at once.
    pub(crate) route_worker_pool_size: u32,
    /// Drivers are looked up all at once.
    pub(crate) driver_parallel: bool,
}

/// What is to become different; what is not named stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) db_query_delay_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disable_db_conn_mutex: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) route_worker_pool_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver_parallel: Option<bool>,
}

/// A change that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ChangeError {
    /// No latency of a query.
    #[error("dbQueryDelayMs is {0}, not a number from 0 to {max}", max = DELAY_MAX.as_millis())]
    Delay(f64),
    /// No size of a pool.
    #[error("routeWorkerPoolSize is {0}, not a number from 1 to {WORKERS_MAX}")]
    Workers(u32),
}

impl Fixes {
    /// As the flags say.
    pub(crate) fn new(simulation: &Simulation) -> Self {
        let values = Values {
            db_query_delay_ms: simulation.db_query_delay.as_secs_f64() * 1e3,
            disable_db_conn_mutex: simulation.disable_db_conn_mutex,
            route_worker_pool_size: simulation.route_worker_pool_size,
            driver_parallel: simulation.driver_parallel,
        };
        Self {
            connections: Queue::new(values.connections()),
            workers: Queue::new(values.workers()),
            values: Mutex::new(values),
        }
    }

    /// How it is now.
    pub(crate) fn values(&self) -> Values {
        *self.values.lock()
    }

    /// Changes it, for all that asks or waits from now on.
    ///
    /// # Errors
    /// If a value cannot be: then nothing changes.
    pub(crate) fn change(&self, change: &Change) -> Result<Values, ChangeError> {
        change.check()?;
        let mut values = self.values.lock();
        values.db_query_delay_ms = change.db_query_delay_ms.unwrap_or(values.db_query_delay_ms);
        values.disable_db_conn_mutex = change.disable_db_conn_mutex.unwrap_or(values.disable_db_conn_mutex);
        values.route_worker_pool_size =
            change.route_worker_pool_size.unwrap_or(values.route_worker_pool_size);
        values.driver_parallel = change.driver_parallel.unwrap_or(values.driver_parallel);
        self.connections.set_capacity(values.connections());
        self.workers.set_capacity(values.workers());
        Ok(*values)
    }

    /// The queue for the database's connection.
    pub(crate) const fn connections(&self) -> &Queue {
        &self.connections
    }

    /// The queue for a worker.
    pub(crate) const fn workers(&self) -> &Queue {
        &self.workers
    }
}

impl Values {
    /// Average latency of a MySQL query.
    pub(crate) fn db_query_delay(&self) -> Duration {
        Duration::try_from_secs_f64(self.db_query_delay_ms / 1e3).unwrap_or_default()
    }

    const fn connections(&self) -> usize {
        if self.disable_db_conn_mutex { usize::MAX } else { 1 }
    }

    fn workers(&self) -> usize {
        usize::try_from(self.route_worker_pool_size).unwrap_or(usize::MAX)
    }
}

impl Change {
    fn check(&self) -> Result<(), ChangeError> {
        let delay_max_ms = DELAY_MAX.as_secs_f64() * 1e3;
        if let Some(delay_ms) = self.db_query_delay_ms.filter(|it| !(0.0..=delay_max_ms).contains(it)) {
            return Err(ChangeError::Delay(delay_ms));
        }
        match self.route_worker_pool_size.filter(|it| !(1..=WORKERS_MAX).contains(it)) {
            Some(workers) => Err(ChangeError::Workers(workers)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn fixes(flags: &str) -> Fixes {
        let line = format!("hotrod {flags}");
        Fixes::new(&Cli::parse_from(line.split_whitespace()).settings.simulation)
    }

    #[test]
    fn it_begins_as_the_flags_say_and_a_change_leaves_the_rest() {
        let fixes = fixes("-D 1.5s -W 7");
        let change = Change { driver_parallel: Some(true), ..Change::default() };
        let values = fixes.change(&change).unwrap();
        let json = serde_json::to_value(values).unwrap();
        let expected = serde_json::json!({
            "dbQueryDelayMs": 1500.0, "disableDbConnMutex": false, "routeWorkerPoolSize": 7, "driverParallel": true,
        });
        assert_eq!(json, expected);
        assert_eq!(fixes.values(), values);
    }

    #[test]
    fn a_change_that_cannot_be_changes_nothing() {
        let fixes = fixes("");
        let before = fixes.values();
        for json in [
            r#"{"driverParallel":true,"routeWorkerPoolSize":0}"#,
            r#"{"driverParallel":true,"routeWorkerPoolSize":10001}"#,
            r#"{"driverParallel":true,"dbQueryDelayMs":-1}"#,
            r#"{"driverParallel":true,"dbQueryDelayMs":1e300}"#,
        ] {
            let change: Change = serde_json::from_str(json).unwrap();
            assert!(fixes.change(&change).is_err(), "{json}");
            assert_eq!(fixes.values(), before);
        }
        assert!(serde_json::from_str::<Change>(r#"{"unknown":1}"#).is_err());
    }

    #[test]
    fn who_waits_for_the_mutex_goes_on_when_it_is_switched_off() {
        let fixes = fixes("");
        let _held = fixes.connections().enter();
        let mut waits = fixes.connections().enter();
        let turn = waits.turn.as_mut().unwrap();
        assert!(turn.try_recv().is_err());
        fixes.change(&Change { disable_db_conn_mutex: Some(true), ..Change::default() }).unwrap();
        assert!(turn.try_recv().is_ok());
    }
}
