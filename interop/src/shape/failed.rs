//! A dispatch that answered 500 because redis failed three times in a row on one driver.

use super::dissected::Dissected;
use super::expectations::Expectations;
use super::role::Role;
use super::{Check, Failure, answer, order, structure};
use crate::jaeger_json::{Span, Trace};

/// How often one driver is tried.
const ATTEMPTS: usize = 3;

const CHECKS: [(u8, &str, Check); 7] = [
    (2, "spans", spans),
    (3, "kinds", structure::kinds),
    (4, "references", structure::references),
    (5, "errors", errors),
    (7, "staircase", staircase),
    (10, "baggage", answer::baggage),
    (14, "traceresponse", answer::traceresponse),
];

/// Checks the trace of a dispatch that answered 500 under load: redis failed three times on
/// one driver, so there are no route calls, and the error went up to the root.
#[must_use]
pub fn check_failed(trace: &Trace, expected: &Expectations) -> Vec<Failure> {
    let dissected = Dissected::new(trace);
    CHECKS
        .iter()
        .filter_map(|(number, name, check)| {
            let message = check(&dissected, expected).err()?;
            Some(Failure::new(*number, name, message))
        })
        .collect()
}

/// One of each part up to the redis calls; as many failed ones as the driver service logged.
fn spans(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    for part in &it.parts {
        if part.role.is_none() {
            return Err(format!("a span {:?}", part.span.operation_name));
        }
    }
    for role in Role::ALL {
        let found = it.of(role).len();
        let wanted = match role {
            Role::RouteCall | Role::RouteServer => 0,
            Role::GetDriver => continue,
            _ => 1,
        };
        if found != wanted {
            return Err(format!("{found} {role:?} spans, not {wanted}"));
        }
    }
    let logs = &it.one(Role::FindNearestServer)?.logs;
    let logged = |start: &str| {
        let messages = logs.iter().map(|log| log.message());
        messages.filter(|it| it.starts_with(start)).count()
    };
    let failed = errors_in(&it.of(Role::GetDriver));
    if logged("Retrying GetDriver after error") != failed {
        return Err(format!(
            "{failed} GetDriver errors, but {} retries logged",
            logged("Retrying GetDriver after error")
        ));
    }
    if logged("Failed to get driver after 3 attempts") != 1 {
        return Err("the driver service did not log that it gave up".to_owned());
    }
    Ok(())
}

/// The error is on the root, on both sides of the gRPC call, and on the failed redis calls.
fn errors(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    for part in &it.parts {
        let wanted = match part.role {
            Some(Role::Dispatch | Role::FindNearestCall | Role::FindNearestServer) => true,
            Some(Role::GetDriver) => continue,
            _ => false,
        };
        if part.span.is_error() != wanted {
            return Err(format!("error={} on {}", part.span.is_error(), part.span.operation_name));
        }
    }
    Ok(())
}

/// The redis calls come one after another; the last three failed.
fn staircase(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    order::staircase(it, expected)?;
    let calls = it.of(Role::GetDriver);
    let last = calls.len().saturating_sub(ATTEMPTS);
    let failed = errors_in(calls.get(last..).unwrap_or_default());
    if failed != ATTEMPTS {
        return Err(format!("{failed} of the last {ATTEMPTS} GetDriver failed"));
    }
    Ok(())
}

fn errors_in(spans: &[&Span]) -> usize {
    spans.iter().filter(|span| span.is_error()).count()
}
