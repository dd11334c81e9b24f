//! `baggage`: key-value pairs that travel with a request.
//!
//! ```text
//! baggage  = member *( OWS "," OWS member )          over all fields, joined in order
//! member   = key OWS "=" OWS value *( OWS ";" OWS property )
//! property = key [ OWS "=" OWS value ]
//! key      = token                                   RFC 9110; case-sensitive, not decoded
//! value    = *baggage-octet                          percent-encoded UTF-8; may hold "="
//! baggage-octet = 0x21-0x7e without  "  ,  ;  \
//! ```
//! (W3C Baggage, section 3.3.) Where the text leaves it open: empty members are skipped, a
//! malformed member is dropped alone, of a key's members the last one wins.

mod member;
mod percent;

use std::ops::ControlFlow;

use tracer_core::{Baggage, SpanContext};

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::field::set_or_remove;
use crate::codec::oldest_first;
use crate::codec::{Codec, ExtractError, Extracted, InjectError, InjectReason};
use crate::text::{self, with_scratch};

static FIELD: Field = Field::new("baggage");
static FIELDS: [&Field; 1] = [&FIELD];

/// The most members that are kept and sent; the specification wants at least 64.
const MEMBERS_MAX: usize = 180;

/// The most bytes that are kept and sent, commas included; the least that the specification wants.
const BYTES_MAX: usize = 8192;

/// The most bytes that are read: beside what is kept as many of blanks, empty and malformed members.
const READ_BYTES_MAX: usize = 2 * BYTES_MAX;

/// Why a part of `baggage` is not used. A malformed member is dropped alone; members count from 1, over
/// all fields, without empty ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaggageError {
    /// The member has no equals sign.
    #[error("baggage: member {0} has no equals sign")]
    Equals(u32),
    /// The key of the member is no token (RFC 9110, section 5.6.2).
    #[error("baggage: the key of member {0} is no token")]
    Key(u32),
    /// The value of the member has something else than baggage-octets.
    #[error("baggage: the value of member {0} is not of baggage-octets")]
    Value(u32),
    /// The key of a property is no token, or its value is not of baggage-octets.
    #[error("baggage: member {0} has a malformed property")]
    Property(u32),
    /// The list is longer than what is kept; its first members are used.
    #[error("baggage: more than {MEMBERS_MAX} members or {BYTES_MAX} bytes")]
    Limit,
}

/// W3C Baggage.
///
/// At most 180 members and 8192 bytes are kept and sent, whole members only: those that come first,
/// and those that were set first.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::{Baggage, SpanContext};
/// use tracer_propagation::{Codec, W3cBaggage};
///
/// let context = SpanContext::from_baggage(Baggage::new().with_item("city", "São Paulo"));
/// let mut headers = HashMap::new();
/// W3cBaggage.inject(&context, &mut headers)?;
/// assert_eq!(headers["baggage"], "city=S%C3%A3o%20Paulo");
///
/// let extracted = W3cBaggage.extract(&headers)?;
/// assert_eq!(extracted.baggage.get("city"), Some("São Paulo"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct W3cBaggage;

impl Codec for W3cBaggage {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let mut reader = Reader::default();
        carrier.visit_values(&FIELD, &mut |value| reader.read(value));
        let error = reader.error.map(ExtractError::from);
        match error {
            Some(error) if reader.baggage.is_empty() => Err(error),
            _ => Ok(Extracted { error, ..Extracted::from_baggage(reader.baggage) }),
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        with_scratch(|list| {
            let error = format(context.baggage(), list);
            set_or_remove(carrier, &FIELD, Some(list.as_slice()).filter(|list| !list.is_empty()))?;
            error.map_or(Ok(()), |reason| Err(InjectError::new(FIELD.name(), reason)))
        })
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}

/// What was read so far, and how much of it.
#[derive(Default)]
struct Reader {
    baggage: Baggage,
    error: Option<BaggageError>,
    /// Members seen, those that were dropped included.
    seen: u32,
    kept: usize,
    kept_bytes: usize,
    read_bytes: usize,
}

impl Reader {
    fn read(&mut self, field: &[u8]) -> ControlFlow<()> {
        match self.read_usual(field) {
            Some(rest) => rest.split(|byte| *byte == b',').try_for_each(|member| self.read_member(member)),
            None => ControlFlow::Continue(()),
        }
    }

