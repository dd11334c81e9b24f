//! What names of headers look like: nearly all others are told apart by it.

use std::hash::{Hash, Hasher};

use http::header::HeaderName;

use crate::carrier::Field;

/// The looks of some names, a bit for each.
#[derive(Clone, Copy)]
pub(super) struct Looks(u64);

impl Looks {
    #[inline(always)]
    pub(super) fn of<'f>(fields: impl Iterator<Item = &'f Field>) -> Self {
        Self(fields.fold(0, |looks, field| looks | bit(field.header_name())))
    }

    /// False only for a name that is none of them.
    #[inline(always)]
    pub(super) fn may_be(self, name: &HeaderName) -> bool {
        self.0 & bit(name) != 0
    }
}

/// The same for equal names, since hashes are.
#[inline(always)]
fn bit(name: &HeaderName) -> u64 {
    let mut look = Look(0);
    name.hash(&mut look);
    1 << (look.finish() % u64::from(u64::BITS))
}

/// A hash of a text's length and the letter in its middle, always odd. The well-known names are numbers in
/// `http`, and to ask for their text takes a call: what is hashed of them is the number, which leaves 0.
struct Look(u64);

impl Hasher for Look {
    #[inline(always)]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn write(&mut self, text: &[u8]) {
        let middle = text.get(text.len() / 2).map_or(0, |letter| u64::from(*letter));
        self.0 = (text.len() as u64).wrapping_add(middle) * 2 + 1;
    }

    #[inline(always)]
    fn write_isize(&mut self, _: isize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_looks_like_itself_in_whatever_way_it_was_made() {
        let fields = ["b3", "traceparent", "cookie", "x-b3-flags"].map(Field::new);
        let looks = Looks::of(fields.iter());
        for name in ["b3", "B3", "TraceParent", "Cookie", "X-B3-Flags"] {
            assert!(looks.may_be(&HeaderName::from_bytes(name.as_bytes()).unwrap()), "{name}");
        }
        assert!(looks.may_be(&http::header::COOKIE));
    }

    #[test]
    fn other_names_are_mostly_told_apart() {
        let looks = Looks::of(["traceparent", "tracestate"].map(Field::new).iter());
        for name in ["host", "x-request-id", "x-forwarded-for", "baggage", "cookie", "tracesnate"] {
            assert_eq!(looks.may_be(&HeaderName::from_static(name)), name == "tracesnate", "{name}");
        }
    }
}
