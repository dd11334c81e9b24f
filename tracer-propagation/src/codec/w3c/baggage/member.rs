//! One member of a `baggage` list.

use std::borrow::Cow;

use tracer_core::{BaggageItem, BaggageProperty};

use super::{BaggageError, percent};
use crate::text;

/// A member, decoded.
#[derive(Debug, PartialEq)]
pub(super) struct Member<'a> {
    pub(super) key: &'a str,
    pub(super) value: Cow<'a, str>,
    pub(super) properties: Vec<BaggageProperty>,
}

/// Reads the member of that number.
pub(super) fn parse(member: &[u8], number: u32) -> Result<Member<'_>, BaggageError> {
    let mut parts = member.split(|byte| *byte == b';');
    let pair = parts.next().and_then(|pair| text::split_once(pair, b'='));
    let (key, value) = pair.ok_or(BaggageError::Equals(number))?;
    Ok(Member {
        key: token(key).ok_or(BaggageError::Key(number))?,
        value: decoded(value).ok_or(BaggageError::Value(number))?,
        properties: parts.map(property).collect::<Option<_>>().ok_or(BaggageError::Property(number))?,
    })
}

/// Key and value of the member that a list begins with, and what follows its comma, if the member has
/// no blanks, no properties and no mistake: in one pass, as most are written.
#[inline]
pub(super) fn parse_usual(list: &str) -> Option<((&str, &str), Option<&str>)> {
    let (key, rest) = list.split_at_checked(text::span(list.as_bytes(), text::TOKEN))?;
    let rest = rest.strip_prefix('=').filter(|_| !key.is_empty())?;
    let (value, rest) = rest.split_at_checked(text::span(rest.as_bytes(), text::OCTET))?;
    if rest.is_empty() {
        return Some(((key, value), None));
    }
    Some(((key, value), Some(rest.strip_prefix(',')?)))
}

/// Appends a member, whose key must be a token. Properties whose keys are none are left out; the
/// answer is whether there were none of those.
pub(super) fn write(item: &BaggageItem<'_>, list: &mut Vec<u8>) -> bool {
    list.extend_from_slice(item.key.as_bytes());
    list.push(b'=');
    percent::encode(item.value, list);
    let mut is_whole = true;
    for BaggageProperty { key, value } in item.properties {
        if !is_token(key.as_bytes()) {
            is_whole = false;
            continue;
        }
        list.push(b';');
        list.extend_from_slice(key.as_bytes());
        if let Some(value) = value {
            list.push(b'=');
            percent::encode(value, list);
        }
    }
    is_whole
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && text::is_all(bytes, text::TOKEN)
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
    text::is_all(value, text::OCTET).then(|| percent::decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_split_before_it_is_decoded() {
        let member = parse(b"k = a%3Bb%2Cc=d ; p ;q\t= %3D;r=", 1).unwrap();
        assert_eq!((member.key, &*member.value), ("k", "a;b,c=d"));
        let property = |key: &str, value: Option<&str>| BaggageProperty {
            key: key.into(),
            value: value.map(Into::into),
        };
        assert_eq!(
            member.properties,
            [property("p", None), property("q", Some("=")), property("r", Some(""))]
        );
        let item = &mut Vec::new();
        let baggage = tracer_core::Baggage::new().with_item_and_properties(
            member.key,
            &member.value,
            member.properties,
        );
        assert!(write(&baggage.iter().next().unwrap(), item));
        assert_eq!(item, b"k=a%3Bb%2Cc=d;p;q==;r=");
    }

    #[test]
    fn what_is_read_in_one_pass_is_what_the_whole_grammar_says() {
        let cases =
            [("k=v", true), ("k=", true), ("k==a=", true), ("k=%41+", true), ("=v", false), ("k", false)];
        let others = [("k =v", false), ("k= v", false), ("k=v;p", false), ("k=\"", false), ("é=v", false)];
        for (member, is_usual) in cases.into_iter().chain(others) {
            let list = format!("{member},x=y");
            let usual = parse_usual(&list);
            assert_eq!(usual.is_some(), is_usual, "{member}");
            let Some(((key, value), rest)) = usual else { continue };
            let value = percent::decode(value.as_bytes());
            assert_eq!(parse(member.as_bytes(), 1), Ok(Member { key, value, properties: Vec::new() }));
            assert_eq!(rest, Some("x=y"));
            assert_eq!(parse_usual(member).unwrap().1, None);
        }
    }

    #[test]
    fn a_property_whose_key_is_no_token_is_left_out() {
        let property = BaggageProperty { key: "a,b=1".into(), value: None };
        let baggage = tracer_core::Baggage::new().with_item_and_properties("k", "v", vec![property]);
        let mut list = Vec::new();
        assert!(!write(&baggage.iter().next().unwrap(), &mut list));
        assert_eq!(list, b"k=v");
    }
}
