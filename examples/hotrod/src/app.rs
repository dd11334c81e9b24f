//! Starts everything, and ends it in order.

mod error;
mod listen;
mod start;

use std::time::Duration;

use tokio::time::Instant;
use tracer_core::{FlushError, Pipeline, Stats};
use tracer_viewer::Viewer;

pub use self::error::StartError;
use self::start::Services;
use crate::cli::{Command, Settings};
use crate::http::server::Running;

/// How long requests may take to come to their end when the program ends; what is left is cut, and
/// its spans are tagged `cancelled`.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(2500);

/// How long the spans of what is cut may take to end.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(400);

/// How long the last spans may take to leave. With the two above it is less than the five seconds that
/// whoever sends a signal waits.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(1500);

/// A HotROD that runs, whole or a part of it. [`stop`](Self::stop) ends it in order; dropping it
/// cuts everything.
#[derive(Debug)]
pub struct App {
    addresses: Addresses,
    services: Services,
    pipeline: Pipeline,
    viewer: Option<Viewer>,
}

/// The URL of each part that runs in this process, with a slash at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// The page.
    pub frontend: Option<String>,
    /// The customer service.
    pub customer: Option<String>,
    /// The driver service, which speaks gRPC.
    pub driver: Option<String>,
    /// The route service.
    pub route: Option<String>,
    /// The embedded viewer.
    pub viewer: Option<String>,
    /// The collector that spans are sent to.
    pub otlp: Option<String>,
}

impl App {
    /// Starts what a command names, on the runtime that this is called on.
    ///
    /// # Errors
    /// If a port is in use or a setting cannot be used. Nothing runs then.
    pub async fn start(command: Command, settings: &Settings) -> Result<Self, StartError> {
        start::start(command, settings).await
    }

    /// Where to find its parts.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What became of all spans of this process.
    #[must_use]
    pub fn spans(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Waits until all spans that have ended are with the viewer and the collector.
    ///
    /// # Errors
    /// If that takes longer.
    pub async fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        self.pipeline.flush_async(timeout).await
    }

    /// Cuts a service off, for tests of what the others make of it.
    pub async fn stop_service(&mut self, service: Command) {
        let running = match service {
            Command::All | Command::Viewer => None,
            Command::Frontend => self.services.frontend.take(),
            Command::Customer => self.services.customer.take(),
            Command::Driver => self.services.driver.take(),
            Command::Route => self.services.route.take(),
        };
        if let Some(running) = running {
            running.stop(Instant::now()).await;
        }
    }

    /// Ends everything within four and a half seconds: requests that run are answered, or cut when their time
    /// is over, and all spans leave.
    pub async fn stop(mut self) {
        let deadline = Instant::now() + DRAIN_TIMEOUT;
        // The frontend's requests need the others.
        stop_one(self.services.frontend.take(), deadline).await;
        tokio::join!(
            stop_one(self.services.customer.take(), deadline),
            stop_one(self.services.driver.take(), deadline),
            stop_one(self.services.route.take(), deadline),
        );
        self.settle(Instant::now() + SETTLE_TIMEOUT).await;
        let pipeline = self.pipeline.clone();
        let flushed = tokio::task::spawn_blocking(move || pipeline.shutdown(FLUSH_TIMEOUT)).await;
        if let Ok(Err(error)) = flushed
            && error != FlushError::ShutDown
        {
            log::warn!("the last spans: {error}; {}", self.pipeline.stats());
        }
        if let Some(viewer) = self.viewer {
            viewer.stop();
        }
    }
}

impl App {
    /// Waits for the spans of what was cut: the runtime drops its tasks one after the other.
    async fn settle(&self, deadline: Instant) {
        loop {
            let stats = self.pipeline.stats();
            if stats.started == stats.finished || Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn stop_one(service: Option<Running>, deadline: Instant) {
    if let Some(service) = service {
        service.stop(deadline).await;
    }
}
