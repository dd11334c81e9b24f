//! Orders placed with a HotROD, and their traces read from a back end.

use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::fail_with;
use crate::jaeger_json::Trace;
use crate::peers::{Hotrod, QueryApi};
use crate::poll;
use crate::shape::{self, Expectations, Share};

/// How long a trace may take to be whole in the back end.
const TRACE_DEADLINE: Duration = Duration::from_secs(30);

/// Exporters send at least once in a second; what comes twice has come by then.
const SETTLE: Duration = Duration::from_millis(1500);

/// The four customers: id, and name as the attribution has it.
const CUSTOMERS: [(&str, &str); 4] = [
    ("123", "Rachel's_Floral_Designs"),
    ("392", "Trom_Chocolatier"),
    ("567", "Amazing_Coffee_Roasters"),
    ("731", "Japanese_Desserts"),
];

/// An order for one customer in one session.
#[derive(Clone, Debug)]
pub(super) struct Order {
    customer: (&'static str, &'static str),
    session: String,
    number: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    status: u16,
    traceresponse: String,
    driver: Option<String>,
}

/// All orders placed so far, each with its whole trace.
#[derive(Debug)]
pub(super) struct Orders<'a> {
    hotrod: &'a Hotrod,
    back_end: &'a QueryApi,
    time_scale: f64,
    placed: Vec<Placed>,
}

#[derive(Debug)]
struct Placed {
    order: Order,
    answered: Answered,
    expected: Expectations,
    trace: Trace,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Car {
    driver: String,
    #[serde(rename = "ETA")]
    eta_ns: u64,
}

impl Order {
    /// The order of this number, of one of so many sessions; the first is customer 123's.
    pub(super) fn of_number(number: usize, sessions: usize) -> Self {
        let customer = CUSTOMERS.iter().cycle().nth(number % CUSTOMERS.len());
        Self {
            customer: customer.copied().unwrap_or_default(),
            session: format!("{}", 1234 + number % sessions),
            number,
        }
    }

    /// The baggage member `request`.
    pub(super) fn request(&self) -> String {
        format!("{}-{}", self.session, self.number)
    }

    fn baggage(&self) -> String {
        format!("session={}, request={}", self.session, self.request())
    }
}

impl<'a> Orders<'a> {
    pub(super) fn new(hotrod: &'a Hotrod, back_end: &'a QueryApi) -> Self {
        Self { hotrod, back_end, time_scale: 1.0, placed: Vec::new() }
    }

    /// The simulated waits are this much of the original's.
    pub(super) fn time_scale(mut self, factor: f64) -> Self {
        self.time_scale = factor;
        self
    }

    /// How many orders were answered with this status.
    pub(super) fn count_of(&self, status: u16) -> usize {
        let with_status = self.placed.iter().filter(|it| it.answered.status == status);
        with_status.count()
    }

    /// Places an order, and waits for its trace to pass the checks. Answers the status.
    pub(super) fn place(&mut self, order: &Order, expected: Expectations) -> Result<u16, String> {
        let answered = send(self.hotrod, order)?;
        let status = answered.status;
        self.keep(order.clone(), answered, expected)?;
        Ok(status)
    }

    /// Places all orders at once, each on a thread of its own; then reads their traces.
    pub(super) fn place_at_once(&mut self, orders: &[Order]) -> Result<Vec<Trace>, String> {
        let hotrod = self.hotrod;
        let answers: Vec<Result<Answered, String>> = thread::scope(|scope| {
            let spawn = |order| {
                thread::Builder::new().name("order".into()).spawn_scoped(scope, move || send(hotrod, order))
            };
            let running: Vec<_> = orders.iter().map(spawn).collect();
            let join = |thread: std::io::Result<thread::ScopedJoinHandle<'_, _>>| {
                let thread = thread.map_err(|error| error.to_string())?;
                thread.join().map_err(|_| "a thread panicked".to_owned())?
            };
            running.into_iter().map(join).collect()
        });
        let mut traces = Vec::with_capacity(orders.len());
        for (order, answered) in orders.iter().zip(answers) {
            let expected = Expectations::of_request(order.request()).time_scale(self.time_scale).under_load();
            traces.push(self.keep(order.clone(), answered?, expected)?);
        }
        Ok(traces)
    }

