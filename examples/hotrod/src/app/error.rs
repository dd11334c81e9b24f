//! Why it does not start.

use tracer_exporter_jaeger::ConfigError;

use crate::http::client::InvalidAddress;

/// Why HotROD does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody else listens there.
    #[error("port {port} of the {service} service is in use ({address})")]
    PortInUse {
        /// The service.
        service: &'static str,
        /// The port.
        port: u16,
        /// Host and port.
        address: String,
    },
    /// The system does not let it listen there.
    #[error("the {service} service cannot listen on {address}: {cause}")]
    Listen {
        /// The service.
        service: &'static str,
        /// Host and port.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The viewer does not start.
    #[error("the viewer does not start: {0}")]
    Viewer(#[from] tracer_viewer::StartError),
    /// The end point for spans cannot be used.
    #[error("spans cannot be sent: {0}")]
    Otlp(#[from] ConfigError),
    /// A service that runs elsewhere has no port to go to.
    #[error("the port of the {service} service must be given when it does not run in this process")]
    UnknownPort {
        /// The service.
        service: &'static str,
    },
    /// The address of a service cannot be called.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// There is no client for the services of other processes.
    #[error("the other services cannot be asked: {0}")]
    Peers(#[source] reqwest::Error),
    /// The address of the driver service cannot be called.
    #[error("address of the driver service: {0}")]
    DriverAddress(#[from] tonic::transport::Error),
}
