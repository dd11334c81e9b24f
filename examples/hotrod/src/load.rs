//! `hotrod load`: orders many cars, and tells how long that takes.

mod report;
mod shots;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use self::report::{Report, millis};
pub(crate) use self::shots::{Range, Shot};
use crate::cli::{CustomerShare, LoadOptions};

const DURATION: Duration = Duration::from_secs(10);

/// A run ends with so many orders, however long it is to last.
const ORDERS_MAX: u64 = 1_000_000;

/// Orders to be placed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Without a slash at its end.
    pub(crate) frontend: String,
    pub(crate) count: u64,
    pub(crate) duration: Option<Duration>,
    pub(crate) concurrency: u32,
    /// Orders begun a second; as fast as they are answered, without it.
    pub(crate) rate: Option<f64>,
    pub(crate) sessions: u32,
    pub(crate) customers: Vec<CustomerShare>,
    /// The number of the first session.
    pub(crate) first_session: u32,
    pub(crate) baggage: Vec<(String, String)>,
}

/// Runs the command. The first signal ends the ordering, and what there is is told.
pub(crate) async fn command(options: &LoadOptions, mut signals: mpsc::Receiver<()>) -> Result<(), String> {
    let client = client()?;
    let viewer = viewer_of(&client, &options.url).await?;
    let plan = Arc::new(Plan::of(options));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut running = tokio::spawn(run(plan, client, stopped));
    let ended = tokio::select! {
        ended = &mut running => ended,
        _ = signals.recv() => {
            // Those that run are still answered, unless there is a second signal.
            let _ = stop.send(true);
            tokio::select! {
                ended = &mut running => ended,
                _ = signals.recv() => return Ok(()),
            }
        }
    };
    let (shots, wall) = ended.map_err(|error| error.to_string())?;
    let report = Report::of(&shots, wall);
    crate::print(&report.to_text(viewer.as_deref()));
    if report.answered == 0 {
        return Err(format!("no order of {} was answered by {}", shots.len(), options.url));
    }
    Ok(())
}

/// Places the orders; answers what became of each, and how long it took in all.
pub(crate) async fn run(
    plan: Arc<Plan>,
    client: Client,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> (Vec<Shot>, Duration) {
    let start = Instant::now();
    let range = Arc::new(Range::new(&plan, start));
    let mut shooters = JoinSet::new();
    for _ in 0..plan.concurrency.min(u32::try_from(plan.count).unwrap_or(u32::MAX)) {
        shooters.spawn(shots::shoot(Arc::clone(&range), Arc::clone(&plan), client.clone(), stopped.clone()));
    }
    let shots: Vec<Shot> = shooters.join_all().await.into_iter().flatten().collect();
    (shots, start.elapsed())
}

/// A client for as many orders at once as are asked for.
pub(crate) fn client() -> Result<Client, String> {
    let timeout = Duration::from_secs(300);
    Client::builder().no_proxy().timeout(timeout).build().map_err(|error| error.to_string())
}

/// Where a frontend's page links to.
async fn viewer_of(client: &Client, frontend: &str) -> Result<Option<String>, String> {
    const CONFIG_BYTES_MAX: usize = 64 << 10;
    let away = |error: reqwest::Error| format!("no HotROD at {frontend}: {}", shots::cause(&error));
    let mut response = client.get(format!("{frontend}/config")).send().await.map_err(away)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        body.extend_from_slice(&chunk);
        if body.len() > CONFIG_BYTES_MAX {
            return Err(format!("no HotROD at {frontend}: its /config is too long"));
        }
    }
    let config: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(config["jaeger"].as_str().map(|url| url.trim_end_matches('/').to_owned()))
}

impl Plan {
    fn of(options: &LoadOptions) -> Self {
        let duration = options.duration.or_else(|| options.count.is_none().then_some(DURATION));
        Self {
            frontend: options.url.clone(),
            count: options.count.unwrap_or(ORDERS_MAX),
            duration,
            concurrency: options.concurrency,
            rate: options.rate,
            sessions: options.sessions,
            customers: options.customers.clone(),
            first_session: 1000,
            baggage: options.baggage.clone(),
        }
    }

    /// The customer of an order: each has its share of each round.
    fn customer(&self, number: u64) -> i64 {
        let round: u64 = self.customers.iter().map(|customer| u64::from(customer.share)).sum();
        let mut place = number % round.max(1);
        for customer in &self.customers {
            match place.checked_sub(u64::from(customer.share)) {
                Some(rest) => place = rest,
                None => return customer.id,
            }
        }
        0
    }

    /// The session and the id of an order.
    fn request(&self, number: u64) -> (u64, String) {
        let session = u64::from(self.first_session) + number % u64::from(self.sessions.max(1));
        (session, format!("{session}-{}", number + 1))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Action, Cli};

    fn plan(flags: &str) -> Plan {
        let line = format!("hotrod load {flags}");
        match Cli::parse_from(line.split_whitespace()).action {
            Some(Action::Load(options)) => Plan::of(&options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn customers_and_sessions_take_turns() {
        let plan = plan("--customers 123:2,392 --sessions 2");
        let customers: Vec<i64> = (0..6).map(|number| plan.customer(number)).collect();
        assert_eq!(customers, [123, 123, 392, 123, 123, 392]);
        assert_eq!(plan.request(0), (1000, "1000-1".to_owned()));
        assert_eq!(plan.request(3), (1001, "1001-4".to_owned()));
    }

    #[test]
    fn it_lasts_ten_seconds_unless_told_otherwise() {
        assert_eq!((plan("").duration, plan("").count), (Some(DURATION), ORDERS_MAX));
        assert_eq!((plan("--count 7").duration, plan("--count 7").count), (None, 7));
        assert_eq!(plan("--duration 1m").duration, Some(Duration::from_secs(60)));
    }
}
