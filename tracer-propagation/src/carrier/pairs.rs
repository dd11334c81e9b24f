//! Lists of name and value: message headers (Kafka, AMQP, NATS), whose values are bytes and whose
//! names may repeat.

use std::ops::ControlFlow;

use super::{Extractor, Field, Injector, SetError, has_prefix};

/// A borrowed list of headers, to be read.
///
/// ```
/// use tracer_propagation::{Codec, Pairs, TraceContext};
///
/// let message = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
/// let extracted = TraceContext.extract(&Pairs(&message))?;
/// assert!(extracted.context.is_some_and(|context| context.is_sampled()));
/// # Ok::<(), tracer_propagation::ExtractError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a, N, V>(pub &'a [(N, V)]);

impl<N: AsRef<str>, V: AsRef<[u8]>> Extractor for Pairs<'_, N, V> {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let mut values = self.0.iter().filter(|(name, _)| field.is_named(name.as_ref()));
        let _ = values.try_for_each(|(_, value)| visit(value.as_ref()));
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.0.iter().try_for_each(|(name, value)| visit(name.as_ref(), value.as_ref()));
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Extractor for Vec<(N, V)> {
    fn visit_values<'c>(&'c self, field: &Field, visit: &mut dyn FnMut(&'c [u8]) -> ControlFlow<()>) {
        let mut values = self.iter().filter(|(name, _)| field.is_named(name.as_ref()));
        let _ = values.try_for_each(|(_, value)| visit(value.as_ref()));
    }

    fn visit_all<'c>(&'c self, visit: &mut dyn FnMut(&'c str, &'c [u8]) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|(name, value)| visit(name.as_ref(), value.as_ref()));
    }
}

impl<N, V> Injector for Vec<(N, V)>
where
    N: AsRef<str> + for<'n> From<&'n str>,
    V: for<'v> From<&'v [u8]>,
{
    fn set(&mut self, field: &Field, value: &[u8]) -> Result<(), SetError> {
        self.set_named(field.name(), value)
    }

    fn set_named(&mut self, name: &str, value: &[u8]) -> Result<(), SetError> {
        self.retain(|(theirs, _)| !theirs.as_ref().eq_ignore_ascii_case(name));
        self.push((name.into(), value.into()));
        Ok(())
    }

    fn remove(&mut self, field: &Field) {
        self.retain(|(name, _)| !field.is_named(name.as_ref()));
    }

    fn remove_prefix(&mut self, prefix: &str) {
        self.retain(|(name, _)| !has_prefix(name.as_ref(), prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIELD: Field = Field::new("tracestate");

    #[test]
    fn repeats_are_seen_in_order_and_a_visit_can_stop() {
        let list = [("TraceState", "a=1"), ("host", "x"), ("tracestate", "b=2"), ("tracestate", "c=3")];
        let (carrier, mut seen) = (Pairs(&list), Vec::new());
        carrier.visit_values(&FIELD, &mut |value| {
            seen.push(value);
            if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, [b"a=1", b"b=2"]);
    }

    #[test]
    fn setting_replaces_repeats_whatever_their_case() {
        let mut list: Vec<(String, Vec<u8>)> = vec![
            ("TRACESTATE".into(), b"a=1".to_vec()),
            ("uberctx-k".into(), b"\xff".to_vec()),
            ("tracestate".into(), b"b=2".to_vec()),
        ];
        list.set(&FIELD, b"c=3").unwrap();
        list.remove_prefix("uberctx-");
        assert_eq!(list, [("tracestate".to_owned(), b"c=3".to_vec())]);
        Injector::remove(&mut list, &FIELD);
        assert!(list.is_empty());
    }
}
