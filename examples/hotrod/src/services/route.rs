//! The route service: how long a ride takes. An expensive calculation, charged to whom it was for.

pub(crate) mod client;
pub(crate) mod stats;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use self::stats::RouteStats;
use super::{Layers, log_request};
use crate::cli::Simulation;
use crate::http::answer;
use crate::http::query::{ParameterError, Parameters};
use crate::log::Logger;
use crate::simulated::delay::Delay;
use crate::simulated::faults::Faults;
use crate::simulated::random::Random;

/// A way from a car to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Route {
    /// Where the car is, as `x,y`.
    pub(crate) pickup: String,
    /// Where it is wanted, as `x,y`.
    pub(crate) dropoff: String,
    /// How long it takes, in nanoseconds.
    #[serde(rename = "ETA")]
    pub(crate) eta_ns: u64,
}

/// The service, and what it is made of.
pub(crate) struct Service {
    logger: Logger,
    random: Random,
    calculation: Delay,
    faults: Faults,
    stats: Arc<RouteStats>,
}

/// The service's routes.
pub(crate) fn router(layers: Layers, service: Service) -> Router {
    layers.round(Router::new().route("/route", get(route))).with_state(Arc::new(service))
}

/// Where the statistics used to be, for a service in the frontend's process.
pub(crate) fn moved_router() -> Router {
    Router::new().route("/debug/vars", get(moved)).route("/metrics", get(moved))
}

async fn route(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    log_request(&service.logger, &method, &uri);
    match places(&uri) {
        Ok((pickup, dropoff)) => match service.faults.meet(&service.logger).await {
            Ok(()) => answer::json(&service.calculate(&pickup, &dropoff).await),
            Err(failure) => answer::text(StatusCode::INTERNAL_SERVER_ERROR, &failure.to_string()),
        },
        Err(error) => answer::bad_request(&error),
    }
}

/// From where to where.
fn places(uri: &Uri) -> Result<(String, String), ParameterError> {
    let parameters = Parameters::of(uri)?;
    Ok((parameters.required("pickup")?.to_owned(), parameters.required("dropoff")?.to_owned()))
}

impl Service {
    pub(crate) fn new(logger: Logger, simulation: &Simulation, stats: Arc<RouteStats>) -> Self {
        Self {
            logger,
            random: Random::new(simulation.seed, "route"),
            calculation: Delay::route_calculation(simulation.time_scale),
            faults: Faults::new("route", simulation),
            stats,
        }
    }

    async fn calculate(&self, pickup: &str, dropoff: &str) -> Route {
        let start = Instant::now();
        let random = self.random.for_work(&format!("{pickup} {dropoff}"));
        self.calculation.sleep(&random).await;
        let eta_ns = eta(&random).as_nanos().try_into().unwrap_or(u64::MAX);
        self.stats.add(start.elapsed());
        Route { pickup: pickup.to_owned(), dropoff: dropoff.to_owned(), eta_ns }
    }
}

/// Two minutes at least, in whole minutes.
fn eta(random: &Random) -> Duration {
    let minutes = random.normal(5.0, 3.0).max(2.0).floor();
    Duration::try_from_secs_f64(minutes * 60.0).unwrap_or_default()
}

async fn moved() -> Response {
    answer::text(StatusCode::NOT_FOUND, "endpoint moved to the frontend service")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ride_takes_whole_minutes() {
        let random = Random::new(Some(1), "route");
        let etas: Vec<u64> = (0..1000).map(|_| eta(&random).as_secs()).collect();
        assert!(etas.iter().all(|seconds| *seconds >= 120 && seconds % 60 == 0));
        assert!(etas.iter().any(|seconds| *seconds > 300));
    }
}
