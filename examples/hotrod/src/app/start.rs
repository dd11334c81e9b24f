//! The wiring: which service is given what.

use std::sync::Arc;

use tracer_core::Tracer;
use tracer_http::client::TraceLayer;
use tracer_propagation::Composite;
use tracer_viewer::Viewer;

use super::error::StartError;
use super::listen::{Places, viewer_address};
use super::{Addresses, App};
use crate::cli::{Command, Settings};
use crate::debug::{self, Debug, Peers};
use crate::http::client::ServiceClient;
use crate::http::server::{Running, serve};
use crate::http::wire::WireLog;
use crate::log::Logger;
use crate::services::customer::client::CustomerClient;
use crate::services::driver::client::DriverClient;
use crate::services::frontend::{Dispatcher, Frontend};
use crate::services::route::client::RouteClient;
use crate::services::route::stats::RouteStats;
use crate::services::{Layers, customer, driver, frontend, route};
use crate::simulated::faults::Faults;
use crate::simulated::fixes::Fixes;
use crate::simulated::mysql::MySql;
use crate::simulated::redis::Redis;
use crate::simulated::worker_pool::WorkerPool;
use crate::tracing_setup::{Tracers, all_formats, otlp, propagation};

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
    propagation: Composite,
    route_stats: Arc<RouteStats>,
    wire: WireLog,
    fixes: Arc<Fixes>,
    jaeger_ui: String,
}

pub(super) async fn start(command: Command, settings: &Settings) -> Result<App, StartError> {
    let otlp = otlp(settings.otlp.as_deref())?;
    let mut places = Places::take(command, &settings.endpoints).await?;
    let viewer = match command {
        Command::All | Command::Viewer => {
            Some(Viewer::builder().listen(viewer_address(&settings.endpoints)).start()?)
        }
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
        propagation: propagation(settings.propagation),
        route_stats: Arc::default(),
        wire: WireLog::new(all_formats()),
        fixes: Arc::new(Fixes::new(&settings.simulation)),
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
        let has_frontend = frontend.is_some();
        let mut services = Services::default();
        if let Some(listener) = places.customer.listener.take() {
            let router = self.customer().merge(self.debug_if(!has_frontend, &places.customer.host));
            services.customer = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        if let Some(listener) = places.driver.listener.take() {
            let layers = self.layers("driver", &self.tracers.driver);
            let others = self.debug_if(!has_frontend, &places.driver.host);
            let serve = |stopped| driver::serve(listener, layers, self.driver(), others, stopped);
            services.driver = Some(Running::new(serve));
        }
        if let Some(listener) = places.route.listener.take() {
            let moved =
                if has_frontend { route::moved_router() } else { self.debug_if(true, &places.route.host) };
            let router = self.route().merge(moved);
            services.route = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        if let (Some(listener), Some(router)) = (places.frontend.listener.take(), frontend) {
            services.frontend = Some(Running::new(|stopped| serve(listener, router, stopped)));
        }
        Ok(services)
    }

    fn frontend(&self, places: &Places) -> Result<axum::Router, StartError> {
        let logger = self.logger("frontend");
        let simulation = &self.settings.simulation;
        let trace = || TraceLayer::new(self.tracers.frontend.clone()).propagation(self.propagation.clone());
        let client = |service, address| ServiceClient::new(service, address, trace());
        let dispatcher = Dispatcher {
            customers: CustomerClient::new(
                logger.component("customer_client"),
                client("customer", places.customer.address()?)?,
            ),
            drivers: DriverClient::new(
                logger.component("driver_client"),
                places.driver.address()?,
                trace(),
                simulation.time_scale,
            )?,
            routes: RouteClient::new(
                logger.component("route_client"),
                client("route", places.route.address()?)?,
            ),
            workers: WorkerPool::new(Arc::clone(&self.fixes), simulation.shape),
            logger: logger.clone(),
        };
        let faults = Faults::new("frontend", simulation);
        let frontend = Frontend { logger, dispatcher, jaeger_ui: self.jaeger_ui.clone(), faults };
        let mut peers = Peers::default();
        for place in [&places.customer, &places.driver, &places.route] {
            if place.listener.is_none() {
                peers.add(place.service, place.address()?).map_err(StartError::Peers)?;
            }
        }
        let debug = self.debug(&places.frontend.host, peers);
        let layers = self.layers("frontend", &self.tracers.frontend);
        Ok(frontend::router(frontend, layers, debug, &self.settings.basepath))
    }

    fn customer(&self) -> axum::Router {
        let logger = self.logger("customer");
        let simulation = &self.settings.simulation;
        let (tracer, fixes) = (self.tracers.mysql.clone(), Arc::clone(&self.fixes));
        let mysql = MySql::new(tracer, logger.component("mysql"), simulation, fixes);
        let faults = Faults::new("customer", simulation);
        let layers = self.layers("customer", &self.tracers.customer);
        customer::router(layers, customer::Service { logger, mysql, faults })
    }

    fn driver(&self) -> driver::Service {
        let logger = self.logger("driver");
        let simulation = &self.settings.simulation;
        driver::Service {
            redis: Redis::new(self.tracers.redis.clone(), logger.component("redis"), simulation),
            faults: Faults::new("driver", simulation),
            fixes: Arc::clone(&self.fixes),
            logger,
        }
    }

    fn route(&self) -> axum::Router {
        let (simulation, stats) = (&self.settings.simulation, Arc::clone(&self.route_stats));
        let service = route::Service::new(self.logger("route"), simulation, stats);
        route::router(self.layers("route", &self.tracers.route), service)
    }

    /// What a service that runs alone tells of itself.
    fn debug_if(&self, alone: bool, host: &str) -> axum::Router {
        if alone { debug::router(self.debug(host, Peers::default()), "") } else { axum::Router::new() }
    }

    fn debug(&self, host: &str, peers: Peers) -> Debug {
        Debug {
            route_stats: Arc::clone(&self.route_stats),
            pipeline: self.tracers.pipeline.clone(),
            metrics: self.tracers.metrics.clone(),
            wire: self.wire.clone(),
            fixes: Arc::clone(&self.fixes),
            host: host.to_owned(),
            peers,
        }
    }

    fn layers(&self, service: &'static str, tracer: &Tracer) -> Layers {
        let (propagation, wire) = (self.propagation.clone(), self.wire.layer(service));
        Layers { tracer: tracer.clone(), propagation, wire }
    }

    const fn logger(&self, service: &'static str) -> Logger {
        Logger::new(service, self.settings.verbose)
    }
}
