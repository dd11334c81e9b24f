//! What the services of a chain answer, one inside the other, and what must hold of each.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::peers::Language;

/// A service's answer.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) service: String,
    pub(super) trace_id: String,
    /// The server's span.
    pub(super) span_id: String,
    /// The caller's span, as the service knows it.
    pub(super) parent_id: Option<String>,
    pub(super) sampled: bool,
    pub(super) baggage: BTreeMap<String, String>,
    pub(super) calls: Vec<Call>,
}

/// A call that a service made.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Call {
    /// The client's span.
    pub(super) span_id: Option<String>,
    pub(super) answer: Option<Answer>,
    pub(super) error: Option<String>,
}

/// From one service to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop<'a> {
    /// `None` for the runner.
    pub(super) caller: Option<&'a Answer>,
    /// The client's span of the call, as its service knows it.
    pub(super) caller_span_id: Option<&'a str>,
    pub(super) callee: &'a Answer,
}

impl Answer {
    /// All hops, from the runner to the last service that answered.
    pub(super) fn hops(&self) -> Vec<Hop<'_>> {
        let first = Hop { caller: None, caller_span_id: None, callee: self };
        std::iter::successors(Some(first), Hop::next).collect()
    }
}

impl<'a> Hop<'a> {
    /// The call that the callee made.
    fn next(&self) -> Option<Self> {
        let call: &'a Call = self.callee.calls.first()?;
        let callee = call.answer.as_ref()?;
        Some(Self { caller: Some(self.callee), caller_span_id: call.span_id.as_deref(), callee })
    }

    /// That the callee knows this of its caller.
    pub(super) fn check(
        &self,
        trace_id: &str,
        parent_id: Option<&str>,
        sampled: bool,
        baggage: &[(&str, &str)],
    ) -> Result<(), String> {
        let expected: BTreeMap<String, String> =
            baggage.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let callee = self.callee;
        let mut wrong = Vec::new();
        let mut compare = |what: &str, is_same: bool, expected: &dyn fmt::Debug, found: &dyn fmt::Debug| {
            if !is_same {
                wrong.push(format!("{what}: expected {expected:?}, found {found:?}"));
            }
        };
        compare("trace id", callee.trace_id == trace_id, &trace_id, &callee.trace_id);
        let found = callee.parent_id.as_deref();
        compare("parent id", found == parent_id, &parent_id, &found);
        compare("sampled", callee.sampled == sampled, &sampled, &callee.sampled);
        compare("baggage", callee.baggage == expected, &expected, &callee.baggage);
        let is_own = Some(callee.span_id.as_str()) != parent_id;
        compare("span id", is_own, &"one of its own", &callee.span_id);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}

impl fmt::Display for Hop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caller = self.caller.map_or("runner", |caller| caller.service.as_str());
        write!(f, "{caller} calls {}", self.callee.service)
    }
}

/// That the chain is whole.
pub(super) fn check_services(hops: &[Hop<'_>], chain: &[Language]) -> Result<(), String> {
    let found: Vec<&str> = hops.iter().map(|hop| hop.callee.service.as_str()).collect();
    let expected: Vec<String> = chain.iter().map(ToString::to_string).collect();
    if found == expected {
        return Ok(());
    }
    let errors = hops.iter().flat_map(|hop| &hop.callee.calls).filter_map(|call| call.error.as_deref());
    Err(format!("expected {expected:?}, found {found:?}\n{}", errors.collect::<Vec<_>>().join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: &str = r#"{"service": "ours", "trace_id": "t", "span_id": "s1", "parent_id": null,
        "sampled": true, "baggage": {"k": "v"}, "calls": [{"span_id": "c1", "error": null, "answer":
        {"service": "go", "trace_id": "t", "span_id": "s2", "parent_id": "c1", "sampled": true,
        "baggage": {"k": "v"}, "calls": [{"span_id": "c2", "answer": null, "error": "refused"}]}}]}"#;

    #[test]
    fn a_good_chain_passes_and_one_that_breaks_off_is_told() {
        let answer: Answer = serde_json::from_str(CHAIN).unwrap();
        let hops = answer.hops();
        assert_eq!(
            hops.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["runner calls ours", "ours calls go"]
        );
        hops[0].check("t", None, true, &[("k", "v")]).unwrap();
        hops[1].check("t", hops[1].caller_span_id, true, &[("k", "v")]).unwrap();
        check_services(&hops, &[Language::Ours, Language::Go]).unwrap();
        let error = check_services(&hops, &[Language::Ours, Language::Go, Language::Ours]).unwrap_err();
        assert!(error.ends_with("\nrefused"), "{error}");
    }

    #[test]
    fn whatever_differs_is_named() {
        let answer: Answer = serde_json::from_str(CHAIN).unwrap();
        let hop = answer.hops()[1];
        let check = |trace_id, parent_id, sampled, value| {
            hop.check(trace_id, Some(parent_id), sampled, &[("k", value)]).unwrap_err()
        };
        assert!(check("u", "c1", true, "v").starts_with("trace id: "));
        assert!(check("t", "c9", true, "v").starts_with("parent id: "));
        assert!(check("t", "c1", false, "v").starts_with("sampled: "));
        assert!(check("t", "c1", true, "w").starts_with("baggage: "));
        assert!(check("t", "s2", true, "v").contains("span id: "));
    }
}
