//! Suite `tour`: `hotrod tour` finds the laws of the original under load, and the bottleneck of each
//! setting in the traces.
//!
//! What waits for simulated time can be late on a busy machine and never early: so times are held
//! against their laws from below, and against each other.

use std::io::Write;
use std::time::Duration;

use serde::Deserialize;

use crate::peers::{QueryApi, clean_command, ours};
use crate::process::Child;
use crate::report::Report;

/// Half of the original's times: twenty seconds of simulated time in all.
const TIME_SCALE: &str = "0.5";

/// A machine that is busy with other things makes its own bottlenecks; it is not so for ever.
const ATTEMPTS: usize = 3;

/// A setting that takes so much longer than it should was held up by the machine.
const BUSY: f64 = 1.4;

/// On a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(240);

/// A normal distribution of fifty queries or more stays this near to its mean.
const TOLERANCE: f64 = 0.93;

/// The slowest of fifty orders, where nothing is waited for, does not.
const SLOWEST_TOLERANCE: f64 = 0.8;

#[derive(Deserialize)]
struct Tour {
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    flags: String,
    orders: usize,
    answered: usize,
    failed: usize,
    wall_ms: f64,
    p50_ms: f64,
    max_ms: f64,
    law: Law,
    bottleneck: Bottleneck,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Law {
    wall_ms: f64,
    p50_ms: f64,
}

#[derive(Deserialize)]
struct Bottleneck {
    service: String,
    operation: String,
    share: f64,
    #[serde(rename = "traceID")]
    trace_id: String,
    url: String,
}

/// Runs the tour, and follows its links while its viewer stays.
pub(super) fn laws<W: Write>(report: &mut Report<W>) {
    let ran = report.test("tour/laws: runs", || {
        let mut attempt = 1;
        loop {
            let (child, settings) = run()?;
            if attempt == ATTEMPTS || bottlenecks(&settings).is_ok() {
                return Ok((child, settings));
            }
            attempt += 1;
        }
    });
    let Some((mut tour, settings)) = ran else { return };
    report.test("tour/laws: every order is answered", || every(&settings, answered));
    report.test("tour/laws: no setting beats its law", || every(&settings, law));
    report.test("tour/laws: each fix helps, and moves the bottleneck", || bottlenecks(&settings));
    report.test("tour/laws: each link leads to a trace that shows it", || every(&settings, link));
    report.test("tour/laws: ends by Ctrl-C", || match tour.interrupt() {
        (Some(status), _) if status.success() => Ok(()),
        ended => Err(format!("{ended:?}; it printed:\n{}", tour.output())),
    });
}

fn run() -> Result<(Child, Vec<Setting>), String> {
    let mut command = clean_command(ours("hotrod"));
    command.args(["tour", "--json", "--viewer-port", "0", "--time-scale", TIME_SCALE]);
    let mut child = Child::start("hotrod tour", command).map_err(|error| error.to_string())?;
    let json = |line: &str| line.strip_prefix('{').map(|rest| format!("{{{rest}"));
    let line = child.wait_for_line("JSON", DEADLINE, json).map_err(|error| error.to_string())?;
    let tour: Tour = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
    if tour.settings.len() != 6 {
        return Err(format!("{} settings", tour.settings.len()));
    }
    Ok((child, tour.settings))
}

fn every(settings: &[Setting], check: fn(&Setting) -> Result<(), String>) -> Result<(), String> {
    let faults = settings
        .iter()
        .filter_map(|setting| check(setting).err().map(|why| format!("{}: {why}", setting.flags)));
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn answered(setting: &Setting) -> Result<(), String> {
    if (setting.orders, setting.answered) == (50, 50) {
        return Ok(());
    }
    Err(format!("{} of {} orders", setting.answered, setting.orders))
}

fn law(setting: &Setting) -> Result<(), String> {
    // Orders that fail ask for no routes; they do ask for the lock.
    let is_locked = !setting.flags.contains("-M") && !setting.flags.contains("-D");
    let share = if is_locked { 1.0 } else { 1.0 - setting.failed as f64 / 50.0 };
    let tolerance = if setting.flags.contains("-W") { SLOWEST_TOLERANCE } else { TOLERANCE };
    let least_ms = setting.law.wall_ms * tolerance * share;
    if setting.wall_ms < least_ms {
        return Err(format!("{:.0} ms, where {least_ms:.0} ms are the least", setting.wall_ms));
    }
    if setting.p50_ms > setting.max_ms || setting.max_ms > setting.wall_ms + 1.0 {
        return Err(format!("p50 {}, max {}, wall {}", setting.p50_ms, setting.max_ms, setting.wall_ms));
    }
    if is_locked && setting.p50_ms < setting.law.p50_ms * 0.8 {
        return Err(format!("p50 {:.0} ms of {:.0} ms", setting.p50_ms, setting.law.p50_ms));
    }
    Ok(())
}

/// The settings stand in the order in which fixes are made.
fn bottlenecks(settings: &[Setting]) -> Result<(), String> {
    let [default, quick, unlocked, both, workers, parallel] = settings else {
        return Err("not six settings".to_owned());
    };
    let found = |setting: &Setting| {
        let it = &setting.bottleneck;
        format!("{} {} ({:.0} %)", it.service, it.operation, it.share * 100.0)
    };
    for (setting, expected) in
        [(default, "mysql db.acquire"), (unlocked, "frontend pool.wait"), (both, "frontend pool.wait")]
    {
        let found = found(setting);
        if !found.starts_with(expected) {
            return Err(format!("{}: {found}, not {expected}", setting.flags));
        }
    }
    let is_lock = |setting: &Setting| setting.bottleneck.operation == "db.acquire";
    if let Some(setting) = [workers, parallel].into_iter().find(|setting| is_lock(setting)) {
        return Err(format!("{}: {}, which is not there", setting.flags, found(setting)));
    }
    for (slow, fast, factor) in [(default, quick, 1.2), (default, unlocked, 1.2), (both, workers, 1.2)] {
        if fast.law.wall_ms * BUSY < fast.wall_ms && !std::ptr::eq(fast, workers) {
            // The work round the simulated times took longer than they did: that tells of the machine.
            continue;
        }
        if slow.wall_ms < fast.wall_ms * factor {
            return Err(format!(
                "{} took {:.0} ms, {} {:.0} ms",
                slow.flags, slow.wall_ms, fast.flags, fast.wall_ms
            ));
        }
    }
    Ok(())
}

fn link(setting: &Setting) -> Result<(), String> {
    let found = &setting.bottleneck;
    let (viewer, id) = found.url.split_once("/trace/").ok_or_else(|| format!("no link: {}", found.url))?;
    let trace = QueryApi::at(viewer).trace(id)?;
    let shows = trace
        .spans
        .iter()
        .any(|span| span.operation_name == found.operation && trace.service_of(span) == found.service);
    match id == found.trace_id && shows {
        true => Ok(()),
        false => Err(format!("{} has no {} {}", found.url, found.service, found.operation)),
    }
}
