//! Which baggage a service lets in.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::{Baggage, SpanContext};
use crate::row::body::cut_text;

/// The keys that baggage may have, and how long their values may be. What is not on the list is refused, what is
/// too long is cut at a character boundary; both are counted. Cloning shares the counts.
///
/// With [`TracerBuilder::baggage_restrictions`](crate::TracerBuilder::baggage_restrictions) a tracer asks them
/// for each [`Span::set_baggage_item`](crate::Span::set_baggage_item), and `tracer-propagation` for what comes
/// from callers. Jaeger's clients fetched such lists from an agent's `/baggageRestrictions`; no Jaeger serves
/// them any more, and so they are settings of the program.
///
/// ```
/// use tracer_core::{BaggageRestrictions, Tracer};
///
/// let restrictions = BaggageRestrictions::new().allow("session", 4);
/// let tracer = Tracer::builder("shop").baggage_restrictions(&restrictions).build();
/// let mut span = tracer.span("order").start();
/// span.set_baggage_item("session", "s-12345");
/// span.set_baggage_item("card", "1234");
/// assert_eq!((span.baggage_item("session"), span.baggage_item("card")), (Some("s-12"), None));
/// assert_eq!((restrictions.cut(), restrictions.refused()), (1, 1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct BaggageRestrictions {
    value_bytes_max: Arc<HashMap<Box<str>, usize>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    refused: AtomicU64,
    cut: AtomicU64,
}

impl BaggageRestrictions {
    /// Refuses everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets a key in, with values of at most so many bytes.
    #[must_use]
    pub fn allow(mut self, key: &str, value_bytes_max: usize) -> Self {
        Arc::make_mut(&mut self.value_bytes_max).insert(key.into(), value_bytes_max);
        self
    }

    /// The value as it may be set, or none if the key may not. Counts what is refused or cut.
    #[must_use]
    pub fn check<'v>(&self, key: &str, value: &'v str) -> Option<&'v str> {
        let Some(bytes_max) = self.value_bytes_max.get(key) else {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let cut = cut_text(value, *bytes_max);
        if cut.len() < value.len() {
            self.counts.cut.fetch_add(1, Ordering::Relaxed);
        }
        Some(cut)
    }

    /// Baggage that came from elsewhere, without what is not let in.
    #[must_use]
    pub fn restrict(&self, baggage: &Baggage) -> Baggage {
        let items: Vec<_> = baggage.iter().collect();
        let mut is_changed = false;
        let mut restricted = Baggage::new();
        for item in items.iter().rev() {
            let value = self.check(item.key, item.value);
            is_changed |= value.is_none_or(|value| value.len() != item.value.len());
            if let Some(value) = value {
                restricted = restricted.with_item_and_properties(item.key, value, item.properties.to_vec());
            }
        }
        // As it was, it is shared.
        if is_changed { restricted } else { baggage.clone() }
    }

    /// A context whose baggage came from elsewhere, without what is not let in.
    #[must_use]
    pub fn restrict_context(&self, context: SpanContext) -> SpanContext {
        if context.baggage().is_empty() {
            return context;
        }
        let baggage = self.restrict(context.baggage());
        context.with_baggage(baggage)
    }

    /// How many items were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// How many values were cut.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.counts.cut.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_between_characters() {
        let restrictions = BaggageRestrictions::new().allow("k", 3).allow("none", 0);
        for (value, kept) in [("abc", "abc"), ("abcd", "abc"), ("éé", "é"), ("a🦀", "a"), ("", "")] {
            assert_eq!(restrictions.check("k", value), Some(kept), "{value}");
        }
        assert_eq!(restrictions.check("none", "x"), Some(""));
        assert_eq!(restrictions.check("K", "x"), None);
        assert_eq!((restrictions.cut(), restrictions.refused()), (4, 1));
    }

    #[test]
    fn baggage_keeps_what_is_let_in_in_its_order() {
        let baggage = Baggage::new().with_item("a", "1").with_item("b", "22").with_item("c", "3");
        let restrictions = BaggageRestrictions::new().allow("a", 9).allow("b", 1);
        let restricted = restrictions.restrict(&baggage);
        let items: Vec<_> = restricted.iter().map(|item| (item.key, item.value)).collect();
        assert_eq!(items, [("b", "2"), ("a", "1")]);
        assert_eq!((restrictions.cut(), restrictions.refused()), (1, 1));
        assert_eq!(restrictions.restrict(&restricted), restricted);
    }
}
