//! The bytes of a list: in place as long as they are few, which saves most lists an allocation.

use std::fmt;

/// So many bytes are kept in place.
const SHORT_MAX: usize = 110;

#[derive(Clone)]
pub(super) enum Text {
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    Long(Box<[u8]>),
}

impl Text {
    #[inline]
    pub(super) fn new(text: &[u8]) -> Self {
        let mut bytes = [0; SHORT_MAX];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text);
                Self::Short { length, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Short { length: 0, bytes: [0; SHORT_MAX] }
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
            assert_eq!(matches!(text, Text::Short { .. }), length <= SHORT_MAX);
        }
        assert_eq!(Text::default(), Text::new(b""));
    }
}
