//! The orders themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::{Client, Response};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Plan;

/// Longer answers are no answers of HotROD.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// An order, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    /// From when it was due to the end of its answer.
    pub(crate) latency: Duration,
    /// The status; or why there is none.
    pub(crate) status: Result<u16, String>,
    /// What an answer that is no car says.
    pub(crate) message: Option<String>,
    /// From `traceresponse`; `None` if there was none.
    pub(crate) trace_id: Option<String>,
}

/// Who is next, and when.
#[derive(Debug)]
pub(crate) struct Range {
    next: AtomicU64,
    start: Instant,
    count: u64,
    end: Option<Instant>,
    /// Between two orders.
    pause: Option<Duration>,
}

impl Range {
    pub(super) fn new(plan: &Plan, start: Instant) -> Self {
        Self {
            next: AtomicU64::new(0),
            start,
            count: plan.count,
            end: plan.duration.map(|duration| start + duration),
            pause: plan.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        }
    }

    /// The number of the next order and when it is due; `None` if there is none any more.
    fn next(&self) -> Option<(u64, Instant)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let due = match self.pause {
            Some(pause) => self.start + pause.mul_f64(number as f64),
            None => Instant::now(),
        };
        (number < self.count && self.end.is_none_or(|end| due < end)).then_some((number, due))
    }
}

/// Places one order after the other, until there is none any more or it is stopped.
pub(super) async fn shoot(
    range: Arc<Range>,
    plan: Arc<Plan>,
    client: Client,
    mut stopped: watch::Receiver<bool>,
) -> Vec<Shot> {
    let mut shots = Vec::new();
    while let Some((number, due)) = range.next() {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return shots,
        }
        if *stopped.borrow() {
            return shots;
        }
        // What was due before it could begin waited for it: that counts.
        shots.push(order(&plan, &client, number, due).await);
    }
    shots
}

async fn order(plan: &Plan, client: &Client, number: u64, due: Instant) -> Shot {
    let (session, request) = plan.request(number);
    let mut baggage = format!("session={session},request={request}");
    for (key, value) in &plan.baggage {
        baggage.push_str(&format!(",{key}={}", percent(value)));
    }
    let url = format!("{}/dispatch?customer={}", plan.frontend, plan.customer(number));
    let answered = client.get(url).header("baggage", baggage).send().await;
    let mut shot = Shot { latency: Duration::ZERO, status: Ok(0), message: None, trace_id: None };
    match answered {
        Ok(response) => read(&mut shot, response).await,
        Err(error) => shot.status = Err(cause(&error)),
    }
    shot.latency = due.elapsed();
    shot
}

async fn read(shot: &mut Shot, mut response: Response) {
    shot.trace_id = response.headers().get("traceresponse").and_then(|value| trace_id(value.to_str().ok()?));
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                shot.status = Err(format!("an answer of more than {ANSWER_BYTES_MAX} bytes"));
                return;
            }
            Ok(None) => break,
            Err(error) => {
                shot.status = Err(cause(&error));
                return;
            }
        }
    }
    shot.status = Ok(status.as_u16());
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body);
        // It goes to a terminal.
        shot.message = Some(text.trim().chars().filter(|it| !it.is_control()).take(200).collect());
    }
}

/// `00-<trace id>-<span id>-<flags>`
fn trace_id(traceresponse: &str) -> Option<String> {
    let id = traceresponse.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Percent-codes what baggage cannot have as it is.
fn percent(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/=@".contains(&byte);
    let coded = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(coded).collect()
}

/// The last cause is what the system said; those before quote each other.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_named_by_its_response() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_id(&format!("00-{id}-b7ad6b7169203331-01")).as_deref(), Some(id));
        for text in ["", "00", "00-1-2-3", "00-zaf7651916cd43dd8448eb211c80319c-1-01"] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }

    #[test]
    fn baggage_is_coded() {
        assert_eq!(percent("route:0.3;x,y ä"), "route:0.3%3Bx%2Cy%20%C3%A4");
    }
}
