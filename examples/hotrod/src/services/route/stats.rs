//! For whom routes were calculated: known from baggage alone.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::simulated::lock::baggage_item;

/// Baggage comes from outside, so there is a limit to names and to their length; time beyond them
/// is charged to `other`.
const NAMES_MAX: usize = 1000;
const NAME_BYTES_MAX: usize = 128;
const OTHER: &str = "other";

/// Time spent, by customer and by session.
#[derive(Debug, Default)]
pub(crate) struct RouteStats {
    by_customer: Charges,
    by_session: Charges,
}

/// Whole milliseconds by name.
#[derive(Debug, Default)]
struct Charges(Mutex<BTreeMap<String, u64>>);

impl RouteStats {
    /// Charges time to the customer and the session in the active baggage.
    pub(crate) fn add(&self, time: Duration) {
        self.by_customer.add(baggage_item("customer"), time);
        self.by_session.add(baggage_item("session"), time);
    }

    /// As `/debug/vars` shows them: seconds by name.
    pub(crate) fn vars(&self) -> Map<String, Value> {
        let mut vars = Map::new();
        vars.insert("route.calc.by.customer.sec".to_owned(), self.by_customer.seconds());
        vars.insert("route.calc.by.session.sec".to_owned(), self.by_session.seconds());
        vars
    }
}

impl Charges {
    fn add(&self, name: String, time: Duration) {
        if name.is_empty() {
            return;
        }
        let mut charges = self.0.lock();
        let is_known = charges.contains_key(&name);
        let has_room = charges.len() < NAMES_MAX && name.len() <= NAME_BYTES_MAX;
        let name = if is_known || has_room { name } else { OTHER.to_owned() };
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let charge = charges.entry(name).or_default();
        *charge = charge.saturating_add(millis);
    }

    fn seconds(&self) -> Value {
        let charges = self.0.lock();
        charges.iter().map(|(name, millis)| (name.clone(), json!(*millis as f64 / 1000.0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::{Baggage, SpanContext, active};

    use super::*;

    fn charge(stats: &RouteStats, session: &str) {
        let baggage = Baggage::new().with_item("session", session).with_item("customer", "Ann");
        let _scope = active::attach(SpanContext::from_baggage(baggage));
        stats.add(Duration::from_micros(2_900));
    }

    #[test]
    fn time_is_charged_in_whole_milliseconds() {
        let stats = RouteStats::default();
        stats.add(Duration::from_secs(9));
        charge(&stats, "7");
        charge(&stats, "8");
        charge(&stats, "7");
        let expected = json!({
            "route.calc.by.customer.sec": {"Ann": 0.006},
            "route.calc.by.session.sec": {"7": 0.004, "8": 0.002},
        });
        assert_eq!(Value::Object(stats.vars()), expected);
    }

    #[test]
    fn names_are_bounded_in_number_and_length() {
        let stats = RouteStats::default();
        charge(&stats, &"x".repeat(NAME_BYTES_MAX + 1));
        for session in 0..NAMES_MAX + 10 {
            charge(&stats, &session.to_string());
        }
        let sessions = stats.by_session.seconds();
        assert_eq!(sessions.as_object().unwrap().len(), NAMES_MAX);
        assert_eq!(sessions[OTHER], json!(0.024));
        assert!(sessions["0"] == json!(0.002));
    }
}
