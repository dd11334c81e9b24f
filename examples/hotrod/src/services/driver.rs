//! The driver service (gRPC): which cars are near a place.

pub(crate) mod client;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracer_core::Tracer;
use tracer_http::server::TraceLayer;

use crate::log::Logger;
use crate::proto::driver_service_server::{DriverService, DriverServiceServer};
use crate::proto::{DriverLocation, DriverLocationRequest, DriverLocationResponse};
use crate::simulated::redis::{Redis, RedisTimeout};

/// How often one driver is looked up.
const ATTEMPTS: u32 = 3;

/// A location is two numbers.
const REQUEST_BYTES_MAX: usize = 4 << 10;

struct Service {
    logger: Logger,
    redis: Redis,
}

/// Serves until told to stop, and then until all running calls are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    tracer: Tracer,
    logger: Logger,
    redis: Redis,
    stopped: oneshot::Receiver<()>,
) {
    let service = DriverServiceServer::new(Service { logger, redis });
    let served = Server::builder()
        .layer(TraceLayer::new(tracer).grpc())
        .add_service(service.max_decoding_message_size(REQUEST_BYTES_MAX))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), async {
            // Ready too if nobody is left to tell.
            let _ = stopped.await;
        });
    if let Err(error) = served.await {
        log::error!("the driver service ended: {error}");
    }
}

#[tonic::async_trait]
impl DriverService for Service {
    async fn find_nearest(
        &self,
        request: Request<DriverLocationRequest>,
    ) -> Result<Response<DriverLocationResponse>, Status> {
        let location = request.into_inner().location;
        self.logger.info("Searching for nearby drivers", &[("location", (&location).into())]);
        let mut locations = Vec::new();
        for id in self.redis.find_driver_ids(&location).await {
            let found = self.driver(&id).await;
            locations.push(found.map_err(|error| Status::unknown(error.to_string()))?);
        }
        let shown = as_json(&locations);
        let fields = [("driver_count", locations.len().into()), ("locations", (&shown).into())];
        self.logger.info("Search successful", &fields);
        Ok(Response::new(DriverLocationResponse { locations }))
    }
}

impl Service {
    async fn driver(&self, id: &str) -> Result<DriverLocation, RedisTimeout> {
        let mut attempt = 1;
        loop {
            let error = match self.redis.driver(id).await {
                Ok(driver) => return Ok(driver),
                Err(error) => error,
            };
            let message = error.to_string();
            let fields = [("retry_no", attempt.into()), ("error", (&message).into())];
            self.logger.error("Retrying GetDriver after error", &fields);
            if attempt == ATTEMPTS {
                let message = format!("Failed to get driver after {ATTEMPTS} attempts");
                self.logger.error(&message, &[("error", (&error.to_string()).into())]);
                return Err(error);
            }
            attempt += 1;
        }
    }
}

/// Drivers, as text for a log.
pub(crate) fn as_json(drivers: &[DriverLocation]) -> String {
    let drivers = drivers
        .iter()
        .map(|driver| serde_json::json!({"driverID": driver.driver_id, "location": driver.location}));
    serde_json::Value::Array(drivers.collect()).to_string()
}
