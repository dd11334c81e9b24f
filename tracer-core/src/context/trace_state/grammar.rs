//! What a list of members is, and how one is read.
//!
//! ```text
//! list  = [ member ] *( OWS "," OWS [ member ] )
//! key   = ( a-z / 0-9 ) *255( a-z / 0-9 / "_" / "-" / "*" / "/" / "@" )
//! value = 0*255( chr ) nblk-chr             0x20-0x7e without "," and "="
//! ```

use super::TraceStateError;
use crate::byte_table::byte_table;

/// The most members that a list may have.
pub(super) const MEMBERS_MAX: usize = 32;
const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 256;

/// Whether a list is as most are: valid, with nothing to leave out, and without two keys that look alike.
pub(super) fn is_plain(list: &[u8]) -> bool {
    let (mut rest, mut keys) = (list, 0_u64);
    for _ in 0..MEMBERS_MAX {
        let Some((key, [b'=', after @ ..])) = rest.split_at_checked(span(rest, KEY)) else { return false };
        let Some((value, after)) = after.split_at_checked(span(after, VALUE)) else { return false };
        let bit = 1 << key_hash(key);
        if keys & bit != 0 || check_ends(key, value).is_err() {
            return false;
        }
        keys |= bit;
        match after {
            [] => return true,
            [b',', tail @ ..] => rest = tail,
            _ => return false,
        }
    }
    false
}

/// Below 64. Equal for equal keys.
fn key_hash(key: &[u8]) -> usize {
    let ends = key.first().zip(key.last());
    let ends = ends.map_or(0, |(first, last)| usize::from(*first) * 5 + usize::from(*last) * 11);
    (ends + key.len() * 7) % 64
}

/// A valid list of at most so many bytes, without blanks, empty members and repeated keys.
pub(super) fn distinct(list: &[u8], bytes_max: usize) -> Vec<u8> {
    let mut text: Vec<u8> = Vec::with_capacity(bytes_max);
    for member in Members(list).flatten() {
        let is_of_key =
            |other: &[u8]| other.strip_prefix(member.key).is_some_and(|rest| rest.first() == Some(&b'='));
        if text.split(|byte| *byte == b',').any(is_of_key) {
            continue;
        }
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(member.text);
    }
    text
}

/// Whether a key and a value follow the grammar.
pub(super) fn check_member(key: &[u8], value: &[u8]) -> Result<(), TraceStateError> {
    if span(key, KEY) != key.len() {
        return Err(TraceStateError::Key);
    }
    check_ends(key, value)?;
    if span(value, VALUE) == value.len() { Ok(()) } else { Err(TraceStateError::Value) }
}

/// Lengths, the first byte of a key and the last one of a value.
fn check_ends(key: &[u8], value: &[u8]) -> Result<(), TraceStateError> {
    let starts_well = matches!(key.first(), Some(b'a'..=b'z' | b'0'..=b'9'));
    if !starts_well || key.len() > KEY_BYTES_MAX {
        return Err(TraceStateError::Key);
    }
    let ends_well = matches!(value.last(), Some(last) if *last != b' ');
    if ends_well && value.len() <= VALUE_BYTES_MAX { Ok(()) } else { Err(TraceStateError::Value) }
}

/// A member of a list that is read.
pub(super) struct Member<'l> {
    key: &'l [u8],
    /// `key=value`.
    pub(super) text: &'l [u8],
}

/// The members of a list, up to the first malformed one.
pub(super) struct Members<'l>(pub(super) &'l [u8]);

impl<'l> Iterator for Members<'l> {
    type Item = Result<Member<'l>, TraceStateError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let list = without_separators(self.0);
        if list.is_empty() {
            return None;
        }
        let member = member(list);
        self.0 = member.as_ref().map_or(b"", |(_, after)| after);
        Some(member.map(|(member, _)| member))
    }
}

/// The member that a list begins with, and what follows its comma.
fn member(list: &[u8]) -> Result<(Member<'_>, &[u8]), TraceStateError> {
    let (key, rest) = list.split_at_checked(span(list, KEY)).ok_or(TraceStateError::Key)?;
    let [b'=', rest @ ..] = rest else { return Err(TraceStateError::Key) };
    let (value, rest) = rest.split_at_checked(span(rest, VALUE)).ok_or(TraceStateError::Value)?;
    let mut value = value;
    while let [shorter @ .., b' '] = value {
        value = shorter;
    }
    check_ends(key, value)?;
    let text = list.get(..key.len() + "=".len() + value.len()).unwrap_or_default();
    match without(rest, b" \t") {
        [] => Ok((Member { key, text }, b"")),
        [b',', after @ ..] => Ok((Member { key, text }, after)),
        _ => Err(TraceStateError::Value),
    }
}

/// What a list begins with that is not a member.
fn without_separators(list: &[u8]) -> &[u8] {
    without(list, b" \t,")
}

#[inline(always)]
fn without<'l>(list: &'l [u8], bytes: &[u8]) -> &'l [u8] {
    let mut list = list;
    while let [first, rest @ ..] = list {
        if !bytes.contains(first) {
            break;
        }
        list = rest;
    }
    list
}

/// What may stand in a key, and in a value: bits of [`CLASSES`].
const KEY: u8 = 1;
const VALUE: u8 = 2;

static CLASSES: [u8; 256] = byte_table(&[
    (KEY, &[b'a'..=b'z', b'0'..=b'9', b'_'..=b'_', b'-'..=b'-', b'*'..=b'*', b'/'..=b'/', b'@'..=b'@']),
    (VALUE, &[0x20..=0x2b, 0x2d..=0x3c, 0x3e..=0x7e]),
]);

/// How many bytes at the start are of a class.
#[inline(always)]
fn span(bytes: &[u8], class: u8) -> usize {
    let is_of = |byte: &u8| CLASSES.get(usize::from(*byte)).is_some_and(|of| of & class != 0);
    bytes.iter().position(|byte| !is_of(byte)).unwrap_or(bytes.len())
}
