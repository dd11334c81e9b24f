//! One member of a `baggage` list.

use std::borrow::Cow;

use tracer_core::{BaggageItem, BaggageProperty};

use super::percent;
use crate::carrier::is_token_byte;
use crate::text;

/// A member, decoded.
#[derive(Debug, PartialEq)]
pub(super) struct Member<'a> {
    pub(super) key: &'a str,
    pub(super) value: Cow<'a, str>,
    pub(super) properties: Vec<BaggageProperty>,
}

/// Reads a member; `None` if it is malformed.
pub(super) fn parse(member: &[u8]) -> Option<Member<'_>> {
    let mut parts = member.split(|byte| *byte == b';');
    let (key, value) = text::split_once(parts.next()?, b'=')?;
    let (key, value) = (token(key)?, decoded(value)?);
    let properties = parts.map(property).collect::<Option<_>>()?;
    Some(Member { key, value, properties })
}

/// Appends a member, whose key must be a token. Properties whose keys are none are left out; the
/// answer is whether there were none of those.
pub(super) fn write(item: &BaggageItem<'_>, list: &mut String) -> bool {
    list.extend([item.key, "="]);
    percent::encode(item.value, list);
    let mut is_whole = true;
    for BaggageProperty { key, value } in item.properties {
        if !is_token(key.as_bytes()) {
            is_whole = false;
            continue;
        }
        list.extend([";", key]);
        if let Some(value) = value {
            list.push('=');
            percent::encode(value, list);
        }
    }
    is_whole
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

fn property(property: &[u8]) -> Option<BaggageProperty> {
    let (key, value) = match text::split_once(property, b'=') {
        Some((key, value)) => (key, Some(decoded(value)?.into())),
        None => (property, None),
    };
    Some(BaggageProperty { key: token(key)?.into(), value })
}

fn token(key: &[u8]) -> Option<&str> {
    let key = text::trim(key);
    std::str::from_utf8(key).ok().filter(|_| is_token(key))
}

fn decoded(value: &[u8]) -> Option<Cow<'_, str>> {
    let value = text::trim(value);
    value.iter().all(|byte| percent::is_baggage_octet(*byte)).then(|| percent::decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_split_before_it_is_decoded() {
        let member = parse(b"k = a%3Bb%2Cc=d ; p ;q\t= %3D;r=").unwrap();
        assert_eq!((member.key, &*member.value), ("k", "a;b,c=d"));
        let property = |key: &str, value: Option<&str>| BaggageProperty {
            key: key.into(),
            value: value.map(Into::into),
        };
        assert_eq!(
            member.properties,
            [property("p", None), property("q", Some("=")), property("r", Some(""))]
        );
        let item = &mut String::new();
        let baggage = tracer_core::Baggage::new().with_item_and_properties(
            member.key,
            &member.value,
            member.properties,
        );
        assert!(write(&baggage.iter().next().unwrap(), item));
        assert_eq!(item, "k=a%3Bb%2Cc=d;p;q==;r=");
    }

    #[test]
    fn a_property_whose_key_is_no_token_is_left_out() {
        let property = BaggageProperty { key: "a,b=1".into(), value: None };
        let baggage = tracer_core::Baggage::new().with_item_and_properties("k", "v", vec![property]);
        let mut list = String::new();
        assert!(!write(&baggage.iter().next().unwrap(), &mut list));
        assert_eq!(list, "k=v");
    }
}
