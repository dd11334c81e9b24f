//! Suite `shape`: the trace of a dispatch has the same shape from the original HotROD in the
//! real Jaeger, from ours in the embedded viewer, and from ours in the real Jaeger.
//!
//! The first scenario also proves the checks: they hold for what they were measured on.

mod orders;

use std::io::Write;
use std::process::ExitStatus;
use std::time::Duration;

use self::orders::{Order, Orders};
use crate::peers::{Hotrod, Jaeger, QueryApi};
use crate::report::Report;
use crate::shape::{self, Attribution, Expectations};

/// One request after the other, so that each is alone.
const SEQUENTIAL: usize = 6;

/// Requests at once, as many as the measurements were made with.
const AT_ONCE: usize = 50;

/// How often [`AT_ONCE`] requests are made until redis fails three times on one driver, which
/// happens to one request in twelve.
const BATCHES: usize = 5;

/// SIGINT and SIGTERM must end our HotROD, all flushed, within this.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The original HotROD, exporting to the real Jaeger.
pub(super) fn original<W: Write>(report: &mut Report<W>) {
    let started = report.test("shape/original: starts", || {
        let jaeger = Jaeger::start().map_err(|error| error.to_string())?;
        let endpoint = jaeger.otlp_http();
        let hotrod = Hotrod::original(&endpoint, &[]).map_err(|error| error.to_string())?;
        Ok((jaeger, hotrod))
    });
    if let Some((jaeger, hotrod)) = started {
        tests("shape/original", &hotrod, &jaeger.query(), report);
    }
}

/// The original again, its queries so short that the redis calls of many requests overlap: then
/// some of them fail, and their traces have the shape of a failure.
pub(super) fn failures<W: Write>(report: &mut Report<W>) {
    let started = report.test("shape/failures: starts", || {
        let jaeger = Jaeger::start().map_err(|error| error.to_string())?;
        let arguments = ["--fix-db-query-delay=20ms"];
        let hotrod = Hotrod::original(&jaeger.otlp_http(), &arguments);
        Ok((jaeger, hotrod.map_err(|error| error.to_string())?))
    });
    let Some((jaeger, hotrod)) = started else { return };
    report.test("shape/failures: a failed request has its own shape", || {
        let back_end = jaeger.query();
        let mut orders = Orders::new(&hotrod, &back_end).time_scale(0.0);
        for batch in 0..BATCHES {
            at_once(&mut orders, batch * AT_ONCE)?;
            if orders.count_of(500) > 0 {
                return Ok(());
            }
        }
        Err(format!("{} requests, none failed", BATCHES * AT_ONCE))
    });
}

/// Our HotROD with its embedded viewer.
pub(super) fn viewer<W: Write>(report: &mut Report<W>) {
    let started = report.test("shape/viewer: starts", || {
        let hotrod = Hotrod::ours(&[]).map_err(|error| error.to_string())?;
        let viewer = hotrod.viewer().ok_or("no viewer")?;
        Ok((hotrod, viewer))
    });
    if let Some((mut hotrod, viewer)) = started {
        tests("shape/viewer", &hotrod, &viewer, report);
        report.test("shape/viewer: ends in time", || {
            let ended = hotrod.stop();
            ends_in_time(ended, &hotrod)
        });
    }
}

/// Our HotROD, exporting to the real Jaeger.
pub(super) fn otlp<W: Write>(report: &mut Report<W>) {
    let started = report.test("shape/otlp: starts", || {
        let jaeger = Jaeger::start().map_err(|error| error.to_string())?;
        let endpoint = jaeger.otlp_http();
        let hotrod = Hotrod::ours(&["--otlp", &endpoint]).map_err(|error| error.to_string())?;
        Ok((jaeger, hotrod))
    });
    if let Some((jaeger, mut hotrod)) = started {
        tests("shape/otlp", &hotrod, &jaeger.query(), report);
        report.test("shape/otlp: ends in time, the last trace flushed", || {
            flushes_at_the_end(&mut hotrod, &jaeger.query())
        });
    }
}

