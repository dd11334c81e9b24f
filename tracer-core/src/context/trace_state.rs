//! W3C `tracestate`: the list that vendors carry beside `traceparent`.
//!
//! ```text
//! list  = member *( "," member )            at most 32 members
//! member = key "=" value
//! key   = ( a-z / 0-9 ) *255( a-z / 0-9 / "_" / "-" / "*" / "/" / "@" )
//! value = 0*255( chr ) nblk-chr             0x20-0x7e without "," and "="
//! ```
//! (Trace Context Level 2, section 3.3.1.) The members' grammar is in `trace_state/grammar`, the bytes of
//! a list are kept by `trace_state/text`.

mod grammar;
mod text;

use std::fmt;

use self::grammar::{MEMBERS_MAX, Members, check_member, distinct, is_plain};
use self::text::Text;

/// Members above this many bytes go first when a list is shortened (section 3.3.1.5).
const LARGE_MEMBER_BYTES: usize = 128;

/// A valid `tracestate` list, kept as its header text.
///
/// ```
/// use tracer_core::TraceState;
///
/// let mut state = TraceState::default();
/// state.insert("rojo", "00f067aa0ba902b7")?;
/// state.insert("congo", "t61rcWkgMzE")?;
/// assert_eq!(state.as_str(), "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7");
/// # Ok::<(), tracer_core::TraceStateError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TraceState(Text);

/// Why a member or a list is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceStateError {
    /// The key does not follow the grammar.
    #[error("malformed tracestate key")]
    Key,
    /// The value does not follow the grammar.
    #[error("malformed tracestate value")]
    Value,
    /// There are more than 32 members.
    #[error("more than 32 tracestate members")]
    TooMany,
}

impl TraceState {
    /// Reads a header's value, or those of several fields joined by commas. Blanks and tabs around
    /// members and empty members are left out; of a key's members the left-most stays.
    ///
    /// ```
    /// use tracer_core::TraceState;
    ///
    /// let state = TraceState::parse(b"rojo=1 ,, congo=t61,rojo=2")?;
    /// assert_eq!(state.as_str(), "rojo=1,congo=t61");
    /// # Ok::<(), tracer_core::TraceStateError>(())
    /// ```
    ///
    /// # Errors
    /// For the first malformed member, and for a 33rd one, repeated keys included.
    pub fn parse(list: &[u8]) -> Result<Self, TraceStateError> {
        let mut state = Self::default();
        state.read(list)?;
        Ok(state)
    }

    /// The same, in its place.
    #[inline(always)]
    pub(super) fn read(&mut self, list: &[u8]) -> Result<(), TraceStateError> {
        if is_plain(list) {
            self.0.set(list);
            return Ok(());
        }
        self.read_any(list)
    }

    #[cold]
    fn read_any(&mut self, list: &[u8]) -> Result<(), TraceStateError> {
        let (mut count, mut bytes) = (0, 0);
        for member in Members(list) {
            count += 1;
            if count > MEMBERS_MAX {
                return Err(TraceStateError::TooMany);
            }
            bytes += member?.text.len() + ",".len();
        }
        self.0.set(&distinct(list, bytes));
        Ok(())
    }

