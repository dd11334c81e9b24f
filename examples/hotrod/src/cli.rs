//! The command line: the original's flags, and some of our own.

mod load;
mod values;

use std::net::IpAddr;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

pub use self::load::{CustomerShare, LoadOptions, TourOptions};
pub(crate) use self::values::{DELAY_MAX, duration as parse_duration};

/// More workers than that are not asked for.
pub(crate) const WORKERS_MAX: u32 = 10_000;

/// HotROD, rides on demand: a demo of distributed tracing.
#[derive(Clone, Debug, Parser)]
#[command(name = "hotrod", version, about)]
pub struct Cli {
    /// What to do: start everything, if it is not said.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// All flags; they may stand before or after the command.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum Action {
    /// Runs until it is told to end.
    #[command(flatten)]
    Run(Command),
    /// Orders many cars, and tells how long that takes
    Load(LoadOptions),
    /// Runs the demo through its fixes, and names the bottleneck of each from the traces
    Tour(TourOptions),
}

impl Default for Action {
    fn default() -> Self {
        Self::Run(Command::default())
    }
}

/// What to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// All four services and the viewer, in one process
    #[default]
    All,
    /// The web page and the dispatcher
    Frontend,
    /// The customer service, with its simulated MySQL
    Customer,
    /// The driver service (gRPC), with its simulated Redis
    Driver,
    /// The route service
    Route,
    /// The viewer alone: send it the services' spans with --otlp
    Viewer,
}

/// The flags.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Settings {
    /// The simulated parts.
    #[command(flatten)]
    pub simulation: Simulation,
    /// The services' addresses.
    #[command(flatten)]
    pub endpoints: Endpoints,
    /// Send spans by OTLP over HTTP to this end point too, such as http://127.0.0.1:4318
    #[arg(long, global = true, value_name = "URL", value_parser = values::http_url)]
    pub otlp: Option<String>,
    /// Where [find trace] and [open trace] lead [default: the embedded viewer]
    #[arg(short, long, global = true, value_name = "URL", value_parser = values::http_url)]
    pub jaeger_ui: Option<String>,
    /// The path under which the frontend serves
    #[arg(short, long, global = true, default_value = "", hide_default_value = true,
        value_parser = values::base_path)]
    pub basepath: String,
    /// The headers by which contexts go out; all are read
    #[arg(long, global = true, value_name = "FORMAT", default_value = "w3c")]
    pub propagation: Propagation,
    /// Write the services' logs to stderr
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The headers by which contexts go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Propagation {
    /// traceparent, tracestate, baggage
    W3c,
    /// b3, and W3C's baggage
    B3,
    /// x-b3-*, and W3C's baggage
    B3multi,
    /// uber-trace-id, uberctx-*
    Jaeger,
    /// All of these at once
    All,
}

/// Which spans there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Those that the original has
    Original,
    /// And a span for each wait, with links to the requests that were ahead
    Rich,
}

/// How the simulated parts behave.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Simulation {
    /// Average latency of a MySQL query
    #[arg(short = 'D', long = "fix-db-query-delay", global = true, default_value = "300ms",
        value_parser = values::duration)]
    pub db_query_delay: Duration,
    /// Disables the mutex that guards the database connection
    #[arg(short = 'M', long = "fix-disable-db-conn-mutex", global = true)]
    pub disable_db_conn_mutex: bool,
    /// How many route calls may run at once, for all requests together
    #[arg(short = 'W', long = "fix-route-worker-pool-size", global = true, default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(WORKERS_MAX)))]
    pub route_worker_pool_size: u32,
    /// Looks drivers up all at once, and not one after the other
    #[arg(long = "fix-driver-parallel", global = true)]
    pub driver_parallel: bool,
    /// Which spans there are
    #[arg(long, global = true, value_name = "SHAPE", default_value = "original")]
    pub shape: Shape,
    /// Makes what is random repeatable
    #[arg(long, global = true)]
    pub seed: Option<u64>,
    /// Multiplies all simulated times; 0.1 is ten times as fast
    #[arg(long, global = true, default_value = "1", value_parser = values::time_scale)]
    pub time_scale: f64,
}

/// Where the services are: what they listen on, and where the others find them. Port 0 picks a
/// free one.
#[derive(Clone, Debug, clap::Args)]
#[non_exhaustive]
pub struct Endpoints {
    /// Port of the frontend
    #[arg(short, long, global = true, default_value_t = 8080)]
    pub frontend_service_port: u16,
    /// Port of the customer service
    #[arg(short, long, global = true, default_value_t = 8081)]
    pub customer_service_port: u16,
    /// Port of the driver service
    #[arg(short, long, global = true, default_value_t = 8082)]
    pub driver_service_port: u16,
    /// Port of the route service
    #[arg(short, long, global = true, default_value_t = 8083)]
    pub route_service_port: u16,
    /// Port of the embedded viewer
    #[arg(long, global = true, default_value_t = 16686)]
    pub viewer_port: u16,
    /// Address that the embedded viewer listens on
    #[arg(long, global = true, value_name = "IP", default_value = "127.0.0.1")]
    pub viewer_address: IpAddr,
    /// Host of the frontend
    #[arg(long, global = true, default_value = "127.0.0.1", value_parser = values::host)]
    pub frontend_service_hostname: String,
    /// Host of the customer service
    #[arg(long, global = true, default_value = "127.0.0.1", value_parser = values::host)]
    pub customer_service_hostname: String,
    /// Host of the driver service
    #[arg(long, global = true, default_value = "127.0.0.1", value_parser = values::host)]
    pub driver_service_hostname: String,
    /// Host of the route service
    #[arg(long, global = true, default_value = "127.0.0.1", value_parser = values::host)]
    pub route_service_hostname: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_follow_the_command() {
        for line in ["hotrod -f 0 -D 1.5s -M -W 100 all", "hotrod all -f 0 -D 1500ms -M -W 100"] {
            let cli = parse(line).unwrap();
            assert_eq!(cli.action, Some(Action::Run(Command::All)));
            assert_eq!(cli.settings.endpoints.frontend_service_port, 0);
            let simulation = cli.settings.simulation;
            assert_eq!(simulation.db_query_delay, Duration::from_millis(1500));
            assert!(simulation.disable_db_conn_mutex);
            assert_eq!(simulation.route_worker_pool_size, 100);
        }
    }

    #[test]
    fn unusable_values_are_refused() {
        for flags in [
            "-W 0",
            "-f 65536",
            "-D fast",
            "--time-scale -1",
            "--time-scale inf",
            "-j javascript:alert(1)",
            "--otlp localhost:4318",
            "--basepath /a?b",
            "--frontend-service-hostname a/b",
            "everything",
            "--shape round",
            "--propagation xray",
            "load --concurrency 0",
            "load --customers 1:0",
            "load --customers x",
            "load --rate 0",
            "load --count 10 --duration 10s",
            "tour --requests 0",
        ] {
            assert!(parse(&format!("hotrod {flags}")).is_err(), "{flags}");
        }
    }
}
