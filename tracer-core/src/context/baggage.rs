//! Baggage: key-value pairs that travel with a request.
//!
//! A persistent list: setting an item prepends a node in constant time and shares the rest, so a
//! context is cloned by one reference count and never changes under another holder.
//!
//! ```text
//! child  ─> [user=ann] ─┐
//! parent ─────────────> [session=7] ─> [region=eu]
//! ```

use std::fmt;
use std::sync::Arc;

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
    key: Box<str>,
    /// `None` marks a removed item.
    value: Option<Box<str>>,
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
        self.prepend(key, Some(value.into()), properties)
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
        self.nodes().find(|node| &*node.key == key)?.value.as_deref()
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The items, the latest set first, each key once.
    pub fn iter(&self) -> impl Iterator<Item = BaggageItem<'_>> {
        self.nodes().filter(|node| self.is_latest(node)).filter_map(|node| {
            let value = node.value.as_deref()?;
            Some(BaggageItem { key: &node.key, value, properties: &node.properties })
        })
    }

    fn prepend(&self, key: &str, value: Option<Box<str>>, properties: Vec<BaggageProperty>) -> Self {
        let next = self.clone();
        Self(Some(Arc::new(Node { key: key.into(), value, properties: properties.into(), next })))
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.0.as_deref(), |node| node.next.0.as_deref())
    }

    fn is_latest(&self, node: &Node) -> bool {
        self.nodes().find(|other| other.key == node.key).is_some_and(|first| std::ptr::eq(first, node))
    }
}

impl PartialEq for Baggage {
    /// The same visible items, in whatever order they were set.
    fn eq(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count()
            && self.iter().all(|item| other.iter().any(|theirs| theirs == item))
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

    #[test]
    fn a_removed_item_is_gone_and_can_come_back() {
        let removed = Baggage::new().with_item("a", "1").without_item("a");
        assert_eq!(removed.get("a"), None);
        assert!(removed.is_empty());
        assert_eq!(removed.with_item("a", "2").get("a"), Some("2"));
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
