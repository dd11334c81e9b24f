//! What a run of orders comes to.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use super::Shot;

/// More kinds of failure than that are not told.
const REASONS_MAX: usize = 5;

/// The sums of a run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) wall: Duration,
    pub(crate) orders: usize,
    pub(crate) answered: usize,
    /// Not answered, or not by a car.
    pub(crate) failed: usize,
    /// How many were answered so; `None` for those that were not answered.
    statuses: BTreeMap<Option<u16>, usize>,
    /// Why there was no car, and how often.
    reasons: Vec<(String, usize)>,
    /// Of those answered, in order.
    latencies: Vec<Duration>,
    /// The slowest that is known to have a trace.
    slowest: Option<(Duration, String)>,
}

impl Report {
    pub(crate) fn of(shots: &[Shot], wall: Duration) -> Self {
        let mut statuses = BTreeMap::new();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for shot in shots {
            *statuses.entry(shot.status.as_ref().ok().copied()).or_default() += 1;
            let reason = shot.status.as_ref().err().or(shot.message.as_ref());
            if let Some(reason) = reason {
                *reasons.entry(reason.clone()).or_default() += 1;
            }
        }
        let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let answered = shots.iter().filter(|shot| shot.status.is_ok());
        let mut latencies: Vec<Duration> = answered.map(|shot| shot.latency).collect();
        latencies.sort_unstable();
        let traced = shots.iter().filter_map(|shot| Some((shot.latency, shot.trace_id.clone()?)));
        Self {
            wall,
            orders: shots.len(),
            answered: latencies.len(),
            failed: shots.iter().filter(|shot| shot.status != Ok(200)).count(),
            statuses,
            reasons,
            latencies,
            slowest: traced.max(),
        }
    }

    /// The latency that this share of the answers does not exceed; zero without answers.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        // The nearest rank: the smallest of which enough are no greater.
        let rank = (share * self.latencies.len() as f64).ceil().max(1.0);
        let place = self.latencies.iter().enumerate().find(|(at, _)| (at + 1) as f64 >= rank);
        place.map(|(_, latency)| *latency).unwrap_or_default()
    }

    /// For people; traces are looked at in this viewer.
    pub(crate) fn to_text(&self, viewer: Option<&str>) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text, viewer);
        text
    }

    fn write(&self, text: &mut String, viewer: Option<&str>) -> fmt::Result {
        let a_second = self.orders as f64 / self.wall.as_secs_f64().max(1e-9);
        writeln!(text, "orders    {} in {:.2?}, {a_second:.1} a second", self.orders, self.wall)?;
        write!(text, "statuses ")?;
        for (status, count) in &self.statuses {
            match status {
                Some(status) => write!(text, " {status}: {count}")?,
                None => write!(text, " no answer: {count}")?,
            }
        }
        writeln!(text)?;
        write!(text, "latency  ")?;
        for (name, share) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
            write!(text, " {name} {}", millis(self.percentile(share)))?;
        }
        writeln!(text)?;
        for (reason, count) in self.reasons.iter().take(REASONS_MAX) {
            writeln!(text, "failed    {count} x {reason}")?;
        }
        if self.reasons.len() > REASONS_MAX {
            writeln!(text, "failed    and {} other reasons", self.reasons.len() - REASONS_MAX)?;
        }
        if let Some((latency, trace_id)) = &self.slowest {
            let at = viewer.map_or_else(|| trace_id.clone(), |viewer| format!("{viewer}/trace/{trace_id}"));
            writeln!(text, "slowest   {} {at}", millis(*latency))?;
        }
        Ok(())
    }
}

/// Milliseconds, or seconds from ten of them on.
pub(crate) fn millis(time: Duration) -> String {
    if time >= Duration::from_secs(10) {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(latency_ms: u64, status: Result<u16, String>) -> Shot {
        let message = (status != Ok(200)).then(|| "redis timeout".to_owned());
        let trace_id = Some(format!("{latency_ms:032x}"));
        Shot { latency: Duration::from_millis(latency_ms), status, message, trace_id }
    }

    #[test]
    fn a_report_counts_and_ranks() {
        let mut shots: Vec<Shot> = (1..=98).map(|millis| shot(millis, Ok(200))).collect();
        shots.push(shot(99, Ok(500)));
        shots.push(shot(400, Err("connection refused".to_owned())));
        let report = Report::of(&shots, Duration::from_secs(2));
        assert_eq!((report.orders, report.answered, report.failed), (100, 99, 2));
        assert_eq!(report.percentile(0.5), Duration::from_millis(50));
        assert_eq!(report.percentile(1.0), Duration::from_millis(99));
        let text = report.to_text(Some("http://viewer"));
        for line in [
            "orders    100 in 2.00s, 50.0 a second",
            "statuses  no answer: 1 200: 98 500: 1",
            "latency   p50 50 ms p90 90 ms p95 95 ms p99 99 ms max 99 ms",
            "failed    1 x connection refused",
            "slowest   400 ms http://viewer/trace/00000000000000000000000000000190",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn without_orders_there_is_nothing_and_no_panic() {
        let report = Report::of(&[], Duration::ZERO);
        assert_eq!((report.failed, report.percentile(0.99)), (0, Duration::ZERO));
        assert!(report.to_text(None).starts_with("orders    0 in"));
    }
}
