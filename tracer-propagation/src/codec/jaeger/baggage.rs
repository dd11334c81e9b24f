//! Baggage: `uberctx-KEY` headers from programs, `jaeger-baggage` from people.
//!
//! ```text
//! uberctx-KEY: value                  the key in lower case, the value URL-encoded
//!
//! jaeger-baggage = pair *( "," pair ) URL-encoded as a whole
//! pair           = key "=" value      exactly one "="; blanks around the pair and the key do not count
//! ```
//! Other pairs are skipped, and headers without a key. Of a key's items the last one counts.

use std::ops::ControlFlow;

use tracer_core::Baggage;

use super::{JaegerError, url};
use crate::carrier::{Extractor, Field, Found, Injector};
use crate::codec::oldest_first;
use crate::codec::{InjectError, InjectReason};
use crate::text;

pub(super) static FIELD: Field = Field::new("jaeger-baggage");
pub(super) const PREFIX: &str = "uberctx-";

/// The most items that are kept and sent, as in W3C Baggage.
pub(super) const ITEMS_MAX: usize = 180;

/// The most bytes of keys and values that are kept and sent, encoded, as in W3C Baggage.
pub(super) const BYTES_MAX: usize = 8192;

/// Writes a header for each item, those that were set first as long as there is room. The caller
/// has removed what was there.
pub(super) fn inject(baggage: &Baggage, carrier: &mut dyn Injector) -> Result<(), InjectError> {
    if baggage.is_empty() {
        return Ok(());
    }
    let (mut items, mut bytes, mut error) = (0, 0, None);
    oldest_first::visit(baggage, &mut |item| {
        if item.key.is_empty() || text::span(item.key.as_bytes(), text::TOKEN) < item.key.len() {
            error = error.or(Some(InjectReason::Key));
            return ControlFlow::Continue(());
        }
        let name = format!("{PREFIX}{}", item.key.to_ascii_lowercase());
        let value = url::encode(item.value);
        items += 1;
        bytes += item.key.len() + value.len();
        if items > ITEMS_MAX || bytes > BYTES_MAX {
            let limit = InjectReason::Limit { members_max: ITEMS_MAX, bytes_max: BYTES_MAX };
            error = error.or(Some(limit));
            return ControlFlow::Break(());
        }
        let set = carrier.set_named(&name, value.as_bytes());
        error = error.or_else(|| set.err().map(InjectReason::Carrier));
        ControlFlow::Continue(())
    });
    error.map_or(Ok(()), |reason| Err(InjectError::new(PREFIX, reason)))
}

/// What can be read, and the first thing that is too much. `list` is what was found of [`FIELD`].
pub(super) fn extract(list: Found<'_>, carrier: &dyn Extractor) -> (Baggage, Option<JaegerError>) {
    let mut reader = Reader::default();
    // Of a key's items the last one counts, and what a person wrote goes before what a program did.
    carrier.visit_prefix(PREFIX, &mut |key, value| match key {
        "" => ControlFlow::Continue(()),
        _ => reader.read_item(key, text::trim(value)),
    });
    if reader.over.is_none() && list != Found::Absent {
        carrier.visit_values(&FIELD, &mut |list| reader.read_pairs(text::trim(list)));
    }
    (reader.baggage, reader.over)
}

/// What was read so far. Nothing more is read after a header that was too much.
#[derive(Default)]
struct Reader {
    baggage: Baggage,
    items: usize,
    bytes: usize,
    over: Option<JaegerError>,
}

impl Reader {
    fn read_item(&mut self, key: &str, value: &[u8]) -> ControlFlow<()> {
        self.count(JaegerError::UberctxLimit, key.len().saturating_add(value.len()))?;
        self.keep(JaegerError::UberctxLimit, &key.to_ascii_lowercase(), &url::decode(value))
    }

