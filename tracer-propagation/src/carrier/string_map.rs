//! Maps of strings: what most RPC frameworks and job queues offer for metadata.
//!
//! Keys that differ only in case are repeats of one header.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::ops::ControlFlow;

use super::{Extractor, Field, Injector, SetError, has_prefix};

macro_rules! string_map {
    ($map:ty $(, $hasher:ident)?) => {
        impl$(<$hasher: BuildHasher>)? Extractor for $map {
            fn visit_values<'c>(
                &'c self,
                field: &Field,
                visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>,
            ) {
                let mut values = self.iter().filter(|(name, _)| field.is_named(name));
                let _ = values.try_for_each(|(_, value)| visit(value.as_bytes()));
            }

            fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
                let _ = self.iter().try_for_each(|(name, value)| visit(name, value.as_bytes()));
            }
        }

        impl$(<$hasher: BuildHasher>)? Injector for $map {
            fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
                self.set_named(field.name(), value)
            }

            fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
                self.retain(|key, _| !key.eq_ignore_ascii_case(name));
                let value = std::str::from_utf8(value).map_err(|_| SetError::Value)?;
                self.insert(name.to_owned(), value.to_owned());
                Ok(())
            }

            fn remove(&mut self, field: &Field) {
                self.retain(|key, _| !field.is_named(key));
            }

            fn remove_prefix(&mut self, prefix: &str) {
                self.retain(|key, _| !has_prefix(key, prefix));
            }
        }
    };
}

string_map!(HashMap<String, String, S>, S);
string_map!(BTreeMap<String, String>);

#[cfg(test)]
mod tests {
    use super::*;

    static FIELD: Field = Field::new("baggage");

    fn exercise(carrier: &mut (impl Extractor + Injector)) -> Vec<(String, Vec<u8>)> {
        carrier.set_named("Baggage", b"old=1").unwrap();
        carrier.set_named("host", b"here").unwrap();
        carrier.set(&FIELD, b"a=1").unwrap();
        assert_eq!(carrier.set_named("X", b"\xff"), Err(SetError::Value));
        carrier.set_named("uberctx-a", b"1").unwrap();
        carrier.remove_prefix("UBERCTX-");
        let mut all = Vec::new();
        carrier.visit_all(&mut |name, value| {
            all.push((name.to_owned(), value.to_vec()));
            ControlFlow::Continue(())
        });
        carrier.remove(&FIELD);
        carrier.visit_values(&FIELD, &mut |value| panic!("still there: {value:?}"));
        all.sort();
        all
    }

    #[test]
    fn keys_are_compared_without_case_and_replaced() {
        let expected = [("baggage".to_owned(), b"a=1".to_vec()), ("host".to_owned(), b"here".to_vec())];
        assert_eq!(exercise(&mut HashMap::new()), expected);
        assert_eq!(exercise(&mut BTreeMap::new()), expected);
    }
}
