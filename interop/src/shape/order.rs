//! Checks of time: what comes after what, what runs side by side, what takes long.

use super::dissected::Dissected;
use super::expectations::Expectations;
use super::role::Role;
use crate::jaeger_json::Span;

/// Times are cut to microseconds twice, at the start and in the duration.
pub(super) const ROUNDING_US: u64 = 2;

/// The size of the pool that route calls go through.
const ROUTE_WORKERS: usize = 3;

/// Below this scale a route call is so short that three at once are not certain.
const SCALE_WITH_FULL_POOL: f64 = 0.1;

/// Check 7: the redis calls under `FindNearest` come one after another, and after each error
/// the same driver is tried again.
pub(super) fn staircase(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let mut steps = it.of(Role::FindDriverIds);
    steps.extend(it.of(Role::GetDriver));
    steps.sort_by_key(|span| (span.start_us, span.end_us()));
    for (earlier, later) in steps.iter().zip(steps.iter().skip(1)) {
        if starts_before_end(later, earlier) {
            return Err(format!(
                "{} starts {} us before {} has ended",
                later.operation_name,
                earlier.end_us().saturating_sub(later.start_us),
                earlier.operation_name
            ));
        }
        let (tried, next) = (driver_of(earlier), driver_of(later));
        if earlier.is_error() && tried != next {
            return Err(format!("after an error with {tried:?} came {next:?}"));
        }
    }
    Ok(())
}

/// Check 8: the customer call, then the driver call, then the route calls.
pub(super) fn phases(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let phases = [it.one(Role::CustomerCall)?, it.one(Role::FindNearestCall)?, it.one(Role::RouteCall)?];
    for (earlier, later) in phases.iter().zip(phases.iter().skip(1)) {
        if starts_before_end(later, earlier) {
            return Err(format!(
                "{} starts at {} us, before {} has ended at {} us",
                later.operation_name,
                later.start_us,
                earlier.operation_name,
                earlier.end_us()
            ));
        }
    }
    Ok(())
}

/// Check 9: ten route calls under the root, at most three at once; exactly three when alone.
pub(super) fn route_calls(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    let calls = it.of(Role::RouteCall);
    let most = most_at_once(&calls);
    let exact = expected.alone && expected.time_scale >= SCALE_WITH_FULL_POOL;
    if most > ROUTE_WORKERS || (exact && most != ROUTE_WORKERS) {
        let wanted = if exact { "exactly" } else { "at most" };
        return Err(format!("{most} route calls at once, {wanted} {ROUTE_WORKERS} expected"));
    }
    Ok(())
}

/// Check 16: the simulated waits are really there. Only lower bounds, far below the means, so
/// that a busy machine cannot fail them.
pub(super) fn waits(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    // N(300, 30) ms less six standard deviations, and the fixed part of N(10, 2.5) + 20 ms.
    let at_least = |span: &Span, bound_us: f64| {
        let bound_us = bound_us * expected.time_scale;
        if span.duration_us as f64 + ROUNDING_US as f64 >= bound_us {
            return Ok(());
        }
        Err(format!("{} took {} us, less than {bound_us} us", span.operation_name, span.duration_us))
    };
    at_least(it.one(Role::SqlSelect)?, 120_000.0)?;
    for span in it.of(Role::GetDriver) {
        if span.is_error() {
            at_least(span, 20_000.0)?;
        }
    }
    Ok(())
}

fn starts_before_end(later: &Span, earlier: &Span) -> bool {
    later.start_us.saturating_add(ROUNDING_US) < earlier.end_us()
}

/// The driver that a `GetDriver` span asked for: a tag, and a field of its logs.
pub(super) fn driver_of(span: &Span) -> Option<String> {
    span.tag("param.driverID")
        .or_else(|| span.logs.iter().find_map(|log| log.field("driverID").or_else(|| log.field("driver_id"))))
}

/// The greatest number of spans that run at one time; one that ends as another starts does not
/// overlap it.
fn most_at_once(spans: &[&Span]) -> usize {
    let mut edges: Vec<(u64, i32)> = Vec::with_capacity(spans.len() * 2);
    for span in spans {
        edges.push((span.start_us.saturating_add(ROUNDING_US), 1));
        edges.push((span.end_us().max(span.start_us + ROUNDING_US), -1));
    }
    edges.sort_unstable();
    let mut running = 0;
    let mut most = 0;
    for (_, step) in edges {
        running += step;
        most = most.max(running);
    }
    usize::try_from(most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start_us: u64, duration_us: u64) -> Span {
        Span { start_us, duration_us, ..Span::default() }
    }

    #[test]
    fn counts_overlaps() {
        let spans = [span(0, 100), span(50, 100), span(100, 100), span(100, 10)];
        let all: Vec<&Span> = spans.iter().collect();
        assert_eq!(most_at_once(&all), 3);
        assert_eq!(most_at_once(&all[..2]), 2);
        assert_eq!(most_at_once(&[&spans[0], &spans[2]]), 1);
        assert_eq!(most_at_once(&[]), 0);
    }
}
