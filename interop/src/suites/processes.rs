//! Suite `processes`: five services and the viewer, each in a process and, where root allows, in a
//! network namespace of its own, make the trace that one process makes.

mod places;

use std::io::Write;
use std::thread;
use std::time::Duration;

use self::places::{Network, Place};
use crate::http::Client;
use crate::peers::{QueryApi, ours};
use crate::poll;
use crate::process::Child;
use crate::report::Report;
use crate::shape::{self, Attribution, Expectations, Share};

const READY_DEADLINE: Duration = Duration::from_secs(30);
const TRACE_DEADLINE: Duration = Duration::from_secs(30);

const SERVICES: [&str; 4] = ["frontend", "customer", "driver", "route"];

const REQUEST: &str = "1234-1";

/// Everything that runs. The processes end before their network goes.
struct Five {
    processes: Vec<Child>,
    frontend: String,
    viewer: QueryApi,
    _network: Network,
}

/// Starts all, and looks at one order.
pub(super) fn namespaces<W: Write>(report: &mut Report<W>) {
    let Some(network) = report.test("processes/namespaces: has a network", Network::make) else { return };
    let name = format!("processes/namespaces ({})", network.what());
    let hub = network.hub();
    // Only the thread that enters the namespace is in it, and what it starts.
    let run = || {
        places::enter(hub.as_deref())?;
        let mut five = Five::start(network)?;
        let made = five.makes_the_trace();
        let ended = five.end();
        made.and(ended)
    };
    report.test(&format!("{name}: the trace is that of one process"), || {
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("namespace".into()).spawn_scoped(scope, run);
            let thread = thread.map_err(|error| error.to_string())?;
            thread.join().map_err(|_| "a thread panicked".to_owned())?
        })
    });
}

impl Five {
    fn start(network: Network) -> Result<Self, String> {
        let viewer = network.place("viewer")?;
        let viewer_url = format!("http://{}:{}", viewer.host, viewer.port);
        let mut flags: Vec<String> = Vec::new();
        for service in SERVICES {
            let place = network.place(service)?;
            flags.extend([format!("--{service}-service-hostname"), place.host.clone()]);
            flags.extend([format!("--{service}-service-port"), place.port.to_string()]);
        }
        flags.extend(["--otlp".to_owned(), viewer_url.clone()]);
        let of_viewer = ["--viewer-address", &viewer.host, "--viewer-port", &viewer.port.to_string()];
        let mut processes = vec![start(viewer, "viewer", "viewer: ", &of_viewer.map(str::to_owned))?];
        for service in ["customer", "driver", "route", "frontend"] {
            let label = if service == "frontend" { "HotROD: ".to_owned() } else { format!("{service}: ") };
            processes.push(start(network.place(service)?, service, &label, &flags)?);
        }
        let frontend = network.place("frontend")?;
        let frontend = format!("http://{}:{}", frontend.host, frontend.port);
        Ok(Self { processes, frontend, viewer: QueryApi::at(&viewer_url), _network: network })
    }

    fn makes_the_trace(&self) -> Result<(), String> {
        let client = Client::new(Duration::from_secs(30));
        let baggage = format!("session=1234, request={REQUEST}");
        let url = format!("{}/dispatch?customer=123", self.frontend);
        let response = client.get(&url, &[("baggage", &baggage)]).map_err(|error| error.to_string())?;
        if response.status != 200 {
            return Err(format!("{} {}", response.status, response.body));
        }
        let traceresponse = response.traceresponse.ok_or("no traceresponse")?;
        let (trace_id, _) = shape::parse_traceresponse(&traceresponse)?;
        let expected = Expectations::of_request(REQUEST).redis_errors(3..=3);
        let expected = expected.answered_with_traceresponse(&traceresponse);
        let trace = poll::until(TRACE_DEADLINE, || {
            let trace = self.viewer.trace(trace_id)?;
            let faults: Vec<String> =
                shape::check(&trace, &expected).iter().map(ToString::to_string).collect();
            if faults.is_empty() { Ok(trace) } else { Err(faults.join("\n")) }
        })?;
        let vars =
            client.get_json(&format!("{}/debug/vars", self.frontend)).map_err(|error| error.to_string())?;
        let share = Share { trace: &trace, customer: "Rachel's_Floral_Designs", session: "1234" };
        let faults = shape::check_attribution(&Attribution::from_vars(&vars)?, &[share]);
        faults.first().map_or(Ok(()), |fault| Err(fault.to_string()))
    }

    /// Ends all, the callers before those they call, the viewer last.
    fn end(&mut self) -> Result<(), String> {
        for process in self.processes.iter_mut().rev() {
            match process.interrupt() {
                (Some(status), _) if status.success() => {}
                (status, _) => {
                    return Err(format!("ended with {status:?}; it printed:\n{}", process.output()));
                }
            }
        }
        Ok(())
    }
}

fn start(place: &Place, command: &str, label: &str, flags: &[String]) -> Result<Child, String> {
    let mut program = place.command(ours("hotrod"));
    program.arg(command).args(flags);
    let mut process = Child::start(command, program).map_err(|error| error.to_string())?;
    let line = |line: &str| line.starts_with(label).then_some(());
    process.wait_for_line(label, READY_DEADLINE, line).map_err(|error| error.to_string())?;
    Ok(process)
}
