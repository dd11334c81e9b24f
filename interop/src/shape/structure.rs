//! Checks of what a trace consists of: services, spans, kinds, references, errors, edges.

use std::collections::{BTreeMap, BTreeSet};

use super::Failure;
use super::dissected::{Dissected, Part};
use super::expectations::Expectations;
use super::role::Role;
use crate::jaeger_json::{Dependency, Trace};

const SERVICES: [&str; 6] = ["customer", "driver", "frontend", "mysql", "redis-manual", "route"];

/// Check 1: exactly the six services.
pub(super) fn services(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let processes = it.trace.processes.values();
    let found: BTreeSet<&str> = processes
        .map(|process| process.service_name.as_str())
        .chain(it.parts.iter().map(|part| part.service))
        .collect();
    if found == BTreeSet::from(SERVICES) {
        return Ok(());
    }
    Err(format!("services are {found:?}, not {SERVICES:?}"))
}

/// Check 2: 27 + G spans, each of a known part in its number, with an allowed count of errors.
pub(super) fn spans(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    let strangers: Vec<&str> = it
        .parts
        .iter()
        .filter(|part| part.role.is_none())
        .map(|part| part.span.operation_name.as_str())
        .collect();
    if !strangers.is_empty() {
        return Err(format!("spans that a dispatch does not have: {strangers:?}"));
    }
    for role in Role::ALL {
        let (found, wanted) = (it.of(role).len(), role.spec().count);
        let retried = role == Role::GetDriver && found > wanted;
        if found != wanted && !retried {
            return Err(format!("{found} {role:?} spans, not {wanted}"));
        }
    }
    let (errors, allowed) = (it.redis_errors(), &expected.redis_errors);
    if !allowed.contains(&errors) {
        let spans = it.parts.len();
        return Err(format!("{spans} spans, so {errors} redis errors; {allowed:?} allowed"));
    }
    Ok(())
}

/// Check 3: server and client spans where they belong, no other kind.
///
/// With check 2 this makes 13 servers and 14 + G clients.
pub(super) fn kinds(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    each_known(it, |part, role| {
        let kind = part.span.tag("span.kind").unwrap_or_default();
        let wanted = role.spec().kind;
        (kind != wanted).then(|| format!("span.kind of {role:?} is {kind:?}, not {wanted:?}"))
    })
}

/// Check 4: one root; all else one `CHILD_OF` its own caller, in this trace; depth 3.
pub(super) fn references(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let ids: BTreeSet<&str> = it.parts.iter().map(|part| part.span.span_id.as_str()).collect();
    if ids.len() != it.parts.len() {
        return Err(format!("{} spans share {} span ids", it.parts.len(), ids.len()));
    }
    each_known(it, |part, role| wrong_reference(it, part, role))
}

/// Check 5: the errors are E of the `GetDriver` spans and nothing else.
pub(super) fn errors(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    let wrong: Vec<&str> = it
        .parts
        .iter()
        .filter(|part| part.span.is_error() && part.role != Some(Role::GetDriver))
        .map(|part| part.span.operation_name.as_str())
        .collect();
    if !wrong.is_empty() {
        return Err(format!("marked as errors: {wrong:?}"));
    }
    let get_driver = it.of(Role::GetDriver);
    let found = get_driver.iter().filter(|span| span.is_error()).count();
    let wanted = it.redis_errors();
    if found != wanted {
        return Err(format!("{found} GetDriver spans are errors, but {wanted} were tried again"));
    }
    Ok(())
}

/// Check 12: each part belongs to its service, and so the trace adds its edges to the graph.
pub(super) fn dependencies(it: &Dissected<'_>, _: &Expectations) -> Result<(), String> {
    each_known(it, |part, role| {
        let wanted = role.spec().service;
        (part.service != wanted).then(|| format!("{role:?} is of {}, not {wanted}", part.service))
    })?;
    let found = it.edges();
    let wanted = expected_edges(1, it.of(Role::GetDriver).len() as u64);
    if found == wanted {
        return Ok(());
    }
    Err(format!("edges are {found:?}, not {wanted:?}"))
}

/// Check 12 on the graph that a back end computed: it has the edges of these traces, which are
/// all that were sent to it. Calls within one service do not count; some back ends list them.
#[must_use]
pub fn check_service_graph(graph: &[Dependency], traces: &[Trace]) -> Option<Failure> {
    let found: BTreeMap<(String, String), u64> = graph
        .iter()
        .filter(|edge| edge.parent != edge.child)
        .map(|edge| ((edge.parent.clone(), edge.child.clone()), edge.call_count))
        .collect();
    let mut wanted = BTreeMap::new();
    for trace in traces {
        for (edge, count) in Dissected::new(trace).edges() {
            *wanted.entry(edge).or_insert(0) += count;
        }
    }
    let message = format!("the graph is {found:?}, not {wanted:?}");
    (found != wanted).then(|| Failure::new(12, "dependencies", message))
}

/// The edges that `requests` dispatches with `get_driver_calls` in all add to the graph.
pub(super) fn expected_edges(requests: u64, get_driver_calls: u64) -> BTreeMap<(String, String), u64> {
    [
        ("frontend", "customer", requests),
        ("frontend", "driver", requests),
        ("frontend", "route", 10 * requests),
        ("customer", "mysql", requests),
        ("driver", "redis-manual", requests + get_driver_calls),
    ]
    .into_iter()
    .map(|(caller, called, count)| ((caller.to_owned(), called.to_owned()), count))
    .collect()
}

fn each_known(it: &Dissected<'_>, fault: impl Fn(&Part<'_>, Role) -> Option<String>) -> Result<(), String> {
    let mut faults = it.parts.iter().filter_map(|part| fault(part, part.role?));
    faults.next().map_or(Ok(()), Err)
}

fn wrong_reference(it: &Dissected<'_>, part: &Part<'_>, role: Role) -> Option<String> {
    let spec = role.spec();
    if part.span.trace_id != it.trace.trace_id {
        return Some(format!("{role:?} is of trace {}", part.span.trace_id));
    }
    let references = part.span.references.as_slice();
    let (Some(wanted), [reference]) = (spec.parent, references) else {
        let fits = spec.parent.is_none() && references.is_empty();
        return (!fits).then(|| format!("{role:?} has {} references", references.len()));
    };
    if reference.ref_type != "CHILD_OF" || reference.trace_id != it.trace.trace_id {
        return Some(format!("the reference of {role:?} is {reference:?}"));
    }
    let Some(parent) = part.parent else {
        return Some(format!("the parent of {role:?} is not in the trace"));
    };
    let found = it.parts.iter().find(|other| std::ptr::eq(other.span, parent));
    let parent_role = found.and_then(|other| other.role);
    if parent_role != Some(wanted) || part.depth != Some(spec.depth) {
        return Some(format!(
            "the parent of {role:?} is {}, not {wanted:?}; its depth {:?}, not {}",
            parent.operation_name, part.depth, spec.depth
        ));
    }
    None
}
