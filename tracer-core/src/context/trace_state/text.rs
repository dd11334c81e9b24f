//! The bytes of a list: in place as long as they are few, which saves most lists an allocation.

use std::fmt;

/// So many bytes are kept in place.
const SHORT_MAX: usize = 111;

#[derive(Clone)]
pub(super) struct Text {
    short: [u8; SHORT_MAX],
    /// Of what is in `short`.
    length: u8,
    /// If it is too long for that.
    long: Option<Box<[u8]>>,
}

impl Text {
    #[inline(always)]
    pub(super) const fn empty() -> Self {
        Self { short: [0; SHORT_MAX], length: 0, long: None }
    }

    #[inline]
    pub(super) fn new(text: &[u8]) -> Self {
        let mut new = Self::empty();
        new.set(text);
        new
    }

    /// In its place: to move a text takes as long as to read it.
    #[inline(always)]
    pub(super) fn set(&mut self, text: &[u8]) {
        match (self.short.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text);
                (self.length, self.long) = (length, None);
            }
            _ => self.long = Some(text.into()),
        }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match &self.long {
            None => self.short.get(..usize::from(self.length)).unwrap_or_default(),
            Some(bytes) => bytes,
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_texts_are_what_was_given() {
        for length in [0, 1, SHORT_MAX - 1, SHORT_MAX, SHORT_MAX + 1, 255, 256, 257, 1000] {
            let given = vec![b'x'; length];
            let text = Text::new(&given);
            assert_eq!(text.as_bytes(), given);
            assert_eq!(text, text.clone());
            assert_eq!(text.long.is_none(), length <= SHORT_MAX);
        }
        assert_eq!(Text::default(), Text::new(b""));
    }
}
