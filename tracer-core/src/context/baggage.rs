//! Baggage: key-value pairs that travel with a request.
//!
//! A persistent list: setting an item prepends a node in constant time and shares the rest, so a
//! context is cloned by one reference count and never changes under another holder.
//!
//! ```text
//! child  ─> [user=ann] ─┐
//! parent ─────────────> [session=7] ─> [region=eu]
//! ```

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Among so many nodes repeated keys are found by comparing all, above by hashing.
const COMPARED_MAX: usize = 16;

/// An immutable set of items, the latest first. Cloning shares it.
///
/// Keys are case-sensitive. A later item hides an earlier one of the same key.
///
/// ```
/// use tracer_core::Baggage;
///
/// let incoming = Baggage::new().with_item("session", "7");
/// let mine = incoming.with_item("user", "ann");
/// assert_eq!(mine.get("session"), Some("7"));
/// assert_eq!(incoming.get("user"), None);
/// ```
#[derive(Clone, Default)]
pub struct Baggage(Option<Arc<Node>>);

/// One item of a [`Baggage`], as iteration yields it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BaggageItem<'a> {
    /// The key, decoded.
    pub key: &'a str,
    /// The value, decoded.
    pub value: &'a str,
    /// The item's properties (W3C Baggage section 3.3.2.3), decoded, in order.
    pub properties: &'a [BaggageProperty],
}

/// A property of a baggage item: `key` alone, or `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaggageProperty {
    /// The property's key.
    pub key: Box<str>,
    /// Its value; `None` without an equals sign.
    pub value: Option<Box<str>>,
}

struct Node {
    /// Key and value in one allocation.
    text: Box<str>,
    key_bytes: usize,
    is_removed: bool,
    properties: Box<[BaggageProperty]>,
    next: Baggage,
}

impl Baggage {
    /// No items; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// This baggage with an item set.
    #[must_use]
    pub fn with_item(&self, key: &str, value: &str) -> Self {
        self.with_item_and_properties(key, value, Vec::new())
    }

    /// This baggage with an item set that has properties.
    #[must_use]
    pub fn with_item_and_properties(&self, key: &str, value: &str, properties: Vec<BaggageProperty>) -> Self {
        self.prepend(key, Some(value), properties)
    }

    /// This baggage without the item of that key.
    #[must_use]
    pub fn without_item(&self, key: &str) -> Self {
        if self.get(key).is_none() {
            return self.clone();
        }
        self.prepend(key, None, Vec::new())
    }

    /// The value of an item.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.nodes().find(|node| node.key() == key)?.value()
    }

    /// Whether there are no items.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            None => true,
            // What was set last hides others, and is hidden by none.
            Some(latest) => latest.is_removed && self.iter().next().is_none(),
        }
    }

    /// The items, the latest set first, each key once.
    pub fn iter(&self) -> impl Iterator<Item = BaggageItem<'_>> {
        let (mut visited, mut keys) = (0, None);
        self.nodes().filter(move |node| self.is_latest(node, &mut visited, &mut keys)).filter_map(|node| {
            Some(BaggageItem { key: node.key(), value: node.value()?, properties: &node.properties })
        })
    }

    fn prepend(&self, key: &str, value: Option<&str>, properties: Vec<BaggageProperty>) -> Self {
        Self(Some(Arc::new(Node::new(key, value, properties.into(), self.clone()))))
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.0.as_deref(), |node| node.next.0.as_deref())
    }

    /// Whether no node before has the same key. Nodes are asked about in their order; `visited` and
    /// `keys` are what is known from those before.
    fn is_latest<'a>(
        &'a self,
        node: &'a Node,
        visited: &mut usize,
        keys: &mut Option<HashSet<&'a str>>,
    ) -> bool {
        let before = *visited;
        *visited += 1;
        if before < COMPARED_MAX {
            return !self.nodes().take(before).any(|earlier| earlier.key() == node.key());
        }
        keys.get_or_insert_with(|| self.nodes().take(before).map(Node::key).collect()).insert(node.key())
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Extend<(K, V)> for Baggage {
    /// Sets items, one after the other.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, items: I) {
        for (key, value) in items {
            let next = Self(self.0.take());
            self.0 = Some(Arc::new(Node::new(key.as_ref(), Some(value.as_ref()), Box::default(), next)));
        }
    }
}