/// The tests that are made on each pair of a HotROD and a back end, from a fresh start on.
fn tests<W: Write>(name: &str, hotrod: &Hotrod, back_end: &QueryApi, report: &mut Report<W>) {
    let mut orders = Orders::new(hotrod, back_end);
    let vars = report.test(&format!("{name}: attribution starts empty"), || attribution_starts_empty(hotrod));
    report.test(&format!("{name}: lone requests have the shape"), || lone_requests(&mut orders));
    report.test(&format!("{name}: the service graph has their edges"), || service_graph(&orders, back_end));
    if let Some(vars) = vars {
        report.test(&format!("{name}: route time is attributed"), || {
            let now = attribution(hotrod)?;
            fail_with(shape::check_attribution(&now.since(&vars), &orders.shares()))
        });
    }
    report.test(&format!("{name}: {AT_ONCE} at once lose no span"), || at_once(&mut orders, 1000));
    report.test(&format!("{name}: nothing came twice or late"), || orders.check_again());
}

fn attribution(hotrod: &Hotrod) -> Result<Attribution, String> {
    let vars = hotrod.debug_vars().map_err(|error| error.to_string())?;
    Attribution::from_vars(&vars)
}

fn attribution_starts_empty(hotrod: &Hotrod) -> Result<Attribution, String> {
    let found = attribution(hotrod)?;
    if found != Attribution::default() {
        return Err(format!("{found:?}"));
    }
    Ok(found)
}

/// From a fresh start every fifth redis call fails, the first one too: so the requests have 3,
/// 2, 3, 2 … errors and 40, 39, 40, 39 … spans.
fn lone_requests(orders: &mut Orders<'_>) -> Result<(), String> {
    for number in 0..SEQUENTIAL {
        let errors = if number % 2 == 0 { 3 } else { 2 };
        let order = Order::of_number(number, 2);
        let expected = Expectations::of_request(order.request()).redis_errors(errors..=errors);
        let status = orders.place(&order, expected)?;
        if status != 200 {
            return Err(format!("request {} answered {status}", order.request()));
        }
    }
    Ok(())
}

fn service_graph(orders: &Orders<'_>, back_end: &QueryApi) -> Result<(), String> {
    const SLACK_US: u64 = 60_000_000;
    let traces = orders.traces();
    if traces.is_empty() {
        return Err("no trace to compare it with".to_owned());
    }
    let end_us = traces.iter().map(|it| it.end_us()).max().unwrap_or(0);
    let graph = back_end.dependencies(end_us + SLACK_US)?;
    fail_with(shape::check_service_graph(&graph, &traces).into_iter().collect())?;
    let services = back_end.services()?;
    let found = ["frontend", "customer", "mysql", "driver", "redis-manual", "route"]
        .iter()
        .all(|name| services.iter().any(|it| it == name));
    if !found {
        return Err(format!("the services are {services:?}"));
    }
    Ok(())
}

/// Fifty requests of five sessions at once: each is answered, by 200 or, when redis fails three
/// times on one driver, by 500; each trace is whole; they queue for the database in a row.
fn at_once(orders: &mut Orders<'_>, first_number: usize) -> Result<(), String> {
    let placed: Vec<Order> =
        (first_number..first_number + AT_ONCE).map(|number| Order::of_number(number, 5)).collect();
    let traces = orders.place_at_once(&placed)?;
    shape::check_queue(&traces)
}

fn ends_in_time((status, took): (Option<ExitStatus>, Duration), hotrod: &Hotrod) -> Result<(), String> {
    let status = status.ok_or("it does not end")?;
    if !status.success() || took > STOP_LIMIT {
        return Err(format!("ended with {status} after {took:?}; it printed:\n{}", hotrod.output()));
    }
    Ok(())
}

fn flushes_at_the_end(hotrod: &mut Hotrod, back_end: &QueryApi) -> Result<(), String> {
    let order = Order::of_number(2000, 1);
    let answered = orders::send(hotrod, &order)?;
    let ended = hotrod.interrupt();
    ends_in_time(ended, hotrod)?;
    let expected = Expectations::of_request(order.request());
    orders::whole_trace(back_end, &answered, expected).map(|_| ())
}

fn fail_with(failures: Vec<shape::Failure>) -> Result<(), String> {
    if failures.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Err(lines.join("\n"))
}
