//! Many dispatches at once queue for the one database connection, and say behind whom.

use std::collections::BTreeMap;

use super::dissected::Dissected;
use super::role::Role;
use crate::jaeger_json::{Log, Span, Trace};

/// A query that started less than this before the first one ended may have come too late to
/// find it still holding the lock.
const ARRIVAL_US: u64 = 20_000;

/// Checks what the queries of requests made at the same time say about the lock they share:
/// each log "Waiting for lock behind k transactions" lists exactly k blockers; and if all
/// queries had started before the first was done, each k from 1 up occurs exactly once.
///
/// # Errors
/// A message that quotes the log, or the numbers found.
pub fn check_queue(traces: &[Trace]) -> Result<(), String> {
    let mut queries = Vec::with_capacity(traces.len());
    for trace in traces {
        queries.push(Dissected::new(trace).one(Role::SqlSelect)?);
    }
    let mut behind: BTreeMap<usize, usize> = BTreeMap::new();
    for query in &queries {
        *behind.entry(queue_length(query)?).or_insert(0) += 1;
    }
    let first_end_us = queries.iter().map(|it| it.end_us()).min().unwrap_or(0);
    let all_in_time = queries.iter().all(|it| it.start_us.saturating_add(ARRIVAL_US) < first_end_us);
    let once_each = behind.iter().map(|(k, n)| (*k, *n)).eq((0..queries.len()).map(|k| (k, 1)));
    if all_in_time && !once_each {
        return Err(format!(
            "{} queries queued behind so many (each with its count): {behind:?}",
            queries.len()
        ));
    }
    Ok(())
}

/// How many transactions a query had to wait for.
fn queue_length(query: &Span) -> Result<usize, String> {
    let waiting = query.logs.iter().find_map(|log| {
        let message = log.message();
        let rest = message.strip_prefix("Waiting for lock behind ")?;
        Some((log, rest.split(' ').next()?.parse::<usize>().ok()?))
    });
    let Some((log, length)) = waiting else {
        return Ok(0);
    };
    let listed = blockers(log);
    if listed != length {
        return Err(format!("{:?} lists {listed} blockers", log.message()));
    }
    Ok(length)
}

/// The number of ids in the field `blockers`, which has the form `[a b c]`.
fn blockers(log: &Log) -> usize {
    let list = log.field("blockers").unwrap_or_default();
    list.trim_matches(['[', ']']).split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::sample;

    /// Three dispatches at once, of which the later ones waited for those before.
    fn queue() -> Vec<Trace> {
        (0..3)
            .map(|behind| {
                let mut trace = sample::trace();
                if behind > 0 {
                    let ids: Vec<String> = (0..behind).map(|id| format!("{id}")).collect();
                    sample::wait_behind(&mut trace, behind, &format!("[{}]", ids.join(" ")));
                }
                trace
            })
            .collect()
    }

    #[test]
    fn each_length_occurs_once() {
        assert_eq!(check_queue(&queue()), Ok(()));
    }

    #[test]
    fn two_behind_as_many_is_refused() {
        let mut traces = queue();
        traces[2] = traces[1].clone();
        assert!(check_queue(&traces).unwrap_err().contains("{0: 1, 1: 2}"));
    }

    #[test]
    fn a_list_of_another_length_is_refused() {
        let mut traces = queue();
        traces[1] = sample::trace();
        sample::wait_behind(&mut traces[1], 1, "[]");
        assert!(check_queue(&traces).unwrap_err().contains("lists 0 blockers"));
    }
}
