//! `http::HeaderMap`: requests and responses of HTTP and gRPC.

use std::ops::ControlFlow;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Extractor, Field, Found, Injector, SetError, has_prefix, without_prefix};

/// To look up more names than this takes longer than to look at all headers once, if these are not many.
const LOOKED_UP_MAX: usize = 4;

/// So many headers for each name are not many.
const HEADERS_MAX_PER_NAME: usize = 8;

const fn is_walk_worth_while(headers: usize, names: usize) -> bool {
    names > LOOKED_UP_MAX && headers <= names * HEADERS_MAX_PER_NAME
}

impl Extractor for HeaderMap {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let _ = self.get_all(field.header_name()).iter().try_for_each(|value| visit(value.as_bytes()));
    }

    fn find<'c>(&'c self, field: &Field) -> Found<'c> {
        let Some(first) = self.get(field.header_name()) else { return Found::Absent };
        // In most maps no name repeats.
        let may_repeat = self.len() != self.keys_len();
        if may_repeat && self.get_all(field.header_name()).iter().nth(1).is_some() {
            return Found::Repeated(first.as_bytes());
        }
        Found::Once(first.as_bytes())
    }

    fn find_all<'c>(&'c self, fields: &[&Field], found: &mut [Found<'c>]) {
        if !is_walk_worth_while(self.len(), fields.len()) {
            found.iter_mut().zip(fields).for_each(|(found, field)| *found = self.find(field));
            return;
        }
        found.fill(Found::Absent);
        let looks = Looks::of(fields.iter().map(|field| field.name()));
        for (name, value) in self {
            let name = name.as_str();
            if !looks.may_be(name) {
                continue;
            }
            let field = found.iter_mut().zip(fields).find(|(_, field)| field.name() == name);
            if let Some((found, _)) = field {
                *found = found.and(value.as_bytes());
            }
        }
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn visit_prefix<'c>(&'c self, prefix: &str, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let letter = Looks::letter(prefix);
        let is_of_prefix = |name: &str| Looks::letter(name) & letter != 0 && has_prefix(name, prefix);
        if !self.keys().any(|name| is_of_prefix(name.as_str())) {
            return;
        }
        let _ = self.iter().try_for_each(|(name, value)| match without_prefix(name.as_str(), prefix) {
            Some(rest) => visit(rest, value.as_bytes()),
            None => ControlFlow::Continue(()),
        });
    }
}

impl Injector for HeaderMap {
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            Injector::remove(self, field);
            return Err(SetError::Value);
        };
        self.try_insert(field.header_name(), value).map(drop).map_err(|_| SetError::Full)
    }

    fn write(
        &mut self,
        fields: &[(&Field, Option<&[u8]>)],
        prefixes: &[&str],
    ) -> Result<(), (usize, SetError)> {
        let removed = fields.iter().filter(|(_, value)| value.is_none());
        if !prefixes.is_empty() || is_walk_worth_while(self.len(), removed.clone().count()) {
            remove_all(self, fields, prefixes);
        } else {
            removed.for_each(|(field, _)| Injector::remove(self, field));
        }
        let mut result = Ok(());
        for (place, (field, value)) in fields.iter().enumerate() {
            if let Some(value) = value {
                let set = self.set(field, value).map_err(|error| (place, error));
                result = result.and(set);
            }
        }
        result
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SetError::Name)?;
        let Ok(value) = HeaderValue::from_bytes(value) else {
            Self::remove(self, &name);
            return Err(SetError::Value);
        };
        self.try_insert(name, value).map(drop).map_err(|_| SetError::Full)
    }

    fn remove(&mut self, field: &Field) {
        // Most often there is nothing, and to find that out is a third of a removal's work.
        if self.contains_key(field.header_name()) {
            Self::remove(self, field.header_name());
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        remove_all(self, &[], &[prefix]);
    }
}

