//! What is odd about spans, said and not repaired: their clock, their parent, their id.

use std::collections::HashMap;

use super::clock_skew::{self, Adjusted};
use super::forest::Forest;
use crate::store::Trace;
use crate::store::span::StoredSpan;

/// Warnings by span.
#[derive(Debug, Default)]
pub(crate) struct Warnings(HashMap<*const StoredSpan, Vec<String>>);

impl Warnings {
    /// The warnings of a trace.
    pub(crate) fn of(trace: &Trace) -> Self {
        let forest = Forest::of(trace);
        let mut warnings = Self::default();
        let mut ids = HashMap::new();
        for (node, skew) in forest.nodes().iter().zip(clock_skew::of(&forest)) {
            if skew.to_parent_ns != 0 {
                let by = shown(skew.to_parent_ns);
                warnings.add(node.span, format!("clock skew of {by} is likely; times are not adjusted"));
            }
            if node.parent.is_none() && node.span.parent_span_id.is_valid() {
                let parent = node.span.parent_span_id;
                let text = format!("parent span {parent} is not in the trace, or below this one");
                warnings.add(node.span, text);
            }
            if ids.insert(node.span_id, ()).is_some() {
                warnings.add(node.span, "another span has the same id".to_owned());
            }
        }
        warnings
    }

    /// Those of a trace with adjusted clocks: that, and what is odd still.
    pub(crate) fn of_adjusted(adjusted: &Adjusted) -> Self {
        let mut warnings = Self::of(&adjusted.trace);
        for (span, by_ns) in &adjusted.moved {
            let by = shown(*by_ns);
            warnings.add(span, format!("times are moved by {by}: its clock seems to be off by that"));
        }
        warnings
    }

    /// Those of a span of the trace.
    pub(crate) fn take(&mut self, span: &StoredSpan) -> Vec<String> {
        self.0.remove(&std::ptr::from_ref(span)).unwrap_or_default()
    }

    fn add(&mut self, span: &StoredSpan, warning: String) {
        self.0.entry(std::ptr::from_ref(span)).or_default().push(warning);
    }
}

fn shown(ns: i128) -> String {
    let size = std::time::Duration::from_nanos(u64::try_from(ns.unsigned_abs()).unwrap_or(u64::MAX));
    format!("{}{size:?}", if ns < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Spans;
    use super::*;

    fn warnings(spans: Spans) -> Vec<(u64, String)> {
        let trace = spans.trace();
        let mut warnings = Warnings::of(&trace);
        let mut of =
            |span: &StoredSpan| warnings.take(span).into_iter().map(|warning| (id(span), warning)).collect();
        trace.spans.iter().flat_map(|span| -> Vec<_> { of(span) }).collect()
    }

    fn id(span: &StoredSpan) -> u64 {
        u64::from_be_bytes(span.span_id.to_bytes())
    }

    #[test]
    fn a_clock_that_is_off_is_said() {
        let root = || Spans::new("a").span(1, 0, (1_000, 2_000)).service("b");
        let of = |times| {
            warnings(root().span(2, 1, times)).into_iter().map(|(_, warning)| warning).collect::<String>()
        };
        let said = |delta: &str| format!("clock skew of {delta} is likely; times are not adjusted");
        assert_eq!(of((1_200, 1_400)), "", "inside");
        assert_eq!(of((900, 1_100)), said("500µs"));
        assert_eq!(of((3_000, 3_100)), said("-1.55ms"));
        assert_eq!(of((900, 2_500)), said("100µs"), "longer, and early");
        assert_eq!(of((1_100, 2_500)), "", "longer, perhaps on purpose");
        let follows = root().span(2, 1, (3_000, 3_100)).follows();
        assert_eq!(warnings(follows), [], "it may come later");
    }

    #[test]
    fn broken_parents_and_ids_are_said() {
        let spans = Spans::new("s")
            .span(1, 0, (0, 9))
            .span(2, 99, (1, 2))
            .span(1, 0, (3, 4))
            .span(5, 6, (1, 2))
            .span(6, 5, (1, 2));
        let ids: Vec<_> =
            warnings(spans).into_iter().map(|(id, warning)| format!("{id} {warning}")).collect();
        let expected = [
            "2 parent span 0000000000000063 is not in the trace, or below this one",
            "1 another span has the same id",
            "5 parent span 0000000000000006 is not in the trace, or below this one",
        ];
        assert_eq!(ids, expected);
    }
}
