//! Faults and delays on demand, by baggage: they reach any service, and only the requests that ask.
//!
//! ```text
//! baggage: fail=route:0.3, delay=customer:200ms
//! list = fault *( ";" fault )     fault = service ":" ( share / duration )
//! service = frontend | customer | mysql | driver | redis | route
//! ```

mod parse;

use std::time::Duration;

use tracer_core::active;

use self::parse::{Fault, parse_delay, parse_failure};
use super::delay::scaled;
use super::lock::baggage_item;
use super::random::Random;
use crate::cli::Simulation;
use crate::log::Logger;

/// A service that was told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("simulated failure in {0}")]
pub(crate) struct SimulatedFailure(&'static str);

/// The faults that a service can be told of.
#[derive(Debug)]
pub(crate) struct Faults {
    service: &'static str,
    random: Random,
    time_scale: f64,
}

impl Faults {
    /// Those of a service.
    pub(crate) fn new(service: &'static str, simulation: &Simulation) -> Self {
        let random = Random::new(simulation.seed, &format!("faults of {service}"));
        Self { service, random, time_scale: simulation.time_scale }
    }

    /// Does what the active baggage asks of this service. What cannot be read is ignored, and a
    /// service that answers requests itself says so in the active span's log.
    ///
    /// # Errors
    /// If the service is to fail.
    pub(crate) async fn meet(&self, logger: &Logger) -> Result<(), SimulatedFailure> {
        let delay = self.asked("delay", parse_delay, logger);
        if let Some(delay) = delay.into_iter().reduce(Duration::saturating_add) {
            logger.info("simulated delay", &[("delay", (&format!("{delay:?}")).into())]);
            tokio::time::sleep(scaled(delay, self.time_scale)).await;
        }
        let shares = self.asked("fail", parse_failure, logger);
        if !shares.into_iter().any(|share| self.random.chance(share)) {
            return Ok(());
        }
        let failure = SimulatedFailure(self.service);
        active::record_error(&failure);
        Err(failure)
    }

    /// What one item of the baggage asks of this service.
    fn asked<T>(&self, key: &str, parse: fn(&str) -> Result<T, String>, logger: &Logger) -> Vec<T> {
        let item = baggage_item(key);
        let mut asked = Vec::new();
        for fault in item.split(';').map(str::trim).filter(|fault| !fault.is_empty()) {
            match Fault::parse(fault, parse) {
                Ok(fault) if fault.service == self.service => asked.push(fault.value),
                Ok(_) => {}
                Err(reason) => self.ignored(key, &reason, logger),
            }
        }
        asked
    }

    fn ignored(&self, key: &str, reason: &str, logger: &Logger) {
        // The databases' callers have said it.
        if !matches!(self.service, "mysql" | "redis") {
            logger.error("baggage ignored", &[("key", key.into()), ("error", reason.into())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use clap::Parser;
    use tracer_core::SpanContext;
    use tracer_core::active::Instrument;
    use tracer_core::testing::TestTracer;

    use super::*;
    use crate::cli::Cli;

    /// How often of a thousand times a service fails, and the tree of the first span.
    async fn failures(service: &'static str, items: &[(&str, &str)]) -> (usize, String) {
        let simulation = Cli::parse_from(["hotrod", "--seed", "3", "--time-scale", "0"]).settings.simulation;
        let (faults, logger) = (Faults::new(service, &simulation), Logger::new("test", false));
        let context = SpanContext::default();
        let context =
            items.iter().fold(context, |context, (key, value)| context.with_baggage_item(key, value));
        let (mut failed, mut first) = (0, String::new());
        let test = TestTracer::new(service);
        for round in 0..1000 {
            let span = test.tracer().span("work").child_of(&context).start();
            failed += usize::from(faults.meet(&logger).in_span(span).await.is_err());
            first = if round == 0 { test.tree() } else { first };
        }
        (failed, first)
    }

    #[tokio::test]
    async fn a_service_fails_as_often_as_asked_and_no_other_does() {
        let fail = [("fail", "route:0.3; customer:1")];
        let (failed, _) = failures("route", &fail).await;
        assert!((240..360).contains(&failed), "{failed}");
        let (failed, tree) = failures("customer", &fail).await;
        assert_eq!(failed, 1000);
        assert!(tree.contains("simulated failure in customer"), "{tree}");
        assert_eq!(failures("driver", &fail).await, (0, "work\n".to_owned()));
        assert_eq!(failures("driver", &[]).await, (0, "work\n".to_owned()));
    }

    #[tokio::test]
    async fn a_delay_is_scaled_like_all_simulated_times() {
        let simulation = Cli::parse_from(["hotrod", "--time-scale", "0.01"]).settings.simulation;
        let (faults, logger) = (Faults::new("customer", &simulation), Logger::new("customer", false));
        let test = TestTracer::new("customer");
        let context = SpanContext::default().with_baggage_item("delay", "customer:2s;customer:1s;route:1m");
        let span = test.tracer().span("work").child_of(&context).start();
        let start = Instant::now();
        faults.meet(&logger).in_span(span).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(30), "{:?}", start.elapsed());
        assert!(test.tree().contains("simulated delay delay=3s"), "{}", test.tree());
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_ignored_and_said() {
        for (key, value) in [
            ("fail", "route"),
            ("fail", "route:"),
            ("fail", "route:2"),
            ("fail", "route:-0.1"),
            ("fail", "route:NaN"),
            ("fail", "billing:0.5"),
            ("fail", "\u{202e}<b>:1"),
            ("delay", "route:1"),
            ("delay", "route:1h"),
            ("delay", ":5ms"),
        ] {
            let (failed, tree) = failures("route", &[(key, value)]).await;
            assert_eq!(failed, 0, "{value}");
            assert!(tree.contains(&format!("baggage ignored key={key}")), "{value}: {tree}");
        }
        let (failed, tree) = failures("route", &[("fail", "x:y;route:1")]).await;
        assert_eq!(failed, 1000, "what stands beside it counts: {tree}");
    }
}