impl Node {
    fn new(key: &str, value: Option<&str>, properties: Box<[BaggageProperty]>, next: Baggage) -> Self {
        let value_or_none = value.unwrap_or_default();
        let mut text = String::with_capacity(key.len() + value_or_none.len());
        text.push_str(key);
        text.push_str(value_or_none);
        let text = text.into_boxed_str();
        Self { text, key_bytes: key.len(), is_removed: value.is_none(), properties, next }
    }

    #[inline]
    fn key(&self) -> &str {
        self.text.get(..self.key_bytes).unwrap_or_default()
    }

    #[inline]
    fn value(&self) -> Option<&str> {
        self.text.get(self.key_bytes..).filter(|_| !self.is_removed)
    }
}

impl PartialEq for Baggage {
    /// The same visible items, in whatever order they were set.
    fn eq(&self, other: &Self) -> bool {
        if self.0.is_none() || other.0.is_none() {
            return self.is_empty() && other.is_empty();
        }
        sorted(self) == sorted(other)
    }
}

impl Eq for Baggage {}

impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|item| (item.key, item.value))).finish()
    }
}

impl Drop for Node {
    /// Frees the list in a loop: the derived drop would recurse once per item.
    fn drop(&mut self) {
        let mut next = self.next.0.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.next.0.take();
        }
    }
}

fn sorted(baggage: &Baggage) -> Vec<BaggageItem<'_>> {
    let mut items: Vec<_> = baggage.iter().collect();
    items.sort_unstable_by_key(|item| item.key);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_item_of_a_key_hides_the_others() {
        let baggage = Baggage::new().with_item("a", "1").with_item("b", "2").with_item("a", "3");
        let items: Vec<_> = baggage.iter().map(|item| (item.key, item.value)).collect();
        assert_eq!(items, [("a", "3"), ("b", "2")]);
        assert_eq!(baggage.get("a"), Some("3"));
    }

    /// On both sides of where comparing ends and hashing begins.
    #[test]
    fn a_long_list_has_each_key_once() {
        for distinct in [1, 15, 16, 17, 40] {
            let all = |start: Baggage, round: usize| {
                (0..distinct).fold(start, |baggage, n| baggage.with_item(&n.to_string(), &round.to_string()))
            };
            let baggage = (0..3).fold(Baggage::new(), all).without_item("0");
            let mut items: Vec<_> = baggage.iter().map(|item| (item.key.to_owned(), item.value)).collect();
            items.sort();
            let mut expected: Vec<_> = (1..distinct).map(|n| (n.to_string(), "2")).collect();
            expected.sort();
            assert_eq!(items, expected, "{distinct}");
            assert_eq!(baggage, all(Baggage::new(), 2).without_item("0"));
            assert_ne!(baggage, all(Baggage::new(), 1));
        }
    }

    #[test]
    fn a_removed_item_is_gone_and_can_come_back() {
        let removed = Baggage::new().with_item("a", "1").without_item("a");
        assert_eq!(removed.get("a"), None);
        assert!(removed.is_empty());
        assert_eq!(removed.with_item("a", "2").get("a"), Some("2"));
    }

    #[test]
    fn items_are_added_in_their_order() {
        let mut baggage = Baggage::new().with_item("a", "0");
        let before = baggage.clone();
        baggage.extend([("b", "1"), ("a", "2")]);
        let items: Vec<_> = baggage.iter().map(|item| (item.key, item.value)).collect();
        assert_eq!(items, [("a", "2"), ("b", "1")]);
        assert_eq!(before.get("a"), Some("0"));
    }

    #[test]
    fn a_long_list_is_dropped_without_recursion() {
        let mut baggage = Baggage::new();
        for _ in 0..200_000 {
            baggage = baggage.with_item("k", "v");
        }
        assert_eq!(baggage.iter().count(), 1);
    }
}
