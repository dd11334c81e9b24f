//! Who reports: the service, and the tags of its process.

use tracer_core::Resource;

use crate::detect::{Detect, Detector};
use crate::note::Origin;
use crate::parse;
use crate::setting::{DETECTORS, JAEGER_TAGS, RESOURCE, SERVICE_NAME};
use crate::sources::{Found, Sources};

/// More is no name.
const NAME_BYTES_MAX: usize = 1024;

/// Tags of a process, the later one of a key being the stronger.
#[derive(Debug, Default)]
struct Tags(Vec<(String, Value)>);

#[derive(Debug)]
enum Value {
    Text(String),
    Number(i64),
}

/// The resource: what was detected, then the file's tags, the environment's, the builder's.
pub(super) fn plan(
    sources: &mut Sources,
    default_service: &str,
    builder_tags: &[(String, String)],
    detect: &Detect,
) -> Resource {
    let environment = sources.environment.clone();
    let mut layers = sources.find_all(&RESOURCE, |text, _| parse::pairs(text));
    let jaeger = sources.find_all(&JAEGER_TAGS, |text, _| {
        parse::jaeger_tags(text, |name| environment.get(name).map(str::to_owned))
    });
    // In the same layer OpenTelemetry's go first.
    layers.extend(jaeger);
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.strength()));
    let name = service_name(sources, &layers, default_service);
    let mut tags = Tags::default();
    for (key, value) in detected(sources, detect) {
        tags.set(key, value);
    }
    // Of equal strength, the first is the stronger: it is set last.
    for layer in layers.iter().rev() {
        for (key, value) in &layer.value {
            tags.set(key.clone(), Value::Text(value.clone()));
        }
    }
    for (key, value) in builder_tags {
        tags.set(key.clone(), Value::Text(value.clone()));
    }
    tags.onto(Resource::bare(&name))
}

/// The name by its own setting; one in the tags is weaker than a variable for it.
fn service_name(
    sources: &mut Sources,
    layers: &[Found<Vec<(String, String)>>],
    default_service: &str,
) -> String {
    let named = sources.find(&SERVICE_NAME, |name, _| {
        if name.len() > NAME_BYTES_MAX { Err("longer than 1024 bytes".into()) } else { Ok(name.to_owned()) }
    });
    let tagged = layers.iter().find_map(|layer| {
        let mut pairs = layer.value.iter().rev();
        let (_, name) = pairs.find(|(key, name)| key == "service.name" && !name.is_empty())?;
        Some(Found::new(name.clone(), layer.origin.clone()))
    });
    match (named, tagged) {
        (Some(named), Some(tagged)) if tagged.strength() > named.strength() => take(sources, tagged),
        (Some(named), _) => named.value,
        (None, Some(tagged)) => take(sources, tagged),
        (None, None) => take(sources, Found::new(default_service.to_owned(), Origin::Default)),
    }
}

fn take(sources: &mut Sources, name: Found<String>) -> String {
    sources.amend(&SERVICE_NAME, name.value.clone(), name.origin);
    name.value
}

fn detected(sources: &mut Sources, detect: &Detect) -> Vec<(String, Value)> {
    let found = sources.find(&DETECTORS, |text, _| Detector::list(text));
    let chosen = found.map_or_else(Detector::usual, |found| found.value);
    let texts = detect.run(&chosen, &sources.environment);
    let number = |key: &str, text: &str| (key == "process.pid").then(|| text.parse().ok()).flatten();
    let value = |key: &str, text: String| number(key, &text).map_or(Value::Text(text), Value::Number);
    texts.into_iter().map(|(key, text)| (key.to_owned(), value(key, text))).collect()
}

impl Tags {
    fn set(&mut self, key: String, value: Value) {
        // The name has its own place.
        if key == "service.name" {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    fn onto(self, resource: Resource) -> Resource {
        self.0.iter().fold(resource, |resource, (key, value)| match value {
            Value::Text(text) => resource.with_tag(key, text.as_str()),
            Value::Number(number) => resource.with_tag(key, *number),
        })
    }
}
