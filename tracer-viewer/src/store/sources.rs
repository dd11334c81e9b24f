//! Who reports: each pair of resource and scope is kept once, as long as a span needs it.

use std::collections::HashMap;
use std::sync::Arc;

use tracer_core::row::record::{Value, key_value};
use tracer_core::row::wire::{Field, Fields, WireError};

/// What Jaeger calls services that do not say their name.
const MISSING_NAME: &str = "missing-service-name";
const EMPTY_NAME: &str = "empty-service-name";
const NAME_OF_WRONG_TYPE: &str = "service-name-wrong-type";

/// An OTLP resource and an instrumentation scope, as they came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    key: SourceKey,
    service: Arc<str>,
    scope_name: Box<str>,
    scope_version: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SourceKey {
    resource: Arc<[u8]>,
    scope: Arc<[u8]>,
}

/// All sources that spans refer to.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    sources: HashMap<SourceKey, Counted>,
    bytes: usize,
}

#[derive(Debug)]
struct Counted {
    source: Arc<Source>,
    users: usize,
}

impl Source {
    pub(crate) fn decode(resource: &[u8], scope: &[u8]) -> Result<Self, WireError> {
        let mut service: Option<Arc<str>> = None;
        for tag in tags(resource, 1) {
            match tag? {
                (key, value) if key == "service.name" && service.is_none() => {
                    service = Some(service_name(&value).into());
                }
                _ => {}
            }
        }
        let (mut scope_name, mut scope_version) = ("", "");
        for field in Fields::new(scope) {
            match field? {
                (1, field) => scope_name = field.str()?,
                (2, field) => scope_version = field.str()?,
                (3, field) => drop(key_value(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(Self {
            key: SourceKey { resource: resource.into(), scope: scope.into() },
            service: service.unwrap_or_else(|| MISSING_NAME.into()),
            scope_name: scope_name.into(),
            scope_version: scope_version.into(),
        })
    }

    pub(crate) const fn service(&self) -> &Arc<str> {
        &self.service
    }

    pub(crate) fn scope_name(&self) -> &str {
        &self.scope_name
    }

    pub(crate) fn scope_version(&self) -> &str {
        &self.scope_version
    }

    /// The OTLP `Resource` message.
    pub(crate) fn resource(&self) -> &[u8] {
        &self.key.resource
    }

    /// The OTLP `InstrumentationScope` message.
    pub(crate) fn scope(&self) -> &[u8] {
        &self.key.scope
    }

    /// Tags of the process, without the service's name.
    pub(crate) fn process_tags(&self) -> Vec<(String, Value)> {
        let mut tags = self.resource_tags();
        tags.retain(|(key, _)| key != "service.name");
        tags
    }

    /// Attributes of the resource.
    pub(crate) fn resource_tags(&self) -> Vec<(String, Value)> {
        tags(self.resource(), 1).filter_map(Result::ok).collect()
    }

    /// Attributes of the scope.
    pub(crate) fn scope_tags(&self) -> Vec<(String, Value)> {
        tags(self.scope(), 3).filter_map(Result::ok).collect()
    }

    fn cost_bytes(&self) -> usize {
        const FIXED_BYTES: usize = 2 * size_of::<SourceKey>() + size_of::<Source>() + 64;
        let names = self.service.len() + self.scope_name.len() + self.scope_version.len();
        FIXED_BYTES + self.resource().len() + self.scope().len() + names
    }
}

impl Sources {
    /// The one copy of a source; one user more.
    pub(crate) fn acquire(&mut self, source: Source) -> Arc<Source> {
        if let Some(known) = self.sources.get_mut(&source.key) {
            known.users += 1;
            return Arc::clone(&known.source);
        }
        self.bytes += source.cost_bytes();
        let (key, source) = (source.key.clone(), Arc::new(source));
        self.sources.insert(key, Counted { source: Arc::clone(&source), users: 1 });
        source
    }

    /// One user more of a source that has some.
    pub(crate) fn acquire_again(&mut self, source: &Source) {
        if let Some(known) = self.sources.get_mut(&source.key) {
            known.users += 1;
        }
    }

    /// One user less; the last one takes the source along.
    pub(crate) fn release(&mut self, source: &Source) {
        let Some(known) = self.sources.get_mut(&source.key) else {
            return;
        };
        known.users -= 1;
        if known.users == 0 {
            self.sources.remove(&source.key);
            self.bytes -= source.cost_bytes();
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn service_name(value: &Value) -> &str {
    match value {
        Value::Str(name) if name.is_empty() => EMPTY_NAME,
        Value::Str(name) => name,
        _ => NAME_OF_WRONG_TYPE,
    }
}

/// The `KeyValue` messages of a field.
fn tags(message: &[u8], number: u64) -> impl Iterator<Item = Result<(String, Value), WireError>> {
    Fields::new(message).filter_map(move |field| match field {
        Ok((found, Field::Bytes(pair))) if found == number => Some(key_value(pair)),
        Ok((found, _)) if found == number => Some(Err(WireError::WrongType)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracer_core::{Resource, Scope};

    fn source(service: &str, scope: &str) -> Source {
        Source::decode(Resource::bare(service).encoded(), Scope::new(scope, "1").encoded()).unwrap()
    }

    #[test]
    fn a_source_is_kept_once_and_as_long_as_it_is_used() {
        let mut sources = Sources::default();
        let first = sources.acquire(source("shop", "lib"));
        let second = sources.acquire(source("shop", "lib"));
        assert!(Arc::ptr_eq(&first, &second));
        sources.release(&first);
        assert!(sources.bytes() > 0);
        sources.release(&first);
        assert_eq!((sources.bytes(), sources.sources.len()), (0, 0));
    }

    #[test]
    fn a_service_without_a_name_is_called_as_jaeger_calls_it() {
        assert_eq!(&**source("shop", "lib").service(), "shop");
        assert_eq!(&**source("", "lib").service(), EMPTY_NAME);
        assert_eq!(&**Source::decode(&[], &[]).unwrap().service(), MISSING_NAME);
        let resource = Resource::bare("shop");
        let cut = &resource.encoded()[..9];
        assert!(Source::decode(cut, &[]).is_err());
    }
}
