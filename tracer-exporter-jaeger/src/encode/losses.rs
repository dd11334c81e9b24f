//! Lost spans as tags: how a back end learns that traces are not whole.
//!
//! Each is a sum since the process began, of all services that share the pipeline, so the latest one counts, and
//! a batch that gets lost takes none along.

use tracer_core::Losses;

/// The names, in the order of [`Losses::by_reason`].
const NAMES: [(&str, &str); 5] = [
    ("memory", "tracer.spans_lost.memory"),
    ("shutdown", "tracer.spans_lost.shutdown"),
    ("panic", "tracer.spans_lost.panic"),
    ("forked", "tracer.spans_lost.forked"),
    ("failed", "tracer.spans_lost.failed"),
];

/// `tracer.spans_lost.<reason>` and the count, for each reason for which something was lost.
pub(super) fn attributes(losses: &Losses) -> impl Iterator<Item = (&'static str, u64)> {
    let lost = losses.by_reason().into_iter().filter(|(_, count)| *count > 0);
    lost.filter_map(|(reason, count)| {
        let (_, name) = NAMES.iter().find(|(known, _)| *known == reason)?;
        Some((*name, count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_name() {
        let reasons = Losses::default().by_reason().map(|(reason, _)| format!("tracer.spans_lost.{reason}"));
        assert_eq!(reasons, NAMES.map(|(_, name)| name.to_owned()));
    }
}
