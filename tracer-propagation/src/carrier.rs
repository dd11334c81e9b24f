//! Carriers: whatever holds the headers of a request or a message.
//!
//! Names are compared without regard to ASCII case, values are bytes, and a name may repeat.

mod env_vars;
#[cfg(feature = "http")]
mod header_map;
mod pairs;
mod string_map;

use std::ops::ControlFlow;

use crate::text;

pub use self::env_vars::EnvVars;
pub use self::pairs::Pairs;

/// A header that a codec reads and writes, by its lower-case name.
///
/// Made once, as a `static`: nothing is parsed when headers are looked up.
///
/// ```
/// use tracer_propagation::Field;
///
/// static TRACEPARENT: Field = Field::new("traceparent");
/// assert_eq!(TRACEPARENT.name(), "traceparent");
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    #[cfg(feature = "http")]
    header_name: http::HeaderName,
}

/// A carrier that is read: `http::HeaderMap` (feature `http`), `HashMap<String, String>`,
/// `BTreeMap<String, String>`, for the headers of messages `Vec<(String, Vec<u8>)>` and
/// [`Pairs`], and [`EnvVars`]. tonic's `MetadataMap` is a `HeaderMap` behind its `as_ref` and `as_mut`.
///
/// Names are compared without regard to ASCII case; values are bytes; a name may repeat.
///
/// Visitors stop a visit by [`ControlFlow::Break`], so that a codec does no more work than it
/// needs, however many headers there are.
pub trait Extractor {
    /// Visits all values of a field in their order, as bytes.
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>);

    /// What there is of a field. The default visits its values.
    fn find<'c>(&'c self, field: &Field) -> Found<'c> {
        let mut found = Found::Absent;
        self.visit_values(field, &mut |value| {
            found = found.and(value);
            if matches!(found, Found::Repeated(_)) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        found
    }

    /// What there is of each of several fields, in their order. The default finds one after the other.
    fn find_all<'c>(&'c self, fields: &[&Field], found: &mut [Found<'c>]) {
        for (found, field) in found.iter_mut().zip(fields) {
            *found = self.find(field);
        }
    }

    /// Visits all headers: name in whatever case, and value. For formats with a prefix of names.
    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>);

    /// Visits all headers whose names begin with a prefix: what follows it in the name, in whatever
    /// case, and the value. The default looks at all headers.
    fn visit_prefix<'c>(&'c self, prefix: &str, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        self.visit_all(&mut |name, value| match without_prefix(name, prefix) {
            Some(rest) => visit(rest, value),
            None => ControlFlow::Continue(()),
        });
    }
}

/// What a carrier has of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Found<'c> {
    /// Nothing.
    #[default]
    Absent,
    /// One value.
    Once(&'c [u8]),
    /// Several values, of which this is the first.
    Repeated(&'c [u8]),
}

impl<'c> Found<'c> {
    /// The same and one more value.
    #[must_use]
    pub const fn and(self, value: &'c [u8]) -> Self {
        match self {
            Self::Absent => Self::Once(value),
            Self::Once(first) | Self::Repeated(first) => Self::Repeated(first),
        }
    }

    /// The only or first value.
    #[must_use]
    pub const fn first(self) -> Option<&'c [u8]> {
        match self {
            Self::Absent => None,
            Self::Once(first) | Self::Repeated(first) => Some(first),
        }
    }
}

/// A carrier that is written: those of [`Extractor`] that own their headers, and the environment of a
/// [`Command`](std::process::Command).
pub trait Injector {
    /// Sets a field to one value, in place of all that it had.
    ///
    /// # Errors
    /// If the carrier cannot hold the value or no more headers; the field is then absent.
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError>;

    /// Sets or, where there is no value, removes each of several fields, and removes all headers of
    /// some prefixes: what a codec does with all that it owns. The default does one after the other.
    ///
    /// # Errors
    /// The first field that could not be set, by its place in the list; all others are.
    fn write(
        &mut self,
        fields: &[(&Field, Option<&[u8]>)],
        prefixes: &[&str],
    ) -> Result<(), (usize, SetError)> {
        prefixes.iter().for_each(|prefix| self.remove_prefix(prefix));
        let mut result = Ok(());
        for (place, (field, value)) in fields.iter().enumerate() {
            match value {
                Some(value) => {
                    let set = self.set(field, value).map_err(|error| (place, error));
                    result = result.and(set);
                }
                None => self.remove(field),
            }
        }
        result
    }

    /// Sets a header by a name made while running, in place of all values that it had.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if the carrier cannot hold the name.
    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError>;

    /// Removes all values of a field.
    fn remove(&mut self, field: &Field);

    /// Removes all headers whose names begin with a prefix.
    fn remove_prefix(&mut self, prefix: &str);
}

/// Why a carrier did not take a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The name is none that the carrier can hold.
    #[error("the carrier cannot hold the name")]
    Name,
    /// The value has bytes that the carrier cannot hold.
    #[error("the carrier cannot hold the value")]
    Value,
    /// The carrier holds as many headers as it can.
    #[error("the carrier is full")]
    Full,
}

impl Field {
    /// A field by its name: an HTTP token without upper-case letters (RFC 9110, section 5.6.2).
    ///
    /// # Panics
    /// If the name is anything else; in a `static` or a `const` that is an error of the compiler.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(is_lower_case_token(name.as_bytes()), "a field's name is a lower-case token");
        Self {
            name,
            #[cfg(feature = "http")]
            header_name: http::HeaderName::from_static(name),
        }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The same name, parsed.
    #[cfg(feature = "http")]
    #[must_use]
    pub const fn header_name(&self) -> &http::HeaderName {
        &self.header_name
    }

    /// Whether a header of that name is this field, whatever its case.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name == name || self.name.eq_ignore_ascii_case(name)
    }
}

/// Whether a name begins with a prefix, whatever the case of either.
#[inline(always)]
fn has_prefix(name: &str, prefix: &str) -> bool {
    without_prefix(name, prefix).is_some()
}

/// What follows a prefix in a name, whatever the case of either; `None` without the prefix.
#[inline(always)]
pub(crate) fn without_prefix<'n>(name: &'n str, prefix: &str) -> Option<&'n str> {
    // Most names begin with another letter.
    let (first, expected) = (name.as_bytes().first()?, prefix.as_bytes().first()?);
    if !first.eq_ignore_ascii_case(expected) {
        return None;
    }
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.bytes().zip(prefix.bytes()).all(|(ours, theirs)| ours.eq_ignore_ascii_case(&theirs)).then_some(rest)
}

const fn is_lower_case_token(mut name: &[u8]) -> bool {
    if name.is_empty() {
        return false;
    }
    while let [first, rest @ ..] = name {
        if !text::is_token_byte(*first) || first.is_ascii_uppercase() {
            return false;
        }
        name = rest;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_tokens() {
        for name in ["traceparent", "x-b3-traceid", "a", "0", "grpc-trace-bin"] {
            assert!(is_lower_case_token(name.as_bytes()), "{name}");
        }
        for name in ["", "Traceparent", "a b", "a:", "é", "a\n"] {
            assert!(!is_lower_case_token(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn prefixes_are_compared_without_case_and_never_cut_a_character() {
        assert!(has_prefix("UberCtx-key", "uberctx-"));
        assert!(has_prefix("uberctx-", "uberctx-"));
        for name in ["uberctx", "", "x-uberctx-key", "uberctxé"] {
            assert!(!has_prefix(name, "uberctx-"), "{name}");
        }
    }
}
