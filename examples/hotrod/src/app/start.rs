//! The wiring: which service is given what.

use std::sync::Arc;

use tracer_viewer::Viewer;

use super::error::StartError;
use super::listen::{Places, viewer_address};
use super::{Addresses, App};
use crate::cli::{Command, Settings};
use crate::http::client::ServiceClient;
use crate::http::server::{Running, serve};
use crate::log::Logger;
use crate::services::customer::client::CustomerClient;
use crate::services::driver::client::DriverClient;
use crate::services::frontend::{Dispatcher, Frontend};
use crate::services::route::Vars;
use crate::services::route::client::RouteClient;
use crate::services::route::stats::RouteStats;
use crate::services::{customer, driver, frontend, route};
use crate::simulated::mysql::MySql;
use crate::simulated::redis::Redis;
use crate::simulated::worker_pool::WorkerPool;
use crate::tracing_setup::{Tracers, otlp};

/// What runs in this process.
#[derive(Debug, Default)]
pub(super) struct Services {
    pub(super) frontend: Option<Running>,
    pub(super) customer: Option<Running>,
    pub(super) driver: Option<Running>,
    pub(super) route: Option<Running>,
}

/// What all services are given.
struct Shared<'a> {
    settings: &'a Settings,
    tracers: Tracers,
    route_stats: Arc<RouteStats>,
    jaeger_ui: String,
}

pub(super) async fn start(command: Command, settings: &Settings) -> Result<App, StartError> {
    let otlp = otlp(settings.otlp.as_deref())?;
    let mut places = Places::take(command, &settings.endpoints).await?;
    let viewer = match command {
        Command::All => Some(Viewer::builder().listen(viewer_address(&settings.endpoints)).start()?),
        _ => None,
    };
    let viewer_url = viewer.as_ref().map(|viewer| format!("http://{}", viewer.local_addr()));
    let addresses =
        addresses(&places, settings, viewer_url.as_deref(), otlp.as_ref().map(|it| it.endpoint()));
    if viewer.is_none() && otlp.is_none() {
        log::warn!("spans are not sent anywhere: see --otlp");
    }
    let default_ui = || format!("http://127.0.0.1:{}", settings.endpoints.viewer_port);
    let shared = Shared {
        settings,
        tracers: Tracers::new(viewer.as_ref(), otlp),
        route_stats: Arc::default(),
        jaeger_ui: settings.jaeger_ui.clone().or(viewer_url).unwrap_or_else(default_ui),
    };
    let services = shared.run(&mut places)?;
    Ok(App { addresses, services, pipeline: shared.tracers.pipeline, viewer })
}

fn addresses(places: &Places, settings: &Settings, viewer: Option<&str>, otlp: Option<&str>) -> Addresses {
    Addresses {
        frontend: places.frontend.url(&format!("{}/", settings.basepath)),
        customer: places.customer.url("/"),
        driver: places.driver.url("/"),
        route: places.route.url("/"),
        viewer: viewer.map(|url| format!("{url}/")),
        otlp: otlp.map(str::to_owned),
    }
}

impl Shared<'_> {
    /// Starts every service that has a listener.
    fn run(&self, places: &mut Places) -> Result<Services, StartError> {
        // The routers are made first: a failure leaves nothing running.
        let frontend = match &places.frontend.listener {
            Some(_) => Some(self.frontend(places)?),
            None => None,
        };
        let vars = if frontend.is_some() { Vars::AtFrontend } else { Vars::Here };
        let mut services = Services::default();
        if let Some(listener) = places.customer.listener.take() {
            let router = self.customer();
            services.customer = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        if let Some(listener) = places.driver.listener.take() {
            let (tracer, logger, redis) = self.driver();
            let serve = |stopped| driver::serve(listener, tracer, logger, redis, stopped);
            services.driver = Some(Running::new(serve));
        }
        if let Some(listener) = places.route.listener.take() {
            let router = self.route(vars);
            services.route = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        if let (Some(listener), Some(router)) = (places.frontend.listener.take(), frontend) {
            services.frontend = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        Ok(services)
    }

    fn frontend(&self, places: &Places) -> Result<axum::Router, StartError> {
        let (logger, tracer) = (self.logger("frontend"), &self.tracers.frontend);
        let simulation = &self.settings.simulation;
        let client = |service, address| ServiceClient::new(service, address, tracer.clone());
        let dispatcher = Dispatcher {
            customers: CustomerClient::new(
                logger.component("customer_client"),
                client("customer", places.customer.address()?)?,
            ),
            drivers: DriverClient::new(
                logger.component("driver_client"),
                places.driver.address()?,
                tracer.clone(),
                simulation.time_scale,
            )?,
            routes: RouteClient::new(
                logger.component("route_client"),
                client("route", places.route.address()?)?,
            ),
            workers: WorkerPool::new(simulation.route_worker_pool_size),
            logger: logger.clone(),
        };
        let frontend = Frontend {
            logger,
            dispatcher,
            jaeger_ui: self.jaeger_ui.clone(),
            route_stats: Arc::clone(&self.route_stats),
            pipeline: self.tracers.pipeline.clone(),
            metrics: self.tracers.metrics.clone(),
        };
        Ok(frontend::router(frontend, tracer.clone(), &self.settings.basepath))
    }

    fn customer(&self) -> axum::Router {
        let logger = self.logger("customer");
        let simulation = &self.settings.simulation;
        let mysql = MySql::new(self.tracers.mysql.clone(), logger.component("mysql"), simulation);
        customer::router(self.tracers.customer.clone(), logger, mysql)
    }

    fn driver(&self) -> (tracer_core::Tracer, Logger, Redis) {
        let logger = self.logger("driver");
        let simulation = &self.settings.simulation;
        let redis = Redis::new(self.tracers.redis.clone(), logger.component("redis"), simulation);
        (self.tracers.driver.clone(), logger, redis)
    }

    fn route(&self, vars: Vars) -> axum::Router {
        let (logger, tracer) = (self.logger("route"), self.tracers.route.clone());
        route::router(tracer, logger, &self.settings.simulation, Arc::clone(&self.route_stats), vars)
    }

    const fn logger(&self, service: &'static str) -> Logger {
        Logger::new(service, self.settings.verbose)
    }
}
