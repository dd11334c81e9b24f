//! The sockets: all are taken before anything starts.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::error::StartError;
use crate::cli::{Command, Endpoints};
use crate::http::{authority, dialled};

/// A service's host and port: where it listens, or where it is found.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) service: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    /// `None` if the service runs elsewhere.
    pub(super) listener: Option<TcpListener>,
}

/// The four services' places.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) frontend: Place,
    pub(super) customer: Place,
    pub(super) driver: Place,
    pub(super) route: Place,
}

impl Places {
    /// Listens for the services that a command names.
    pub(super) async fn take(command: Command, endpoints: &Endpoints) -> Result<Self, StartError> {
        let runs = |service: Command| command == Command::All || command == service;
        let at = endpoints;
        Ok(Self {
            frontend: Place::new("frontend", &at.frontend_service_hostname, at.frontend_service_port)
                .listen_if(runs(Command::Frontend))
                .await?,
            customer: Place::new("customer", &at.customer_service_hostname, at.customer_service_port)
                .listen_if(runs(Command::Customer))
                .await?,
            driver: Place::new("driver", &at.driver_service_hostname, at.driver_service_port)
                .listen_if(runs(Command::Driver))
                .await?,
            route: Place::new("route", &at.route_service_hostname, at.route_service_port)
                .listen_if(runs(Command::Route))
                .await?,
        })
    }
}

impl Place {
    fn new(service: &'static str, host: &str, port: u16) -> Self {
        Self { service, host: host.to_owned(), port, listener: None }
    }

    /// Takes the socket, and learns the port if any would do.
    async fn listen_if(mut self, wanted: bool) -> Result<Self, StartError> {
        if wanted {
            let listener = TcpListener::bind((self.host.as_str(), self.port)).await;
            let listener = listener.map_err(|cause| self.refused(cause))?;
            self.port = listener.local_addr().map_err(|cause| self.refused(cause))?.port();
            self.listener = Some(listener);
        }
        Ok(self)
    }

    /// Where others call the service.
    pub(super) fn address(&self) -> Result<(&str, u16), StartError> {
        if self.port == 0 {
            return Err(StartError::UnknownPort { service: self.service });
        }
        Ok((&self.host, self.port))
    }

    /// The service's URL, if it runs in this process.
    pub(super) fn url(&self, path: &str) -> Option<String> {
        let host = dialled(&self.host);
        self.listener.as_ref().map(|_| format!("http://{}{path}", authority(host, self.port)))
    }

    fn refused(&self, cause: std::io::Error) -> StartError {
        let (service, port, address) = (self.service, self.port, authority(&self.host, self.port));
        match cause.kind() {
            ErrorKind::AddrInUse => StartError::PortInUse { service, port, address },
            _ => StartError::Listen { service, address, cause },
        }
    }
}

/// Where the embedded viewer listens.
pub(super) const fn viewer_address(endpoints: &Endpoints) -> SocketAddr {
    SocketAddr::new(endpoints.viewer_address, endpoints.viewer_port)
}