    /// The bytes of the header's value, all of ASCII.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The header's value: members joined by commas, without blanks. Empty if there are none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // All bytes of members are of ASCII.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Whether there are no members.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// The members, left to right.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_str().split(',').filter_map(|member| member.split_once('='))
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Puts a member left-most, dropping an older one of its key and whatever is then beyond 32.
    ///
    /// # Errors
    /// [`TraceStateError::Key`] or [`TraceStateError::Value`] if they do not follow the grammar;
    /// the list then stays as it was.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), TraceStateError> {
        check_member(key.as_bytes(), value.as_bytes())?;
        let others = self.iter().filter(|(name, _)| *name != key).take(MEMBERS_MAX - 1);
        self.0 = join(std::iter::once((key, value)).chain(others));
        Ok(())
    }

    /// Puts a member right-most, as a parser does that reads a list from the left. A key that is
    /// there already keeps its first value.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and [`TraceStateError::TooMany`] for a 33rd member.
    pub fn push(&mut self, key: &str, value: &str) -> Result<(), TraceStateError> {
        check_member(key.as_bytes(), value.as_bytes())?;
        // Bytes, not characters: this is done for every member of an incoming list.
        let is_of_key = |member: &[u8]| {
            member.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'='))
        };
        let mut members = 0;
        for member in self.as_bytes().split(|byte| *byte == b',') {
            if is_of_key(member) {
                return Ok(());
            }
            members += 1;
        }
        if members == MEMBERS_MAX {
            return Err(TraceStateError::TooMany);
        }
        self.0 = join(self.iter().chain(std::iter::once((key, value))));
        Ok(())
    }

    /// Drops the member of a key, if there is one; the others keep their order.
    pub fn remove(&mut self, key: &str) {
        if self.get(key).is_some() {
            self.0 = join(self.iter().filter(|(name, _)| *name != key));
        }
    }

    /// Drops whole members until the list has at most `bytes_max` bytes: first those above 128
    /// bytes, then any others, in both cases from the right.
    pub fn truncate(&mut self, bytes_max: usize) {
        for least_bytes in [LARGE_MEMBER_BYTES + 1, 0] {
            while self.as_bytes().len() > bytes_max {
                let mut members: Vec<_> = self.iter().collect();
                let Some(index) = members.iter().rposition(|(k, v)| k.len() + 1 + v.len() >= least_bytes)
                else {
                    break;
                };
                members.remove(index);
                self.0 = join(members.into_iter());
            }
        }
    }
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceState({:?})", self.as_str())
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn join<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> Text {
    let mut list = String::new();
    for (key, value) in members {
        if !list.is_empty() {
            list.push(',');
        }
        list.extend([key, "=", value]);
    }
    Text::new(list.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that differ may have the same hash, and equal ones never another.
    #[test]
    fn a_list_is_read_as_its_members_are_pushed() {
        let keys = ["a", "b", "aa", "a0a", "a1a", "k", "k@v", "0", "zz", "a-b"];
        for first in keys {
            for second in keys {
                let list = format!("{first}=1,x=, ,{second}=2").replace("x=,", "x=0,");
                let mut pushed = TraceState::default();
                for (key, value) in [(first, "1"), ("x", "0"), (second, "2")] {
                    pushed.push(key, value).unwrap();
                }
                assert_eq!(TraceState::parse(list.as_bytes()), Ok(pushed.clone()), "{list}");
                let plain = pushed.as_str().to_owned();
                assert_eq!(TraceState::parse(plain.as_bytes()), Ok(pushed), "{plain}");
            }
        }
    }

    #[test]
    fn insert_moves_a_key_to_the_left_and_keeps_32() {
        let mut state = TraceState::default();
        for n in 0..40 {
            state.insert(&format!("k{n}"), "v").unwrap();
        }
        assert_eq!(state.iter().count(), 32);
        state.insert("k20", "new").unwrap();
        assert_eq!(state.iter().next(), Some(("k20", "new")));
        assert_eq!(state.iter().filter(|(key, _)| *key == "k20").count(), 1);
        state.remove("k20");
        assert_eq!(state.get("k20"), None);
    }

    #[test]
    fn push_keeps_the_first_of_a_key_and_refuses_a_33rd() {
        let mut state = TraceState::default();
        for n in 0..32 {
            state.push(&format!("k{n}"), "v").unwrap();
        }
        assert_eq!(state.push("k1", "other"), Ok(()));
        assert_eq!(state.get("k1"), Some("v"));
        assert_eq!(state.push("more", "v"), Err(TraceStateError::TooMany));
    }

    #[test]
    fn a_list_is_shortened_by_large_members_first_and_from_the_right() {
        let member = |key: &str, bytes: usize| format!("{key}={}", "v".repeat(bytes - key.len() - 1));
        let list = |bytes_max: usize| {
            let mut state = TraceState::default();
            for (key, bytes) in [("a", 10), ("b", 129), ("c", 128), ("d", 200), ("e", 10)] {
                let text = member(key, bytes);
                let (key, value) = text.split_once('=').unwrap();
                state.push(key, value).unwrap();
            }
            state.truncate(bytes_max);
            state.iter().map(|(key, _)| key).collect::<String>()
        };
        let all_bytes = 10 + 129 + 128 + 200 + 10 + 4;
        let kept =
            [(all_bytes, "abcde"), (all_bytes - 1, "abce"), (279, "ace"), (149, "ac"), (138, "a"), (9, "")];
        for (bytes_max, keys) in kept {
            assert_eq!(list(bytes_max), keys, "{bytes_max}");
        }
    }

    #[test]
    fn malformed_members_are_refused() {
        let mut state = TraceState::default();
        let long = "k".repeat(257);
        for key in ["", "A", "@a", "a b", "é", &long] {
            assert_eq!(state.insert(key, "v"), Err(TraceStateError::Key), "{key}");
        }
        for value in ["", "a ", "a,b", "a=b", "é", &long] {
            assert_eq!(state.insert("k", value), Err(TraceStateError::Value), "{value}");
        }
        assert!(state.is_empty());
        state.insert("0@x/*_-", " inner blank ok").unwrap();
    }
}
