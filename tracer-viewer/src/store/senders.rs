//! What senders say that they lost before it came here: attributes of their scopes,
//! `tracer.spans_lost.<reason>`, each a count that only grows while a process lives.

use std::collections::BTreeMap;

use serde::Serialize;
use tracer_core::row::record::Value;

use super::Source;

const PREFIX: &str = "tracer.spans_lost.";
/// More senders are not noted, only counted.
const SENDERS_MAX: usize = 1_000;
const REASONS_MAX: usize = 32;
/// How long a name may be; a longer one is cut.
const NAME_CHARS_MAX: usize = 128;

/// One instance of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sender {
    pub(crate) service: String,
    /// `service.instance.id`, or empty.
    pub(crate) instance: String,
    /// How many spans, by reason.
    pub(crate) lost: BTreeMap<String, u64>,
}

/// All that said so.
#[derive(Debug, Default)]
pub(crate) struct Senders {
    known: BTreeMap<(String, String), BTreeMap<String, u64>>,
    left_out: u64,
}

/// What one source says.
#[derive(Debug)]
pub(crate) struct Losses {
    sender: (String, String),
    lost: Vec<(String, u64)>,
}

impl Losses {
    /// What a source says, if it says anything.
    pub(crate) fn of(source: &Source) -> Option<Self> {
        let lost: Vec<_> = source.scope_tags().into_iter().filter_map(loss).take(REASONS_MAX).collect();
        (!lost.is_empty()).then(|| Self { sender: (cut(source.service()), instance(source)), lost })
    }
}

impl Senders {
    /// Notes what a source says. Of two counts the larger one is newer.
    pub(crate) fn note(&mut self, losses: Losses) {
        if !self.known.contains_key(&losses.sender) && self.known.len() >= SENDERS_MAX {
            self.left_out += 1;
            return;
        }
        let lost = self.known.entry(losses.sender).or_default();
        for (reason, count) in losses.lost {
            if lost.len() < REASONS_MAX || lost.contains_key(&reason) {
                let known = lost.entry(reason).or_default();
                *known = count.max(*known);
            }
        }
    }

    pub(crate) fn list(&self) -> (Vec<Sender>, u64) {
        let sender = |((service, instance), lost): (&(String, String), &BTreeMap<String, u64>)| Sender {
            service: service.clone(),
            instance: instance.clone(),
            lost: lost.clone(),
        };
        (self.known.iter().map(sender).collect(), self.left_out)
    }
}

fn loss((key, value): (String, Value)) -> Option<(String, u64)> {
    let reason = key.strip_prefix(PREFIX)?;
    match value {
        Value::I64(count) => Some((cut(reason), u64::try_from(count).ok()?)),
        _ => None,
    }
}

fn instance(source: &Source) -> String {
    let tags = source.process_tags();
    let instance = tags.iter().find(|(key, _)| key == "service.instance.id");
    match instance {
        Some((_, Value::Str(id))) => cut(id),
        _ => String::new(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use tracer_core::Resource;
    use tracer_core::row::wire::put_bytes;

    use super::*;

    /// A source of an instance, with integer attributes of its scope.
    fn source(instance: &str, attributes: &[(&str, u8)]) -> Source {
        let resource = Resource::bare("shop").with_tag("service.instance.id", instance);
        let mut scope = Vec::new();
        for (key, count) in attributes {
            let mut pair = Vec::new();
            put_bytes(&mut pair, 0x0a, key.as_bytes());
            put_bytes(&mut pair, 0x12, &[0x18, *count]);
            put_bytes(&mut scope, 0x1a, &pair);
        }
        Source::decode(resource.encoded(), &scope).unwrap()
    }

    #[test]
    fn the_largest_count_of_an_instance_is_kept() {
        let mut senders = Senders::default();
        let first = [("tracer.spans_lost.budget", 7), ("tracer.spans_lost.forked", 1), ("x", 3)];
        senders.note(Losses::of(&source("a", &first)).unwrap());
        senders.note(Losses::of(&source("a", &[("tracer.spans_lost.budget", 5)])).unwrap());
        senders.note(Losses::of(&source("b", &[("tracer.spans_lost.budget", 2)])).unwrap());
        assert!(Losses::of(&source("c", &[("other", 2)])).is_none());
        let (list, left_out) = senders.list();
        let lost: Vec<_> =
            list.iter().map(|s| format!("{} {} {:?}", s.service, s.instance, s.lost)).collect();
        assert_eq!(lost, [r#"shop a {"budget": 7, "forked": 1}"#, r#"shop b {"budget": 2}"#]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn senders_beyond_the_limit_are_counted() {
        let mut senders = Senders::default();
        for number in 0..1_100 {
            senders
                .note(Losses::of(&source(&number.to_string(), &[("tracer.spans_lost.budget", 1)])).unwrap());
        }
        let (list, left_out) = senders.list();
        assert_eq!((list.len(), left_out), (1_000, 100));
    }
}
