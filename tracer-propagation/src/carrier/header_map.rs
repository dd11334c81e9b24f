//! `http::HeaderMap`: requests and responses of HTTP and gRPC.

mod looks;

use std::ops::ControlFlow;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use self::looks::Looks;
use super::{Extractor, Field, Found, Injector, SetError, has_prefix, without_prefix};

/// To look at all headers once is quicker than to look up several names, if there are not more headers
/// than this for each.
const HEADERS_MAX_PER_NAME: usize = 8;

/// So many fields are written in one walk.
const WALKED_MAX: usize = u64::BITS as usize;

const fn is_walk_worth_while(headers: usize, names: usize) -> bool {
    names > 1 && headers <= names * HEADERS_MAX_PER_NAME
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
        let looks = Looks::of(fields.iter().copied());
        for (name, value) in self {
            if !looks.may_be(name) {
                continue;
            }
            let name = name.as_str();
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
        if !is_any_of_prefixes(self, &[prefix]) {
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
        let value = header_value(value).inspect_err(|_| Injector::remove(self, field))?;
        self.try_insert(field.header_name(), value).map(drop).map_err(|_| SetError::Full)
    }

    fn write(
        &mut self,
        fields: &[(&Field, Option<&[u8]>)],
        prefixes: &[&str],
    ) -> Result<(), (usize, SetError)> {
        if is_any_of_prefixes(self, prefixes) {
            remove_prefixes(self, prefixes);
        }
        let written = write_over(self, fields);
        let mut result = Ok(());
        for (place, (field, value)) in fields.iter().enumerate() {
            if written.has(place) {
                continue;
            }
            match value {
                Some(value) => {
                    let set = self.set(field, value).map_err(|error| (place, error));
                    result = result.and(set);
                }
                None => Injector::remove(self, field),
            }
        }
        result
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SetError::Name)?;
        let value = header_value(value).inspect_err(|_| drop(Self::remove(self, &name)))?;
        self.try_insert(name, value).map(drop).map_err(|_| SetError::Full)
    }

    fn remove(&mut self, field: &Field) {
        // Most often there is nothing, and to find that out is a third of a removal's work.
        if self.contains_key(field.header_name()) {
            Self::remove(self, field.header_name());
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        if is_any_of_prefixes(self, &[prefix]) {
            remove_prefixes(self, &[prefix]);
        }
    }
}

/// The value of a header. Those of flags take no allocation.
fn header_value(value: &[u8]) -> Result<HeaderValue, SetError> {
    match value {
        b"0" => Ok(const { HeaderValue::from_static("0") }),
        b"1" => Ok(const { HeaderValue::from_static("1") }),
        _ => HeaderValue::from_bytes(value).map_err(|_| SetError::Value),
    }
}

/// Places in a list of fields.
#[derive(Clone, Copy)]
struct Places(u64);

impl Places {
    const fn has(self, place: usize) -> bool {
        place < WALKED_MAX && self.0 >> place & 1 == 1
    }

    const fn with(self, place: usize) -> Self {
        Self(self.0 | 1 << place)
    }

    const fn without(self, place: usize) -> Self {
        Self(self.0 & !(1 << place))
    }
}

/// Writes the values of fields that are there over the old ones, and tells which fields are then as they
/// should be: one walk over names instead of a hash for each.
fn write_over(headers: &mut HeaderMap, fields: &[(&Field, Option<&[u8]>)]) -> Places {
    let may_repeat = headers.len() != headers.keys_len();
    if may_repeat || fields.len() > WALKED_MAX || !is_walk_worth_while(headers.len(), fields.len()) {
        return Places(0);
    }
    let absent = |(place, (_, value)): (usize, &(&Field, Option<&[u8]>))| value.is_none().then_some(place);
    let mut right = fields.iter().enumerate().filter_map(absent).fold(Places(0), Places::with);
    let looks = Looks::of(fields.iter().map(|(field, _)| *field));
    for (name, old) in headers.iter_mut() {
        if !looks.may_be(name) {
            continue;
        }
        let name = name.as_str();
        let Some(place) = fields.iter().position(|(field, _)| field.name() == name) else { continue };
        let new = fields.get(place).and_then(|(_, value)| header_value((*value)?).ok());
        right = match new {
            Some(new) => {
                *old = new;
                right.with(place)
            }
            None => right.without(place),
        };
    }
    right
}

fn is_any_of_prefixes(headers: &HeaderMap, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        let Some((last, before)) = prefix.as_bytes().split_last() else { return false };
        let last = Some(last.to_ascii_lowercase());
        let mut names = headers.keys().map(HeaderName::as_str);
        // Most names have another letter there.
        names.any(|name| name.as_bytes().get(before.len()).copied() == last && has_prefix(name, prefix))
    })
}

#[cold]
fn remove_prefixes(headers: &mut HeaderMap, prefixes: &[&str]) {
    let is_of_prefix = |name: &&HeaderName| prefixes.iter().any(|prefix| has_prefix(name.as_str(), prefix));
    let names: Vec<_> = headers.keys().filter(is_of_prefix).cloned().collect();
    for name in names {
        HeaderMap::remove(headers, name);
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

    /// With one value each in one walk, with several one after the other: the same comes of both.
    #[test]
    fn several_fields_are_written_over_what_is_there() {
        static SPAN: Field = Field::new("x-span");
        static STALE: Field = Field::new("x-stale");
        static REFUSED: Field = Field::new("x-refused");
        let fields: [(&Field, Option<&[u8]>); 4] =
            [(&FIELD, Some(b"new=1")), (&SPAN, Some(b"1")), (&STALE, None), (&REFUSED, Some(b"\n"))];
        for (old, times) in
            [(&[][..], 1), (&["tracestate", "x-stale", "x-refused", "X-Span"], 1), (&["x-stale"], 2)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("shop"));
            for name in old.iter().flat_map(|name| std::iter::repeat_n(name, times)) {
                headers.append(
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_static("old"),
                );
            }
            assert_eq!(headers.write(&fields, &[]), Err((3, SetError::Value)), "{old:?}");
            assert_eq!(
                (values(&headers), &headers["x-span"]),
                (vec![b"new=1".as_slice()], &"1".parse().unwrap())
            );
            assert_eq!((headers.len(), &headers["host"]), (3, &"shop".parse().unwrap()), "{old:?}");
        }
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
