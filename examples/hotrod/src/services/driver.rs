//! The driver service (gRPC): which cars are near a place.

pub(crate) mod client;

use std::sync::Arc;

use futures_util::future::try_join_all;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming};
use tonic::{Request, Response, Status};
use tower::util::MapRequestLayer;
use tracer_http::PeerAddr;
use tracer_http::server::TraceLayer;

use super::Layers;
use crate::debug;
use crate::log::Logger;
use crate::proto::driver_service_server::{DriverService, DriverServiceServer};
use crate::proto::{DriverLocation, DriverLocationRequest, DriverLocationResponse};
use crate::simulated::faults::Faults;
use crate::simulated::fixes::Fixes;
use crate::simulated::redis::{Redis, RedisError};

/// How often one driver is looked up.
const ATTEMPTS: u32 = 3;

/// A location is two numbers.
const REQUEST_BYTES_MAX: usize = 4 << 10;

/// The service, and what it is made of.
pub(crate) struct Service {
    pub(crate) logger: Logger,
    pub(crate) redis: Redis,
    pub(crate) faults: Faults,
    pub(crate) fixes: Arc<Fixes>,
}

/// Serves until told to stop, and then until all running calls are answered. What `others` answers,
/// by HTTP, is not traced.
pub(crate) async fn serve(
    listener: TcpListener,
    layers: Layers,
    service: Service,
    others: axum::Router,
    stopped: oneshot::Receiver<()>,
) {
    let service = DriverServiceServer::new(service).max_decoding_message_size(REQUEST_BYTES_MAX);
    let trace = TraceLayer::new(layers.tracer).propagation(layers.propagation).grpc();
    let mut routes = Routes::new(service);
    let calls = std::mem::take(routes.axum_router_mut());
    *routes.axum_router_mut() = calls.merge(others);
    let served = Server::builder()
        .accept_http1(true)
        .layer(MapRequestLayer::new(with_peer))
        .layer(trace.filter(|head| !debug::has_path(head.uri.path())))
        .layer(layers.wire)
        .add_routes(routes)
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
        self.faults.meet(&self.logger).await.map_err(|failure| Status::internal(failure.to_string()))?;
        let ids = self.redis.find_driver_ids(&location).await;
        let found = self.drivers(&ids).await;
        let locations = found.map_err(|error| Status::unknown(error.to_string()))?;
        let shown = as_json(&locations);
        let fields = [("driver_count", locations.len().into()), ("locations", (&shown).into())];
        self.logger.info("Search successful", &fields);
        Ok(Response::new(DriverLocationResponse { locations }))
    }
}

impl Service {
    /// One after the other, as the original does; or all at once, which is the fix.
    async fn drivers(&self, ids: &[String]) -> Result<Vec<DriverLocation>, RedisError> {
        if self.fixes.values().driver_parallel {
            return try_join_all(ids.iter().map(|id| self.driver(id))).await;
        }
        let mut drivers = Vec::with_capacity(ids.len());
        for id in ids {
            drivers.push(self.driver(id).await?);
        }
        Ok(drivers)
    }

    async fn driver(&self, id: &str) -> Result<DriverLocation, RedisError> {
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

/// Tells the tracing who calls.
fn with_peer<B>(mut request: http::Request<B>) -> http::Request<B> {
    let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddr(peer));
    }
    request
}

/// Drivers, as text for a log.
pub(crate) fn as_json(drivers: &[DriverLocation]) -> String {
    let drivers = drivers
        .iter()
        .map(|driver| serde_json::json!({"driverID": driver.driver_id, "location": driver.location}));
    serde_json::Value::Array(drivers.collect()).to_string()
}