    fn read_pairs(&mut self, list: &[u8]) -> ControlFlow<()> {
        self.count(JaegerError::BaggageLimit, list.len())?;
        let list = url::decode(list);
        for pair in list.split(',').map(|pair| pair.trim_matches([' ', '\t'])) {
            let Some((key, value)) = pair.split_once('=').filter(|(_, value)| !value.contains('=')) else {
                continue;
            };
            let key = key.trim_matches([' ', '\t']);
            if !key.is_empty() {
                self.keep(JaegerError::BaggageLimit, key, value)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Counts bytes before any of them is decoded.
    fn count(&mut self, limit: JaegerError, bytes: usize) -> ControlFlow<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.check(self.bytes <= BYTES_MAX, limit)
    }

    fn keep(&mut self, limit: JaegerError, key: &str, value: &str) -> ControlFlow<()> {
        self.check(self.items < ITEMS_MAX, limit)?;
        self.items += 1;
        self.baggage = self.baggage.with_item(key, value);
        ControlFlow::Continue(())
    }

    const fn check(&mut self, fits: bool, limit: JaegerError) -> ControlFlow<()> {
        if fits {
            return ControlFlow::Continue(());
        }
        self.over = Some(limit);
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use tracer_core::SpanContext;

    use super::*;
    use crate::carrier::Pairs;
    use crate::codec::Codec;
    use crate::codec::jaeger::Jaeger;

    fn read(headers: &[(&str, &str)]) -> Baggage {
        let (baggage, error) = extract(headers);
        assert_eq!(error, None);
        baggage
    }

    fn extract(headers: &[(&str, &str)]) -> (Baggage, Option<JaegerError>) {
        let carrier = Pairs(headers);
        super::extract(carrier.find(&FIELD), &carrier)
    }

    #[test]
    fn pairs_with_exactly_one_equals_sign_are_read() {
        let list = "a=1, b =2 ,c,d=3=4,=5,e=,f%3D6,g=x+y";
        let expected = [("a", "1"), ("b", "2"), ("e", ""), ("f", "6"), ("g", "x y")];
        let expected = expected.iter().fold(Baggage::new(), |all, (key, value)| all.with_item(key, value));
        assert_eq!(read(&[("Jaeger-Baggage", list)]), expected);
    }

    #[test]
    fn a_header_of_the_prefix_without_a_key_is_skipped() {
        assert_eq!(read(&[("uberctx-", "1"), ("UberCtx-K", "2")]), Baggage::new().with_item("k", "2"));
    }

    #[test]
    fn no_more_is_kept_than_the_limits_allow() {
        let long = "v".repeat(BYTES_MAX - 1);
        let (baggage, error) = extract(&[("uberctx-a", long.as_str()), ("uberctx-b", "")]);
        assert_eq!(baggage.iter().count(), 1);
        assert_eq!(error, Some(JaegerError::UberctxLimit));
        assert_eq!(error.unwrap().to_string(), "uberctx-: more than 180 items or 8192 bytes");
        let many = "a=1,".repeat(181);
        let (baggage, error) = extract(&[("jaeger-baggage", many.as_str())]);
        assert_eq!((baggage, error), (Baggage::new().with_item("a", "1"), Some(JaegerError::BaggageLimit)));
    }

    #[test]
    fn what_cannot_be_sent_is_reported_and_the_rest_is_sent() {
        let baggage = Baggage::new().with_item("a b", "1").with_item("Key", "2").with_item("é", "3");
        let mut headers: Vec<(String, Vec<u8>)> = vec![("UBERCTX-old".into(), b"stale".to_vec())];
        let inject =
            |baggage, headers: &mut Vec<_>| Jaeger.inject(&SpanContext::from_baggage(baggage), headers);
        assert_eq!(inject(baggage, &mut headers), Err(InjectError::new("uberctx-", InjectReason::Key)));
        assert_eq!(headers, [("uberctx-key".to_owned(), b"2".to_vec())]);
        let large = Baggage::new().with_item("a", "1").with_item("b", &"é".repeat(1500));
        let error = inject(large, &mut headers).unwrap_err();
        assert_eq!(error.reason, InjectReason::Limit { members_max: 180, bytes_max: 8192 });
        assert_eq!(headers, [("uberctx-a".to_owned(), b"1".to_vec())]);
    }
}
