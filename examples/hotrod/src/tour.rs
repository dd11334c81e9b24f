//! `hotrod tour`: many orders at once in each of the demo's settings, what that takes beside what it
//! should, and the bottleneck that the traces show.
//!
//! ```text
//! setting ─> POST /fixes ─> orders (load) ─> flush ─> GET /api/viewer/traces/ID/analysis ─> report
//! ```

mod bottleneck;
mod report;
mod setting;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::{mpsc, watch};

use self::bottleneck::Bottleneck;
use self::report::{Stage, Tour};
use self::setting::{SETTINGS, Setting};
use self::traces::QueryApi;
use crate::app::App;
use crate::cli::{Command, CustomerShare, Settings, Shape, TourOptions};
use crate::load::{self, Plan, Report, Shot};

/// For the last spans of a setting.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

const SESSIONS: u32 = 5;

const CUSTOMERS: [i64; 4] = [123, 392, 567, 731];

/// Runs the command: the tour, and then until a signal, so that links can be followed.
pub(crate) async fn command(
    options: &TourOptions,
    settings: &Settings,
    mut signals: mpsc::Receiver<()>,
) -> Result<(), String> {
    let app = App::start(Command::All, &of_tour(settings)).await.map_err(|error| error.to_string())?;
    let ran = tokio::select! {
        ran = run(options, settings.simulation.time_scale, &app) => ran,
        _ = signals.recv() => {
            crate::stop(app, signals).await;
            return Ok(());
        }
    };
    if ran.is_ok() && !options.quit {
        let viewer = app.addresses().viewer.as_deref().unwrap_or_default();
        crate::stderr::write(&format!("The viewer stays at {viewer} until Ctrl-C."));
        signals.recv().await;
    }
    crate::stop(app, signals).await;
    ran
}

/// Waits are spans, and the services' ports are any, so that a HotROD may run beside it.
fn of_tour(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    settings.simulation.shape = Shape::Rich;
    let endpoints = &mut settings.endpoints;
    endpoints.frontend_service_port = 0;
    endpoints.customer_service_port = 0;
    endpoints.driver_service_port = 0;
    endpoints.route_service_port = 0;
    settings
}

async fn run(options: &TourOptions, time_scale: f64, app: &App) -> Result<(), String> {
    let address = |url: &Option<String>| url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
    let addresses = app.addresses();
    let frontend = address(&addresses.frontend).ok_or("the frontend does not run")?;
    let viewer = address(&addresses.viewer).ok_or("the viewer does not run")?;
    let tour = Tour { requests: options.requests, sessions: SESSIONS, time_scale, viewer };
    let guide = Guide { client: load::client()?, frontend, app, tour: &tour };
    let mut stages = Vec::new();
    if !options.json {
        crate::print(&tour.head());
    }
    for (place, setting) in SETTINGS.iter().enumerate() {
        let stage = guide.stage(place, setting).await.map_err(|why| format!("{}: {why}", setting.flags))?;
        if !options.json {
            crate::print(&tour.stage_as_text(&stage));
        }
        stages.push(stage);
    }
    crate::print(&if options.json { tour.to_json(&stages) } else { tour.tail() });
    Ok(())
}

/// Goes from setting to setting.
struct Guide<'a> {
    client: Client,
    frontend: String,
    app: &'a App,
    tour: &'a Tour,
}

impl Guide<'_> {
    async fn stage(&self, place: usize, setting: &'static Setting) -> Result<Stage, String> {
        self.switch(setting).await?;
        let plan = Plan {
            frontend: self.frontend.clone(),
            count: u64::from(self.tour.requests),
            duration: None,
            concurrency: self.tour.requests,
            rate: None,
            sessions: SESSIONS,
            customers: CUSTOMERS.map(|id| CustomerShare { id, share: 1 }).to_vec(),
            first_session: 1000 * (1 + u32::try_from(place).unwrap_or_default()),
            baggage: Vec::new(),
        };
        let (_running, stopped) = watch::channel(false);
        let (shots, wall) = load::run(Arc::new(plan), self.client.clone(), stopped).await;
        self.app.flush(FLUSH_TIMEOUT).await.map_err(|error| format!("the spans: {error}"))?;
        let bottleneck = self.bottleneck(&shots).await?;
        Ok(Stage { setting, report: Report::of(&shots, wall), bottleneck })
    }

    /// Switches the fixes as the page does.
    async fn switch(&self, setting: &Setting) -> Result<(), String> {
        let body = serde_json::to_vec(&setting.change()).map_err(|error| error.to_string())?;
        let request = self.client.post(format!("{}/fixes", self.frontend));
        let request = request.header(http::header::CONTENT_TYPE, "application/json").body(body);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        answer.error_for_status().map(drop).map_err(|error| error.to_string())
    }

    /// What most of the time of all these orders goes to, by their traces alone.
    async fn bottleneck(&self, shots: &[Shot]) -> Result<Option<Bottleneck>, String> {
        let viewer = QueryApi::new(&self.client, &self.tour.viewer);
        let mut traces = Vec::new();
        for trace_id in shots.iter().filter_map(|shot| shot.trace_id.as_deref()) {
            traces.push(viewer.analysed(trace_id).await?);
        }
        Ok(Bottleneck::of(&traces))
    }
}