    /// Reads plain members as long as there are such and they fit. What is left, `None` at the end.
    fn read_usual<'f>(&mut self, field: &'f [u8]) -> Option<&'f [u8]> {
        if field.len() > BYTES_MAX {
            return Some(field);
        }
        let Ok(mut list) = std::str::from_utf8(field) else { return Some(field) };
        while let Some(((key, value), rest)) = member::parse_usual(list) {
            let bytes = key.len() + "=".len() + value.len();
            if self.read_bytes + bytes >= READ_BYTES_MAX || !self.fits(bytes) {
                break;
            }
            self.read_bytes += bytes + ",".len();
            self.seen += 1;
            self.count(bytes);
            self.baggage.extend([(key, percent::decode(value.as_bytes()))]);
            list = rest?;
        }
        Some(list.as_bytes())
    }

    fn read_member(&mut self, member: &[u8]) -> ControlFlow<()> {
        self.read_bytes = self.read_bytes.saturating_add(member.len() + ",".len());
        if self.read_bytes > READ_BYTES_MAX {
            return self.stop();
        }
        let member = text::trim(member);
        if member.is_empty() {
            return ControlFlow::Continue(());
        }
        self.seen += 1;
        let item = match member::parse(member, self.seen) {
            Ok(item) => item,
            Err(error) => {
                self.refuse(error);
                return ControlFlow::Continue(());
            }
        };
        if !self.fits(member.len()) {
            return self.stop();
        }
        self.count(member.len());
        self.baggage = self.baggage.with_item_and_properties(item.key, &item.value, item.properties);
        ControlFlow::Continue(())
    }

    const fn fits(&self, member_bytes: usize) -> bool {
        self.kept < MEMBERS_MAX && self.kept_bytes_with(member_bytes) <= BYTES_MAX
    }

    const fn count(&mut self, member_bytes: usize) {
        self.kept_bytes = self.kept_bytes_with(member_bytes);
        self.kept += 1;
    }

    /// With its comma, unless it is the first.
    const fn kept_bytes_with(&self, member_bytes: usize) -> usize {
        self.kept_bytes + if self.kept > 0 { ",".len() } else { 0 } + member_bytes
    }

    fn stop(&mut self) -> ControlFlow<()> {
        self.refuse(BaggageError::Limit);
        ControlFlow::Break(())
    }

    fn refuse(&mut self, error: BaggageError) {
        self.error.get_or_insert(error);
    }
}