/// Removes the fields that have no value, and all headers of some prefixes. One walk over names
/// instead of a hash for each.
fn remove_all(headers: &mut HeaderMap, fields: &[(&Field, Option<&[u8]>)], prefixes: &[&str]) {
    let removed = || fields.iter().filter(|(_, value)| value.is_none()).map(|(field, _)| field.name());
    let (names, begin) = (Looks::of(removed()), Looks::of(prefixes.iter().copied()));
    let is_removed = |name: &str| {
        let letter = Looks::letter(name);
        (letter & (names.letters | begin.letters) != 0)
            && (names.may_be(name) && removed().any(|field| field == name)
                || letter & begin.letters != 0 && prefixes.iter().any(|prefix| has_prefix(name, prefix)))
    };
    if !headers.keys().any(|name| is_removed(name.as_str())) {
        return;
    }
    let names: Vec<_> = headers.keys().filter(|name| is_removed(name.as_str())).cloned().collect();
    for name in names {
        HeaderMap::remove(headers, name);
    }
}

/// Lengths and first letters of names, a bit for each: nearly all other headers are told apart by them.
#[derive(Clone, Copy)]
struct Looks {
    lengths: u64,
    letters: u32,
}

impl Looks {
    #[inline(always)]
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        names.fold(Self { lengths: 0, letters: 0 }, |looks, name| Self {
            lengths: looks.lengths | 1 << (name.len() % 64),
            letters: looks.letters | Self::letter(name),
        })
    }

    #[inline(always)]
    fn may_be(self, name: &str) -> bool {
        self.letters & Self::letter(name) != 0 && self.lengths >> (name.len() % 64) & 1 == 1
    }

    /// Equal for equal letters of either case.
    #[inline(always)]
    fn letter(name: &str) -> u32 {
        name.as_bytes().first().map_or(0, |first| 1 << (first % 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIELD: Field = Field::new("tracestate");

    fn values(headers: &HeaderMap) -> Vec<&[u8]> {
        let mut values = Vec::new();
        headers.visit_values(&FIELD, &mut |value| {
            values.push(value);
            ControlFlow::Continue(())
        });
        values
    }

    #[test]
    fn all_values_are_seen_even_those_that_are_no_text() {
        let mut headers = HeaderMap::new();
        headers.append("TraceState", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_bytes(b"b=\xff").unwrap());
        assert_eq!(values(&headers), [b"a=1".as_slice(), b"b=\xff"]);
    }

    #[test]
    fn setting_replaces_all_values() {
        let mut headers = HeaderMap::new();
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_static("b=2"));
        headers.set(&FIELD, b"c=3").unwrap();
        assert_eq!(values(&headers), [b"c=3"]);
        Injector::remove(&mut headers, &FIELD);
        assert!(headers.is_empty());
    }

    #[test]
    fn what_no_header_can_hold_is_refused_and_leaves_no_stale_value() {
        let mut headers = HeaderMap::new();
        headers.set(&FIELD, b"old=1").unwrap();
        assert_eq!(headers.set(&FIELD, b"a\r\nx: 1"), Err(SetError::Value));
        assert!(headers.is_empty());
        assert_eq!(headers.set_named("a b", b"1"), Err(SetError::Name));
        headers.set_named("x", b"old").unwrap();
        assert_eq!(headers.set_named("X", b"\n"), Err(SetError::Value));
        assert!(headers.is_empty());
    }

    #[test]
    fn a_full_map_refuses() {
        let mut headers = HeaderMap::new();
        let mut n = 0;
        let error = loop {
            if let Err(error) = headers.set_named(&format!("x-{n}"), b"1") {
                break error;
            }
            n += 1;
        };
        assert_eq!(error, SetError::Full);
        assert_eq!(headers.set(&FIELD, b"a=1"), Err(SetError::Full));
    }

    #[test]
    fn a_prefix_is_removed_with_all_its_headers() {
        let mut headers = HeaderMap::new();
        for name in ["uberctx-a", "uberctx-b", "host"] {
            headers.set_named(name, b"1").unwrap();
        }
        headers.remove_prefix("uberctx-");
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["host"]);
    }
}
