//! What leaves for which host.

use super::host_pattern::{HostPattern, HostPatternError};
use super::propagation::Propagation;

/// Rules by host; the first that matches says what leaves.
///
/// | pattern | matches |
/// |---|---|
/// | `shop`, `10.0.0.7`, `::1` | that host alone |
/// | `*.svc.cluster.local` | every name below it, at any depth, and not the name itself |
/// | `*` | any host, and requests whose host is not known |
///
/// Letter case, a dot at the end of a name and the brackets of an address do not matter, and ports
/// are not looked at.
///
/// Without a rule that matches, all leaves: W3C and all implementations send everything, and only
/// who runs a service knows its strangers by name. Baggage can hold what is nobody else's business,
/// so whoever calls hosts of others should start from [`internal`](Self::internal), which names
/// friends, and so forgets no stranger.
///
/// ```
/// use tracer_propagation::{OutgoingPolicy, Propagation};
///
/// let policy = OutgoingPolicy::internal(["*.svc.cluster.local", "localhost"])?;
/// assert_eq!(policy.for_host(Some("stock.svc.cluster.local")), Propagation::Full);
/// assert_eq!(policy.for_host(Some("api.payments.example")), Propagation::TraceOnly);
///
/// let policy = OutgoingPolicy::new()
///     .with("ads.example", Propagation::None)?
///     .with("*.example", Propagation::IdsOnly)?;
/// assert_eq!(policy.for_host(Some("ads.example")), Propagation::None);
/// assert_eq!(policy.for_host(Some("www.example")), Propagation::IdsOnly);
/// assert_eq!(policy.for_host(Some("stock")), Propagation::Full);
/// # Ok::<(), tracer_propagation::HostPatternError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutgoingPolicy {
    rules: Vec<(HostPattern, Propagation)>,
}

impl OutgoingPolicy {
    /// No rule: all leaves for every host.
    #[must_use]
    pub const fn new() -> Self {
        Self { rules: Vec::new() }
    }

    /// All leaves for hosts of these patterns, and for every other the trace without its baggage.
    ///
    /// Rules that are added to it come too late: its last one is for every host.
    ///
    /// # Errors
    /// The first pattern that is none.
    pub fn internal<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, HostPatternError> {
        let mut policy = Self::new();
        for pattern in patterns {
            policy = policy.with(pattern.as_ref(), Propagation::Full)?;
        }
        policy.with("*", Propagation::TraceOnly)
    }

    /// The same with one more rule, behind those that are there.
    ///
    /// # Errors
    /// If the pattern is none.
    pub fn with(mut self, pattern: &str, propagation: Propagation) -> Result<Self, HostPatternError> {
        self.rules.push((HostPattern::parse(pattern)?, propagation));
        Ok(self)
    }

    /// What leaves for a host: a name or an address, without a port. A host that is not known
    /// (`None`) is matched by `*` alone.
    #[must_use]
    pub fn for_host(&self, host: Option<&str>) -> Propagation {
        let is_met = |pattern: &HostPattern| match host {
            Some(host) => pattern.matches(host),
            None => *pattern == HostPattern::Any,
        };
        self.rules.iter().find(|(pattern, _)| is_met(pattern)).map_or(Propagation::Full, |(_, met)| *met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_counts() {
        let policy = OutgoingPolicy::new()
            .with("a.example", Propagation::Full)
            .and_then(|policy| policy.with("*.example", Propagation::TraceOnly))
            .and_then(|policy| policy.with("a.example", Propagation::None))
            .and_then(|policy| policy.with("*", Propagation::IdsOnly))
            .and_then(|policy| policy.with("b", Propagation::None))
            .unwrap();
        for (host, expected) in [
            (Some("a.example"), Propagation::Full),
            (Some("b.example"), Propagation::TraceOnly),
            (Some("b"), Propagation::IdsOnly),
            (None, Propagation::IdsOnly),
        ] {
            assert_eq!(policy.for_host(host), expected, "{host:?}");
        }
    }

    #[test]
    fn without_a_rule_all_leaves_and_an_unknown_host_is_a_stranger_to_friends() {
        assert_eq!(OutgoingPolicy::default().for_host(None), Propagation::Full);
        let none_known = OutgoingPolicy::internal([""; 0]).unwrap();
        let friends = OutgoingPolicy::internal(["friend"]).unwrap();
        assert_eq!(none_known.for_host(Some("friend")), Propagation::TraceOnly);
        assert_eq!(friends.for_host(Some("friend")), Propagation::Full);
        assert_eq!(friends.for_host(None), Propagation::TraceOnly);
        assert!(OutgoingPolicy::internal(["friend", "http://friend"]).is_err());
    }
}
