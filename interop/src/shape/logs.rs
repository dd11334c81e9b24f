//! Check 6: what each span logged, in which words and order, with which fields.

use super::dissected::Dissected;
use super::expectations::Expectations;
use super::order::ROUNDING_US;
use super::role::Role;
use crate::jaeger_json::{Log, Span};

/// A line that is expected: how its message starts, and the fields it must have.
type Line = (&'static str, &'static [&'static str]);

const RECEIVED: Line = ("HTTP request received", &["level", "method", "url"]);
const WAITED: Line = ("Waiting for lock behind ", &["level", "blockers"]);
const RETRYING: Line = ("Retrying GetDriver after error", &["level", "retry_no", "error"]);

/// Check 6: 43 + 3 E logs, one more if the query had to wait for the lock; each with its
/// words, its fields, and a time inside its span.
pub(super) fn logs(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let mut retries = it.redis_errors();
    for part in &it.parts {
        let Some(role) = part.role else { continue };
        let span = part.span;
        let lines = match role {
            Role::GetDriver => get_driver_lines(span, &mut retries),
            _ => lines_of(role, span, it.redis_errors()),
        };
        compare(span, &lines).map_err(|why| format!("{role:?}: {why}"))?;
    }
    Ok(())
}

fn lines_of(role: Role, span: &Span, redis_errors: usize) -> Vec<Line> {
    match role {
        Role::Dispatch => dispatch_lines(),
        Role::CustomerServer => vec![RECEIVED, ("Loading customer", &["level", "customer_id"])],
        Role::SqlSelect => sql_lines(span),
        Role::FindNearestServer => find_nearest_lines(redis_errors),
        Role::FindDriverIds => vec![("Found drivers", &["level", "drivers"])],
        Role::RouteServer => vec![RECEIVED],
        Role::CustomerCall | Role::FindNearestCall | Role::RouteCall | Role::GetDriver => vec![],
    }
}

fn dispatch_lines() -> Vec<Line> {
    let mut lines = vec![
        RECEIVED,
        ("Getting customer", &["level", "customer_id"]),
        ("Found customer", &["level"]),
        ("Finding nearest drivers", &["level", "location"]),
        ("Found drivers", &["level"]),
    ];
    lines.extend([("Finding route", &["level", "pickup", "dropoff"] as &[_]); 10]);
    lines.push(("Found routes", &["level"]));
    lines.push(("Dispatch successful", &["level", "driver", "eta"]));
    lines
}

fn sql_lines(span: &Span) -> Vec<Line> {
    let waited = span.logs.first().is_some_and(|log| log.message().starts_with(WAITED.0));
    let mut lines = if waited { vec![WAITED] } else { vec![] };
    lines.push(("Acquired lock; ", &["level", "waiters"]));
    lines
}

fn find_nearest_lines(redis_errors: usize) -> Vec<Line> {
    let mut lines = vec![("Searching for nearby drivers", &["level", "location"] as &[_])];
    lines.extend(std::iter::repeat_n(RETRYING, redis_errors));
    lines.push(("Search successful", &["level", "driver_count", "locations"]));
    lines
}

/// A call that failed has two logs, any other one. How many may be failed ones is known from
/// their number, whatever their tags say; which ones is known from the logs alone.
fn get_driver_lines(span: &Span, retries: &mut usize) -> Vec<Line> {
    let failed = span.logs.len() > 1 && *retries > 0;
    if !failed {
        return vec![("Got driver's ID", &["level", "driverID"])];
    }
    *retries -= 1;
    vec![
        ("exception", &["exception.type", "exception.message"]),
        ("redis timeout", &["level", "driver_id", "error"]),
    ]
}

fn compare(span: &Span, lines: &[Line]) -> Result<(), String> {
    let messages: Vec<String> = span.logs.iter().map(Log::message).collect();
    if messages.len() != lines.len() {
        return Err(format!("{} logs, not {}: {messages:?}", messages.len(), lines.len()));
    }
    for ((log, message), (start, fields)) in span.logs.iter().zip(&messages).zip(lines) {
        if !message.starts_with(start) {
            return Err(format!("log {message:?} where {start:?} was expected"));
        }
        if let Some(missing) = fields.iter().find(|key| log.field(key).is_none()) {
            return Err(format!("log {message:?} has no field {missing}"));
        }
        let from = span.start_us.saturating_sub(ROUNDING_US);
        let to = span.end_us().saturating_add(ROUNDING_US);
        if !(from..=to).contains(&log.timestamp_us) {
            return Err(format!(
                "log {message:?} at {} us is outside its span, {from} to {to} us",
                log.timestamp_us
            ));
        }
    }
    Ok(())
}