    /// The traces of all orders.
    pub(super) fn traces(&self) -> Vec<Trace> {
        self.placed.iter().map(|it| it.trace.clone()).collect()
    }

    /// All orders, for the check of the attribution.
    pub(super) fn shares(&self) -> Vec<Share<'_>> {
        let shares = self.placed.iter().map(|it| Share {
            trace: &it.trace,
            customer: it.order.customer.1,
            session: &it.order.session,
        });
        shares.collect()
    }

    /// Reads every trace once more when all exporters have had time to send, so that spans
    /// that came twice or late are seen.
    pub(super) fn check_again(&self) -> Result<(), String> {
        if self.placed.is_empty() {
            return Err("no order was placed".to_owned());
        }
        thread::sleep(SETTLE);
        for placed in &self.placed {
            let trace = self.back_end.trace(&placed.trace.trace_id)?;
            check(&trace, &placed.answered, &placed.expected)?;
            if trace.spans.len() != placed.trace.spans.len() {
                return Err(format!(
                    "trace {} had {} spans and has {}",
                    trace.trace_id,
                    placed.trace.spans.len(),
                    trace.spans.len()
                ));
            }
        }
        Ok(())
    }

    fn keep(&mut self, order: Order, answered: Answered, expected: Expectations) -> Result<Trace, String> {
        let (trace, expected) = whole_trace(self.back_end, &answered, expected)
            .map_err(|why| format!("request {}: {why}", order.request()))?;
        self.placed.push(Placed { order, answered, expected, trace: trace.clone() });
        Ok(trace)
    }
}

/// Sends an order. It must be answered 200 with a car, or 500 with the reason that load can
/// cause; in both cases with a `traceresponse`.
pub(super) fn send(hotrod: &Hotrod, order: &Order) -> Result<Answered, String> {
    let response = hotrod.dispatch(order.customer.0, &order.baggage()).map_err(|error| error.to_string())?;
    let body = &response.body;
    let driver = match response.status {
        200 => Some(driver_of(body)?),
        500 if body.contains("redis timeout") => None,
        status => return Err(format!("{}: {status} {body}", order.request())),
    };
    let traceresponse =
        response.traceresponse.ok_or_else(|| format!("{}: no traceresponse", order.request()))?;
    Ok(Answered { status: response.status, traceresponse, driver })
}

/// Reads a trace until it passes its checks. Answers it, with the completed expectations.
pub(super) fn whole_trace(
    back_end: &QueryApi,
    answered: &Answered,
    expected: Expectations,
) -> Result<(Trace, Expectations), String> {
    let mut expected = expected.answered_with_traceresponse(&answered.traceresponse);
    if let Some(driver) = &answered.driver {
        expected = expected.answered_with_driver(driver);
    }
    let (trace_id, _) = shape::parse_traceresponse(&answered.traceresponse)?;
    let trace = poll::until(TRACE_DEADLINE, || {
        let trace = back_end.trace(trace_id)?;
        check(&trace, answered, &expected)?;
        Ok::<_, String>(trace)
    })?;
    Ok((trace, expected))
}

fn check(trace: &Trace, answered: &Answered, expected: &Expectations) -> Result<(), String> {
    let failures = match answered.status {
        200 => shape::check(trace, expected),
        _ => shape::check_failed(trace, expected),
    };
    fail_with(failures).map_err(|why| format!("trace {}:\n{why}", trace.trace_id))
}

/// The driver of the answer: an id, and an arrival of two whole minutes at least.
fn driver_of(body: &str) -> Result<String, String> {
    const MINUTE_NS: u64 = 60_000_000_000;
    let car: Car = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
    if car.eta_ns < 2 * MINUTE_NS || car.eta_ns % MINUTE_NS != 0 {
        return Err(format!("ETA of {} ns is not whole minutes from 2 up", car.eta_ns));
    }
    Ok(car.driver)
}
