//! The critical path: what, made shorter, would make the whole trace shorter.
//!
//! ```text
//! root    ├──╥═════════════════╥═╥────╥══┤     ═ on the path of the root itself
//! child a    ╟────────────────╢                  from its end backwards: the child that ended last,
//! child b       ╟───────╢                        then what ended before that one began
//! child c                        ╟────╢
//! ```

use std::collections::HashMap;

use super::traces::{Span, Trace};

/// Ends are cut to whole microseconds, and so may seem to lie behind what followed them.
const SLACK_US: u64 = 2;

/// A span that is on the path, and for how long by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) span: &'a Span,
    pub(super) own_us: u64,
}

/// The steps of a trace's path, the last one first; the time of all of them is that of the root. Empty
/// without a root.
pub(super) fn critical_path(trace: &Trace) -> Vec<Step<'_>> {
    let mut children: HashMap<&str, Vec<&Span>> = HashMap::new();
    for span in &trace.spans {
        if let Some(parent) = span.parent() {
            children.entry(parent).or_default().push(span);
        }
    }
    for siblings in children.values_mut() {
        siblings.sort_by_key(|span| std::cmp::Reverse((span.end_us(), span.start_us)));
    }
    let root = trace.spans.iter().find(|span| span.parent().is_none());
    let mut ahead: Vec<(&Span, u64)> = root.map(|root| (root, root.end_us())).into_iter().collect();
    let mut steps = Vec::new();
    while let Some((span, until_us)) = ahead.pop() {
        // Each span is walked once, whatever refers to what.
        let below = children.remove(span.span_id.as_str()).unwrap_or_default();
        let (own_us, next) = walk(span, until_us, &below);
        steps.push(Step { span, own_us });
        ahead.extend(next);
    }
    steps
}

/// Back from a time to a span's start: its own time, and the children that it waited for, each with
/// the time up to which.
fn walk<'a>(span: &Span, until_us: u64, children: &[&'a Span]) -> (u64, Vec<(&'a Span, u64)>) {
    let (mut cursor_us, mut own_us, mut next) = (until_us, 0, Vec::new());
    for child in children {
        if child.end_us() > cursor_us.saturating_add(SLACK_US) {
            // It ran beside what is on the path already.
            continue;
        }
        let end_us = child.end_us().min(cursor_us);
        own_us += cursor_us.saturating_sub(end_us);
        cursor_us = child.start_us.clamp(span.start_us.min(end_us), end_us);
        next.push((*child, end_us));
    }
    (own_us + cursor_us.saturating_sub(span.start_us), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tour::traces::Reference;

    fn span(id: &str, parent: &str, start_us: u64, end_us: u64) -> Span {
        let reference = Reference { ref_type: "CHILD_OF".into(), span_id: parent.into() };
        Span {
            span_id: id.into(),
            operation_name: id.into(),
            references: if parent.is_empty() { vec![] } else { vec![reference] },
            start_us,
            duration_us: end_us - start_us,
            ..Span::default()
        }
    }

    fn path(spans: Vec<Span>) -> Vec<(String, u64)> {
        let trace = Trace { spans, ..Trace::default() };
        let mut steps: Vec<_> =
            critical_path(&trace).iter().map(|step| (step.span.span_id.clone(), step.own_us)).collect();
        steps.sort();
        steps
    }

    fn steps(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(id, own_us)| ((*id).to_owned(), *own_us)).collect()
    }

    #[test]
    fn what_ran_beside_the_path_is_not_on_it() {
        let found = path(vec![
            span("root", "", 0, 100),
            span("a", "root", 5, 60),
            span("b", "root", 20, 40),
            span("c", "root", 70, 90),
            span("under c", "c", 75, 85),
        ]);
        assert_eq!(found, steps(&[("a", 55), ("c", 10), ("root", 25), ("under c", 10)]));
    }

    #[test]
    fn a_wait_that_ends_where_a_call_begins_is_on_it() {
        // Three calls, the second of which has to wait for the first.
        let found = path(vec![
            span("root", "", 0, 100),
            span("wait", "root", 0, 51),
            span("first", "root", 0, 48),
            span("second", "root", 50, 100),
        ]);
        assert_eq!(found, steps(&[("root", 0), ("second", 50), ("wait", 50)]));
    }

    #[test]
    fn strange_traces_end() {
        assert_eq!(path(vec![]), vec![]);
        assert_eq!(path(vec![span("a", "b", 0, 1), span("b", "a", 0, 1)]), vec![]);
        let late = path(vec![
            span("root", "", 50, 100),
            span("early", "root", 10, 60),
            span("late", "root", 90, 300),
        ]);
        assert_eq!(late.iter().map(|step| step.1).sum::<u64>(), 40 + 50, "{late:?}");
        let own = path(vec![span("root", "", 0, 10), span("root", "root", 0, 10)]);
        assert_eq!(own.len(), 2);
    }
}
