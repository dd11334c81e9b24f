//! Asks the driver service.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, TimeoutExpired};
use tower::Layer;
use tracer_http::client::{Trace, TraceLayer};

use crate::http::{authority, dialled};
use crate::log::Logger;
use crate::proto::driver_service_client::DriverServiceClient;
use crate::proto::{DriverLocation, DriverLocationRequest};
use crate::simulated::delay::scaled;

const DEADLINE: Duration = Duration::from_secs(1);

/// Where simulated times are shorter than the original's, the work round them is not.
const DEADLINE_OF_SHORT_TIMES: Duration = Duration::from_secs(5);

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
    /// A client for the service at an address, whose calls are spans. It connects when
    /// it is first used.
    ///
    /// # Errors
    /// If the address is none.
    pub(crate) fn new(
        logger: Logger,
        (host, port): (&str, u16),
        trace: TraceLayer,
        time_scale: f64,
    ) -> Result<Self, tonic::transport::Error> {
        let host = dialled(host);
        let endpoint = Endpoint::from_shared(format!("http://{}", authority(host, port)))?;
        let channel = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).connect_lazy();
        let trace = trace.grpc().server_address(host, port);
        let deadline = if time_scale < 1.0 { DEADLINE_OF_SHORT_TIMES } else { scaled(DEADLINE, time_scale) };
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
        let expired = TimeoutExpired(()).to_string();
        let code = match status.code() {
            // tonic's name for a deadline that is over, on either side.
            Code::Cancelled if status.message() == expired => Code::DeadlineExceeded,
            code => code,
        };
        Self { code, message: status.message().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use tokio::net::TcpListener;
    use tracer_core::testing::TestTracer;
    use tracer_core::{StatusCode, Tracer};
    use tracer_propagation::Composite;

    use super::*;
    use crate::cli::Cli;
    use crate::http::server::Running;
    use crate::http::wire::WireLog;
    use crate::services::{Layers, driver};
    use crate::simulated::faults::Faults;
    use crate::simulated::fixes::Fixes;
    use crate::simulated::redis::Redis;

    #[tokio::test]
    async fn drivers_that_take_too_long_are_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let test = TestTracer::new("frontend");
        let logger = Logger::new("driver", false);
        // Two seconds for the search alone.
        let slow = Cli::parse_from(["hotrod", "--time-scale", "100"]).settings.simulation;
        let service = driver::Service {
            redis: Redis::new(Tracer::noop(), logger.clone(), &slow),
            faults: Faults::new("driver", &slow),
            fixes: Arc::new(Fixes::new(&slow)),
            logger: logger.clone(),
        };
        let wire = WireLog::new(Composite::w3c()).layer("driver");
        let layers = Layers { tracer: Tracer::noop(), propagation: Composite::w3c(), wire };
        let _running =
            Running::new(|stopped| driver::serve(listener, layers, service, axum::Router::new(), stopped));
        let trace = TraceLayer::new(test.tracer().clone());
        let client = DriverClient::new(logger.clone(), ("127.0.0.1", port), trace, 1.0);
        let error = client.unwrap().find_nearest("1,2").await.unwrap_err();
        assert_eq!(error.code, Code::DeadlineExceeded, "{error}");
        assert!(error.to_string().starts_with("rpc error: code = DeadlineExceeded"), "{error}");
        let span = &test.spans()[0];
        assert_eq!(span.status, StatusCode::Error);
    }
}
