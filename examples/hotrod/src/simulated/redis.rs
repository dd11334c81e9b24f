//! The drivers, in what passes for a Redis: quick, asked once per driver, and at times silent.

use parking_lot::Mutex;
use tracer_core::active::Instrument;
use tracer_core::{SpanKind, StatusCode, Tracer, active};

use super::delay::Delay;
use super::faults::{Faults, SimulatedFailure};
use super::lock::list;
use super::random::Random;
use crate::cli::Simulation;
use crate::log::Logger;
use crate::proto::DriverLocation;

/// How many drivers a search finds.
const DRIVERS: usize = 10;

/// Each look of this number times out, beginning with the very first.
const TIMEOUT_EVERY: u32 = 5;

/// The store of drivers, a service of its own in traces.
#[derive(Debug)]
pub(crate) struct Redis {
    tracer: Tracer,
    logger: Logger,
    random: Random,
    find: Delay,
    get: Delay,
    timeout: Delay,
    faults: Faults,
    looks_until_timeout: Mutex<u32>,
}

/// Why a driver is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RedisError {
    /// No answer.
    #[error("redis timeout")]
    Timeout,
    /// It was told to fail.
    #[error(transparent)]
    Failure(#[from] SimulatedFailure),
}

impl Redis {
    pub(crate) fn new(tracer: Tracer, logger: Logger, simulation: &Simulation) -> Self {
        let time_scale = simulation.time_scale;
        Self {
            tracer,
            logger,
            random: Random::new(simulation.seed, "redis"),
            find: Delay::redis_find(time_scale),
            get: Delay::redis_get(time_scale),
            timeout: Delay::redis_timeout(time_scale),
            faults: Faults::new("redis", simulation),
            looks_until_timeout: Mutex::new(1),
        }
    }

    /// The ids of the drivers near a location.
    pub(crate) async fn find_driver_ids(&self, location: &str) -> Vec<String> {
        let span = self.tracer.span("FindDriverIDs").kind(SpanKind::Client);
        let span = span.tag("param.driver.location", location).start();
        let search = async {
            self.find.sleep(&self.random).await;
            let ids: Vec<String> =
                (0..DRIVERS).map(|_| format!("T7{:05}C", self.random.below(100_000))).collect();
            self.logger.info("Found drivers", &[("drivers", (&list(&ids)).into())]);
            ids
        };
        search.in_span(span).await
    }

    /// A driver, and where the car is.
    pub(crate) async fn driver(&self, id: &str) -> Result<DriverLocation, RedisError> {
        let span = self.tracer.span("GetDriver").kind(SpanKind::Client);
        let span = span.tag("param.driverID", id).start();
        self.look_up(id).in_span(span).await
    }

    async fn look_up(&self, id: &str) -> Result<DriverLocation, RedisError> {
        self.get.sleep(&self.random).await;
        self.faults.meet(&self.logger).await?;
        if self.is_timeout_due() {
            self.timeout.sleep(&self.random).await;
            active::with(|span| {
                span.record_error(&RedisError::Timeout);
                span.set_status(StatusCode::Error, "An error occurred");
            });
            let error = RedisError::Timeout.to_string();
            self.logger.error("redis timeout", &[("driver_id", id.into()), ("error", (&error).into())]);
            return Err(RedisError::Timeout);
        }
        self.logger.info("Got driver's ID", &[("driverID", id.into())]);
        let location = format!("{},{}", self.random.below(1000), self.random.below(1000));
        Ok(DriverLocation { driver_id: id.to_owned(), location })
    }

    fn is_timeout_due(&self) -> bool {
        let mut looks = self.looks_until_timeout.lock();
        *looks -= 1;
        let due = *looks == 0;
        if due {
            *looks = TIMEOUT_EVERY;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tracer_core::testing::TestTracer;

    use super::*;
    use crate::cli::Cli;

    #[tokio::test]
    async fn the_first_look_of_five_times_out() {
        let cli = Cli::parse_from(["hotrod", "--time-scale", "0", "--seed", "1"]);
        let test = TestTracer::new("redis-manual");
        let logger = Logger::new("driver", false);
        let redis = Redis::new(test.tracer().clone(), logger, &cli.settings.simulation);
        let mut timeouts = Vec::new();
        for look in 0..12 {
            if redis.driver("T700001C").await.is_err() {
                timeouts.push(look);
            }
        }
        assert_eq!(timeouts, [0, 5, 10]);
        let span = &test.spans()[0];
        assert_eq!((span.status, span.status_message.as_str()), (StatusCode::Error, "An error occurred"));
        let logged: Vec<&str> = span.events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(logged, ["exception", "redis timeout"]);
    }
}
