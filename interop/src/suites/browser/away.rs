//! What a customer sees when a service is away: an error on the page. When a collector is: nothing.

use std::time::Duration;

use super::{ANSWER_DEADLINE, ROWS_ARE_THERE, Stage, read};
use crate::browser::Page;
use crate::peers::{clean_command, ours};
use crate::poll;
use crate::process::{Child, free_ports};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// Quick, since it is the end that is looked at.
const TIME_SCALE: &str = "0.05";

/// A frontend whose route service is not there; the two services that are have no collector.
struct Crippled {
    services: [Child; 2],
    _frontend: Child,
    page: String,
}

/// Orders a car that cannot come, and follows the link to its trace.
pub(super) fn route(stage: &mut Stage) -> Result<(), String> {
    let mut crippled = Crippled::start(&stage.viewer)?;
    let trace = stage.on_page_of(&crippled.page, |page| refused(page, &crippled.page))?;
    let path = trace.strip_prefix(&stage.viewer).ok_or_else(|| format!("{trace} is elsewhere"))?;
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    // The frontend's spans come after its answer.
    poll::until(ANSWER_DEADLINE, || {
        let found = stage.ask(&format!("/api/viewer/traces?traceID={id}"))?;
        if found["data"][0]["hasRoot"] == true { Ok(()) } else { Err(format!("no root: {found}")) }
    })?;
    stage.on_page(|page| {
        page.goto(&trace)?;
        page.wait_for(ROWS_ARE_THERE)?;
        page.wait_for_text(".findings", "HTTP GET: /route")?;
        page.wait_for_text(".row.failed", "/dispatch")
    })?;
    crippled.is_quiet()
}

impl Crippled {
    fn start(viewer: &str) -> Result<Self, String> {
        let ports: [u16; 5] = free_ports().map_err(|error| error.to_string())?;
        let [frontend, customer, driver, route, collector] = ports.map(|port| port.to_string());
        let flags = ["-f", &frontend, "-c", &customer, "-d", &driver, "-r", &route];
        let flags = [&flags[..], &["--time-scale", TIME_SCALE]].concat();
        let nowhere = format!("http://127.0.0.1:{collector}");
        let services = [start("customer", &flags, &nowhere)?, start("driver", &flags, &nowhere)?];
        let with_links = [&flags[..], &["-j", viewer]].concat();
        let page = format!("http://127.0.0.1:{frontend}");
        Ok(Self { services, _frontend: start("frontend", &with_links, viewer)?, page })
    }

    /// Each service says once that it cannot reach the collector, and no more.
    fn is_quiet(&mut self) -> Result<(), String> {
        for service in &mut self.services {
            let (status, _) = service.interrupt();
            let output = service.output();
            let said = output.lines().filter(|line| line.contains("cannot reach")).count();
            if !status.is_some_and(|status| status.success()) || said != 1 {
                return Err(format!("{status:?}, told {said} times of its collector:\n{output}"));
            }
        }
        Ok(())
    }
}

fn start(service: &str, flags: &[&str], otlp: &str) -> Result<Child, String> {
    let mut command = clean_command(ours("hotrod"));
    command.arg(service).args(flags).args(["--otlp", otlp]);
    let mut process = Child::start(service, command).map_err(|error| error.to_string())?;
    let label = if service == "frontend" { "HotROD: " } else { service };
    let line = |line: &str| line.starts_with(label).then_some(());
    process.wait_for_line(label, READY_DEADLINE, line).map_err(|error| error.to_string())?;
    Ok(process)
}

/// Where the trace of the order is.
fn refused(page: &mut Page<'_>, frontend: &str) -> Result<String, String> {
    page.goto(&format!("{frontend}/"))?;
    page.click("document.querySelector('button[data-customer]')")?;
    page.wait_for("document.querySelector('#orders li.failed a[href*=\"/trace/\"]')")?;
    let line = read(page, "document.querySelector('#orders li').textContent")?;
    if !line.starts_with("No car: cannot reach the route service") {
        return Err(format!("the page says {line:?}"));
    }
    // That is all that the console has to say.
    match &page.complaints(&[frontend])[..] {
        [one] if one.contains("502") => {}
        other => return Err(format!("complaints: {other:?}")),
    }
    read(page, "document.querySelector('#orders li a[href*=\"/trace/\"]').href")
}