/// Writes the header's value, and tells the first thing that is not in it.
fn format(baggage: &Baggage, list: &mut Vec<u8>) -> Option<InjectReason> {
    let (mut members, mut error) = (0, None);
    oldest_first::visit(baggage, &mut |item| {
        if !member::is_token(item.key.as_bytes()) {
            error = error.or(Some(InjectReason::Key));
            return ControlFlow::Continue(());
        }
        let end_of_last = list.len();
        if members > 0 {
            list.push(b',');
        }
        let is_whole = member::write(&item, list);
        members += 1;
        if members > MEMBERS_MAX || list.len() > BYTES_MAX {
            list.truncate(end_of_last);
            error = error.or(Some(InjectReason::Limit { members_max: MEMBERS_MAX, bytes_max: BYTES_MAX }));
            return ControlFlow::Break(());
        }
        if !is_whole {
            error = error.or(Some(InjectReason::Key));
        }
        ControlFlow::Continue(())
    });
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    fn read(fields: &[&[u8]]) -> Result<Extracted, ExtractError> {
        let pairs: Vec<_> = fields.iter().map(|value| ("baggage", *value)).collect();
        W3cBaggage.extract(&Pairs(&pairs))
    }

    const LIMIT: ExtractError = ExtractError::Baggage(BaggageError::Limit);

    fn formatted(baggage: &Baggage) -> (String, Option<InjectReason>) {
        let mut list = Vec::new();
        let error = format(baggage, &mut list);
        (String::from_utf8(list).unwrap(), error)
    }

    #[test]
    fn a_malformed_member_is_dropped_alone_and_reported() {
        let members: [(&[u8], BaggageError); 13] = [
            (b"bare", BaggageError::Equals(2)),
            (b"bare;p=1", BaggageError::Equals(2)),
            (b"=1", BaggageError::Key(2)),
            (b"a b=1", BaggageError::Key(2)),
            (b"k(1)=1", BaggageError::Key(2)),
            (b"k\xe9=1", BaggageError::Key(2)),
            (b"k=\"v\"", BaggageError::Value(2)),
            (b"k=a b", BaggageError::Value(2)),
            (b"k=a\\b", BaggageError::Value(2)),
            (b"k=\xff", BaggageError::Value(2)),
            (b"k=1;", BaggageError::Property(2)),
            (b"k=1;a b", BaggageError::Property(2)),
            (b"k=1;p=\"", BaggageError::Property(2)),
        ];
        for (member, error) in members {
            let extracted = read(&[b"a=1", member, b"b=2"]).unwrap();
            assert_eq!(extracted.error, Some(error.into()), "{member:?}");
            assert_eq!(extracted.baggage, Baggage::new().with_item("a", "1").with_item("b", "2"));
            assert!(read(&[member]).is_err(), "{member:?}");
        }
    }

    #[test]
    fn limits_keep_whole_leading_members() {
        let fitting = format!("k={}", "v".repeat(8190));
        let extracted = read(&[fitting.as_bytes()]).unwrap();
        assert_eq!((extracted.baggage.get("k").map(str::len), extracted.error), (Some(8190), None));
        // The comma counts: 3 bytes, a comma, and 8188 or 8189 bytes.
        for (value_bytes, members) in [(8186, 2), (8187, 1)] {
            let second = format!("b={}", "v".repeat(value_bytes));
            let extracted = read(&[b"a=1", second.as_bytes()]).unwrap();
            assert_eq!(extracted.baggage.iter().count(), members, "{value_bytes}");
        }
        let over = read(&[b"a=1", fitting.as_bytes(), b"b=2"]).unwrap();
        assert_eq!(over.baggage, Baggage::new().with_item("a", "1"));
        assert_eq!(over.error, Some(LIMIT));
        let many = (0..500).map(|n| format!("k{n}=v,")).collect::<String>();
        let many = read(&[many.as_bytes()]).unwrap();
        assert_eq!((many.baggage.iter().count(), many.error), (180, Some(LIMIT)));
    }

    #[test]
    fn a_malformed_member_is_dropped_alone_however_long_it_is() {
        let long = "x".repeat(BYTES_MAX + 1);
        let extracted = read(&[b"a=1", long.as_bytes(), b"b=2"]).unwrap();
        assert_eq!(extracted.baggage, Baggage::new().with_item("a", "1").with_item("b", "2"));
        assert_eq!(extracted.error, Some(BaggageError::Equals(2).into()));
    }

    /// As one list and as a field each, plain and with blanks: the limits are the same.
    #[test]
    fn a_plain_list_ends_where_any_other_does() {
        for (count, value_bytes) in [(179, 1), (180, 1), (181, 1), (2, 4093), (2, 4094), (4, 2045), (4, 2046)]
        {
            let member = |n: usize| format!("{n:03}={}", "v".repeat(value_bytes));
            let members: Vec<_> = (0..count).map(member).collect();
            let plain = read(&[members.join(",").as_bytes()]).unwrap();
            let blanks = read(&[members.join(" ,").as_bytes()]).unwrap();
            let fields: Vec<_> = members.iter().map(|member| member.as_bytes()).collect();
            assert_eq!(plain, read(&fields).unwrap(), "{count} {value_bytes}");
            assert_eq!(plain, blanks, "{count} {value_bytes}");
            let trailing = read(&[(members.join(",") + ",").as_bytes()]).unwrap();
            assert_eq!(plain, trailing, "{count} {value_bytes}");
        }
    }

    #[test]
    fn endless_rubbish_is_not_read_to_its_end() {
        let commas = vec![b','; 1 << 20];
        assert_eq!(read(&[&commas]), Err(LIMIT));
        let bare = "x,".repeat(1 << 20);
        let extracted = read(&[b"a=1", bare.as_bytes(), b"b=2"]).unwrap();
        assert_eq!(extracted.baggage, Baggage::new().with_item("a", "1"));
        assert_eq!(extracted.error, Some(BaggageError::Equals(2).into()));
    }

    #[test]
    fn what_cannot_be_sent_is_reported_and_the_rest_is_sent() {
        let baggage = Baggage::new().with_item("a", "1").with_item("no token", "2").with_item("c", "3");
        assert_eq!(formatted(&baggage), ("a=1,c=3".to_owned(), Some(InjectReason::Key)));
        let large = Baggage::new().with_item("a", "1").with_item("b", &"é".repeat(1500)).with_item("c", "3");
        let limit = InjectReason::Limit { members_max: 180, bytes_max: 8192 };
        assert_eq!(formatted(&large), ("a=1".to_owned(), Some(limit)));
    }

    #[test]
    fn a_stale_header_is_removed_when_nothing_is_left_to_send() {
        let context = SpanContext::from_baggage(Baggage::new().with_item("é", "1"));
        let mut headers = vec![("Baggage".to_owned(), b"old=1".to_vec())];
        let error = W3cBaggage.inject(&context, &mut headers).unwrap_err();
        assert_eq!(error.to_string(), "baggage: a baggage key is no token");
        assert!(headers.is_empty());
    }
}
