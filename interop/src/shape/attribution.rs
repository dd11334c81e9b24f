//! Check 13: the route service knows, from baggage alone, for whom it worked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Failure;
use super::dissected::Dissected;
use super::role::Role;
use crate::jaeger_json::{Span, Trace};

/// What a call's own time may differ by: it is cut to whole milliseconds, and taken inside the
/// handler, while the span also covers what the server does around it.
const PER_CALL_SECONDS: f64 = 0.001;

/// A further part of the span's time that the server may use round the handler.
const OVERHEAD: f64 = 0.05;

/// Seconds of route calculation, as `/debug/vars` reports them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Attribution {
    /// By the baggage member `customer`.
    pub by_customer: BTreeMap<String, f64>,
    /// By the baggage member `session`.
    pub by_session: BTreeMap<String, f64>,
}

/// One request that was made, for [`check_attribution`].
#[derive(Clone, Copy, Debug)]
pub struct Share<'a> {
    /// Its trace.
    pub trace: &'a Trace,
    /// The customer's name, with spaces or underscores.
    pub customer: &'a str,
    /// The session that was sent as baggage.
    pub session: &'a str,
}

impl Attribution {
    /// Reads the two maps out of `/debug/vars`.
    ///
    /// # Errors
    /// A message that names the map that is missing, or the entry that is no number.
    pub fn from_vars(vars: &Value) -> Result<Self, String> {
        Ok(Self {
            by_customer: map_of(vars, "route.calc.by.customer.sec")?,
            by_session: map_of(vars, "route.calc.by.session.sec")?,
        })
    }

    /// What was added since an earlier reading.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            by_customer: difference(&self.by_customer, &earlier.by_customer),
            by_session: difference(&self.by_session, &earlier.by_session),
        }
    }
}

/// Check 13: route time by customer and by session is the route spans' time.
#[must_use]
pub fn check_attribution(added: &Attribution, shares: &[Share<'_>]) -> Vec<Failure> {
    let by_customer = shares.iter().map(|it| (it.customer, it.trace));
    let by_session = shares.iter().map(|it| (it.session, it.trace));
    [compare("customer", &added.by_customer, by_customer), compare("session", &added.by_session, by_session)]
        .into_iter()
        .filter_map(|result| result.err())
        .map(|message| Failure::new(13, "attribution", message))
        .collect()
}

fn compare<'a>(
    by: &str,
    added: &BTreeMap<String, f64>,
    shares: impl Iterator<Item = (&'a str, &'a Trace)>,
) -> Result<(), String> {
    let mut spans: BTreeMap<String, Vec<&Span>> = BTreeMap::new();
    for (key, trace) in shares {
        spans.entry(normal(key)).or_default().extend(Dissected::new(trace).of(Role::RouteServer));
    }
    if !added.keys().eq(spans.keys()) {
        return Err(format!("by {by}: {:?}, not {:?}", added.keys(), spans.keys()));
    }
    for ((key, found), spans) in added.iter().zip(spans.values()) {
        let longest = seconds(spans);
        let shortest = longest - PER_CALL_SECONDS * spans.len() as f64 - OVERHEAD * longest;
        if *found < shortest || *found > longest + PER_CALL_SECONDS {
            return Err(format!(
                "by {by} {key}: {found:.3} s attributed, {longest:.3} s in {} route spans",
                spans.len()
            ));
        }
    }
    Ok(())
}

fn seconds(spans: &[&Span]) -> f64 {
    spans.iter().map(|span| span.duration_us as f64 / 1e6).sum()
}

fn map_of(vars: &Value, name: &str) -> Result<BTreeMap<String, f64>, String> {
    let map =
        vars.get(name).and_then(Value::as_object).ok_or_else(|| format!("/debug/vars has no map {name}"))?;
    map.iter()
        .map(|(key, value)| {
            let seconds = value.as_f64().ok_or_else(|| format!("{name}: {key} is {value}, no number"))?;
            Ok((normal(key), seconds))
        })
        .collect()
}

fn difference(later: &BTreeMap<String, f64>, earlier: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    later
        .iter()
        .map(|(key, seconds)| (key.clone(), seconds - earlier.get(key).unwrap_or(&0.0)))
        .filter(|(_, seconds)| *seconds > 0.0)
        .collect()
}

/// One edition writes names with spaces, the other with underscores.
fn normal(key: &str) -> String {
    key.replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::sample;

    fn added(customer: f64, session: f64) -> Attribution {
        let vars = json!({
            "route.calc.by.customer.sec": {"Rachel's_Floral_Designs": customer},
            "route.calc.by.session.sec": {"1234": session},
        });
        Attribution::from_vars(&vars).unwrap()
    }

    fn failures(added: &Attribution) -> usize {
        let trace = sample::trace();
        let share = Share { trace: &trace, customer: "Rachel's Floral Designs", session: "1234" };
        check_attribution(added, &[share]).len()
    }

    #[test]
    fn compares_both_sums_with_the_route_spans() {
        // The sample has ten route spans of 48 ms.
        assert_eq!(failures(&added(0.475, 0.475)), 0);
        assert_eq!(failures(&added(0.475, 0.400)), 1);
        assert_eq!(failures(&added(0.490, 0.490)), 2);
        assert_eq!(failures(&Attribution::default()), 2);
    }

    #[test]
    fn subtracts_an_earlier_reading() {
        let added = added(0.5, 0.6).since(&added(0.5, 0.1));
        assert!(added.by_customer.is_empty());
        assert!((added.by_session["1234"] - 0.5).abs() < 1e-9);
    }

    #[test]
    fn says_which_map_or_entry_is_wrong() {
        let missing = Attribution::from_vars(&json!({})).unwrap_err();
        assert!(missing.contains("route.calc.by.customer.sec"));
        let vars = json!({"route.calc.by.customer.sec": {"x": "y"}});
        assert!(Attribution::from_vars(&vars).unwrap_err().contains("no number"));
    }
}
