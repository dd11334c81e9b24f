//! Which services there are, and what they do: an index that forgets with the traces.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracer_core::SpanKind;

use super::span::StoredSpan;

/// Kinds by the index they have in [`Counts`]; the first is "not said".
const KINDS: [&str; 6] = ["", "internal", "server", "client", "producer", "consumer"];

/// How many spans of an operation there are, by kind.
type Counts = [usize; KINDS.len()];

/// Service, then operation name, then how many spans.
#[derive(Debug, Default)]
pub(crate) struct Operations(BTreeMap<Arc<str>, BTreeMap<Box<str>, Counts>>);

impl Operations {
    pub(crate) fn add(&mut self, span: &StoredSpan) {
        let service = span.source.service();
        if !self.0.contains_key(service) {
            self.0.insert(Arc::clone(service), BTreeMap::new());
        }
        let Some(operations) = self.0.get_mut(service) else {
            return;
        };
        if !operations.contains_key(&*span.name) {
            operations.insert(span.name.clone(), Counts::default());
        }
        if let Some(count) = operations.get_mut(&*span.name).and_then(|counts| of_kind(counts, span.kind)) {
            *count += 1;
        }
    }

    pub(crate) fn remove(&mut self, span: &StoredSpan) {
        let Some(operations) = self.0.get_mut(span.source.service()) else {
            return;
        };
        let Some(counts) = operations.get_mut(&*span.name) else {
            return;
        };
        if let Some(count) = of_kind(counts, span.kind) {
            *count = count.saturating_sub(1);
        }
        if counts.iter().all(|count| *count == 0) {
            operations.remove(&*span.name);
        }
        if operations.is_empty() {
            self.0.remove(span.source.service());
        }
    }

    pub(crate) fn services(&self) -> Vec<String> {
        let named = self.0.keys().filter(|service| !service.is_empty());
        named.map(|service| service.to_string()).collect()
    }

    pub(crate) fn of(&self, service: &str) -> Vec<(String, &'static str)> {
        let operations = self.0.get(service).into_iter().flatten();
        let of_each_kind = operations.flat_map(|(name, counts)| {
            let kinds = KINDS.iter().zip(counts).filter(|(_, count)| **count > 0);
            kinds.map(move |(kind, _)| (name.to_string(), *kind))
        });
        of_each_kind.collect()
    }
}

fn of_kind(counts: &mut Counts, kind: Option<SpanKind>) -> Option<&mut usize> {
    let kind = kind.map_or("", SpanKind::as_str);
    let index = KINDS.iter().position(|known| *known == kind)?;
    counts.get_mut(index)
}
