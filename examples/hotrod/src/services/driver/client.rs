//! Asks the driver service.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tower::Layer;
use tracer_core::Tracer;
use tracer_http::client::{Trace, TraceLayer};

use crate::http::{authority, dialled};
use crate::log::Logger;
use crate::proto::driver_service_client::DriverServiceClient;
use crate::proto::{DriverLocation, DriverLocationRequest};
use crate::simulated::delay::scaled;

const DEADLINE: Duration = Duration::from_secs(1);

/// Simulated times can be made shorter than the work round them, which cannot.
const DEADLINE_MIN: Duration = Duration::from_millis(500);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A client of the driver service.
#[derive(Debug)]
pub(crate) struct DriverClient {
    logger: Logger,
    service: DriverServiceClient<Trace<Channel>>,
    deadline: Duration,
}

/// What the driver service, or the connection to it, reported.
#[derive(Debug, thiserror::Error)]
#[error("rpc error: code = {code:?} desc = {message}")]
pub(crate) struct RpcError {
    pub(crate) code: Code,
    message: String,
}

impl DriverClient {
    /// A client for the service at an address, whose calls are the tracer's spans. It connects when
    /// it is first used.
    ///
    /// # Errors
    /// If the address is none.
    pub(crate) fn new(
        logger: Logger,
        (host, port): (&str, u16),
        tracer: Tracer,
        time_scale: f64,
    ) -> Result<Self, tonic::transport::Error> {
        let host = dialled(host);
        let endpoint = Endpoint::from_shared(format!("http://{}", authority(host, port)))?;
        let channel = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).connect_lazy();
        let trace = TraceLayer::new(tracer).grpc().server_address(host, port);
        let deadline = scaled(DEADLINE, time_scale).max(DEADLINE_MIN);
        Ok(Self { logger, service: DriverServiceClient::new(trace.layer(channel)), deadline })
    }

    /// The drivers nearest to a location.
    pub(crate) async fn find_nearest(&self, location: &str) -> Result<Vec<DriverLocation>, RpcError> {
        self.logger.info("Finding nearest drivers", &[("location", location.into())]);
        let mut request = Request::new(DriverLocationRequest { location: location.to_owned() });
        request.set_timeout(self.deadline);
        // A clone is a handle to the same connection.
        let answer = self.service.clone().find_nearest(request).await;
        answer.map(|answer| answer.into_inner().locations).map_err(RpcError::from)
    }
}

impl From<Status> for RpcError {
    fn from(status: Status) -> Self {
        Self { code: status.code(), message: status.message().to_owned() }
    }
}
