//! `http::HeaderMap`: requests and responses of HTTP and gRPC.

use std::ops::ControlFlow;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::{Extractor, Field, Injector, SetError, has_prefix};

/// Whether a walk over all headers is faster than to look up some fields by their hashes.
const fn is_walk_worth_while(headers: usize, fields: usize) -> bool {
    fields >= 3 && headers <= fields * 8
}

impl Extractor for HeaderMap {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let _ = self.get_all(field.header_name()).iter().try_for_each(|value| visit(value.as_bytes()));
    }

    fn visit_fields<'c>(
        &'c self,
        fields: &[&Field],
        visit: &mut dyn FnMut(usize, &'c [u8]) -> ControlFlow<()>,
    ) {
        if !is_walk_worth_while(self.len(), fields.len()) {
            let _ = fields.iter().enumerate().try_for_each(|(place, field)| {
                let mut values = self.get_all(field.header_name()).iter();
                values.try_for_each(|value| visit(place, value.as_bytes()))
            });
            return;
        }
        let lengths = Lengths::of(fields.iter().copied());
        let _ = self.iter().try_for_each(|(name, value)| {
            let name = name.as_str();
            if !lengths.may_have(name) {
                return ControlFlow::Continue(());
            }
            match fields.iter().position(|field| field.name() == name) {
                Some(place) => visit(place, value.as_bytes()),
                None => ControlFlow::Continue(()),
            }
        });
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
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

    fn write(&mut self, fields: &[(&Field, Option<&[u8]>)]) -> Result<(), (usize, SetError)> {
        let removed = fields.iter().filter(|(_, value)| value.is_none()).count();
        let walks = is_walk_worth_while(self.len(), removed);
        let mut is_there = if walks { present(self, fields) } else { u64::MAX };
        let mut result = Ok(());
        for (place, (field, value)) in fields.iter().enumerate() {
            match value {
                Some(value) => {
                    let set = self.set(field, value).map_err(|error| (place, error));
                    result = result.and(set);
                }
                None if is_there & 1 == 1 => Injector::remove(self, field),
                None => {}
            }
            // Fields beyond the last bit count as there.
            is_there = is_there >> 1 | 1 << (u64::BITS - 1);
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
        Self::remove(self, field.header_name());
    }

    fn remove_prefix(&mut self, prefix: &str) {
        let names: Vec<_> = self.keys().filter(|name| has_prefix(name.as_str(), prefix)).cloned().collect();
        for name in names {
            Self::remove(self, name);
        }
    }
}

/// A bit for each field that is to be removed and has a value. One walk instead of a hash for each.
fn present(headers: &HeaderMap, fields: &[(&Field, Option<&[u8]>)]) -> u64 {
    let removed = || fields.iter().enumerate().take(64).filter(|(_, (_, value))| value.is_none());
    let lengths = Lengths::of(removed().map(|(_, (field, _))| *field));
    if lengths == Lengths(0) {
        return 0;
    }
    let mut present = !0 << fields.len().min(63);
    for name in headers.keys().map(HeaderName::as_str).filter(|name| lengths.may_have(name)) {
        if let Some((place, _)) = removed().find(|(_, (field, _))| field.name() == name) {
            present |= 1 << place;
        }
    }
    present
}

/// The lengths of names, a bit for each: most other headers are told apart by it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Lengths(u64);

impl Lengths {
    #[inline]
    fn of<'f>(fields: impl Iterator<Item = &'f Field>) -> Self {
        Self(fields.fold(0, |lengths, field| lengths | 1 << (field.name().len() % 64)))
    }

    #[inline]
    const fn may_have(self, name: &str) -> bool {
        self.0 >> (name.len() % 64) & 1 == 1
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
