//! Finds the car that arrives first.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use serde::Serialize;
use tonic::Code;
use tracer_core::active;

use crate::http::client::{CallError, micros};
use crate::log::Logger;
use crate::proto::DriverLocation;
use crate::services::customer::Customer;
use crate::services::customer::client::CustomerClient;
use crate::services::driver;
use crate::services::driver::client::{DriverClient, RpcError};
use crate::services::route::Route;
use crate::services::route::client::RouteClient;
use crate::simulated::worker_pool::{Worker, WorkerPool};

/// Asks the three other services, one after the other.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) logger: Logger,
    pub(crate) customers: CustomerClient,
    pub(crate) drivers: DriverClient,
    pub(crate) routes: RouteClient,
    /// Shared by all requests.
    pub(crate) workers: WorkerPool,
}

/// The car that comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Car {
    driver: String,
    #[serde(rename = "ETA")]
    eta_ns: u64,
}

/// Why no car comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DispatchError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("no routes found")]
    NoRoutes,
}

/// A driver's way to the customer, as far as it is known.
struct Ride {
    driver: String,
    route: Result<Route, CallError>,
    waited: Duration,
}

impl Dispatcher {
    /// Sends the nearest car to a customer.
    pub(super) async fn dispatch(&self, customer_id: i64) -> Result<Car, DispatchError> {
        let customer = self.customers.customer(customer_id).await?;
        self.logger.info("Found customer", &[("customer", (&as_json(&customer)).into())]);
        // From here on it travels with every call, to services that are not passed it.
        active::with(|span| span.set_baggage_item("customer", &customer.name));
        // The viewer attributes time by tags: what travels is not seen in spans.
        active::set_tag("customer", &customer.name);

        let drivers = self.drivers.find_nearest(&customer.location).await?;
        self.logger.info("Found drivers", &[("drivers", (&driver::as_json(&drivers)).into())]);

        let rides = self.rides(&customer, drivers).await;
        let waited: Duration = rides.iter().map(|ride| ride.waited).sum();
        active::set_tag("pool.wait_us", micros(waited));
        self.logger.info("Found routes", &[("routes", (&rides_as_json(&rides)).into())]);

        let car = first_to_arrive(rides)?;
        let eta = minutes(car.eta_ns);
        let fields = [("driver", (&car.driver).into()), ("eta", (&eta).into())];
        self.logger.info("Dispatch successful", &fields);
        Ok(car)
    }

    /// Each driver's route, in the order in which they are found. A request asks for one worker at a
    /// time, so that requests side by side take turns.
    async fn rides(&self, customer: &Customer, drivers: Vec<DriverLocation>) -> Vec<Ride> {
        let mut rides = Vec::with_capacity(drivers.len());
        let mut running = FuturesUnordered::new();
        for driver in drivers {
            let mut worker = pin!(self.workers.worker());
            let worker = loop {
                tokio::select! {
                    worker = &mut worker => break worker,
                    Some(ride) = running.next() => rides.push(ride),
                }
            };
            running.push(self.ride(worker, driver, &customer.location));
        }
        while let Some(ride) = running.next().await {
            rides.push(ride);
        }
        rides
    }

    /// A driver's way, found by a worker.
    async fn ride(&self, worker: Worker<'_>, driver: DriverLocation, to: &str) -> Ride {
        let route = self.routes.route(&driver.location, to, worker.waited).await;
        Ride { driver: driver.driver_id, route, waited: worker.waited }
    }
}

impl DispatchError {
    /// 502 if a service does not answer, else 500.
    pub(super) const fn status_code(&self) -> StatusCode {
        match self {
            Self::Call(CallError::Unreachable { .. }) => StatusCode::BAD_GATEWAY,
            Self::Rpc(RpcError { code: Code::Unavailable, .. }) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Who arrives soonest, and of several the one of the lowest name: which route was found first is chance.
/// Or why one of the routes is not known.
fn first_to_arrive(rides: Vec<Ride>) -> Result<Car, DispatchError> {
    let cars = rides.into_iter().map(|ride| Ok(Car { driver: ride.driver, eta_ns: ride.route?.eta_ns }));
    let cars = cars.collect::<Result<Vec<_>, CallError>>()?;
    let best = cars.into_iter().min_by(|a, b| (a.eta_ns, &a.driver).cmp(&(b.eta_ns, &b.driver)));
    best.ok_or(DispatchError::NoRoutes)
}

/// As Go prints whole minutes.
fn minutes(eta_ns: u64) -> String {
    let seconds = Duration::from_nanos(eta_ns).as_secs();
    format!("{}m{}s", seconds / 60, seconds % 60)
}

fn rides_as_json(rides: &[Ride]) -> String {
    let rides = rides.iter().map(|ride| match &ride.route {
        Ok(route) => serde_json::json!({"driver": ride.driver, "route": route}),
        Err(error) => serde_json::json!({"driver": ride.driver, "error": error.to_string()}),
    });
    serde_json::Value::Array(rides.collect()).to_string()
}

fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ride(driver: &str, minutes: u64) -> Ride {
        let route = Route { pickup: "1,2".into(), dropoff: "3,4".into(), eta_ns: minutes * 60_000_000_000 };
        Ride { driver: driver.into(), route: Ok(route), waited: Duration::ZERO }
    }

    #[test]
    fn the_soonest_comes_and_of_two_always_the_same_one() {
        for rides in [[("a", 5), ("b", 2), ("c", 2)], [("c", 2), ("b", 2), ("a", 5)]] {
            let rides = rides.map(|(driver, minutes)| ride(driver, minutes));
            let car = first_to_arrive(rides.into()).unwrap();
            assert_eq!((car.driver.as_str(), minutes(car.eta_ns)), ("b", "2m0s".to_owned()));
        }
    }

    #[test]
    fn a_route_that_failed_is_an_error_and_so_is_none() {
        let cause = "connection refused".to_owned();
        let base = "http://127.0.0.1:1/".to_owned();
        let error = CallError::Unreachable { service: "route", base, cause };
        let failed = Ride { route: Err(error), ..ride("b", 2) };
        let error = first_to_arrive(vec![ride("a", 5), failed]).unwrap_err();
        assert_eq!(error.status_code(), 502);
        assert!(error.to_string().contains("connection refused"), "{error}");
        assert_eq!(first_to_arrive(vec![]).unwrap_err().to_string(), "no routes found");
    }
}
