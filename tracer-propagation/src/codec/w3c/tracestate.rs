//! `tracestate`: what vendors carry beside the `traceparent`.
//!
//! ```text
//! tracestate = [ member ] *( OWS "," OWS [ member ] )    over all fields, joined in order
//! member     = key "=" value                             grammar in `tracer_core::TraceState`
//! ```
//! (Trace Context Level 2, section 3.3.) Empty members are skipped. One malformed member, or more
//! than 32, drops the whole list. Of a key's members the left-most stays.

use std::ops::ControlFlow;

use tracer_core::{SpanContext, TraceState, TraceStateError};

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::{ExtractError, ExtractReason, InjectError, InjectReason};
use crate::text;

pub(super) static FIELD: Field = Field::new("tracestate");

/// The most members of a list, repeated keys included.
const MEMBERS_MAX: usize = 32;

/// The most bytes that are read, blanks and empty members with them: twice the longest list.
const READ_BYTES_MAX: usize = 2 * MEMBERS_MAX * (256 + "=".len() + 256 + ",".len());

/// The list; empty if the header is absent or empty.
pub(super) fn extract(carrier: &dyn Extractor) -> Result<TraceState, ExtractError> {
    let mut reader = Reader::default();
    let mut result = Ok(());
    carrier.visit_values(&FIELD, &mut |value| {
        result = reader.read(value);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    result.map(|()| reader.state).map_err(|reason| ExtractError::new(FIELD.name(), reason))
}

/// Writes the header, or removes it if there is nothing to write or no trace that it belongs to.
pub(super) fn inject(context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
    match context.trace_state().filter(|_| context.is_valid()) {
        Some(state) => carrier
            .set(&FIELD, state.as_str().as_bytes())
            .map_err(|error| InjectError::new(FIELD.name(), InjectReason::Carrier(error))),
        None => {
            carrier.remove(&FIELD);
            Ok(())
        }
    }
}

#[derive(Default)]
struct Reader {
    state: TraceState,
    members: usize,
    read_bytes: usize,
}

impl Reader {
    fn read(&mut self, value: &[u8]) -> Result<(), ExtractReason> {
        self.read_bytes = self.read_bytes.saturating_add(value.len());
        if self.read_bytes > READ_BYTES_MAX {
            return Err(ExtractReason::Length(self.read_bytes));
        }
        if self.state.is_empty() {
            self.state = TraceState::with_capacity(value.len());
        }
        let members = value.split(|byte| *byte == b',').map(text::trim);
        members
            .filter(|member| !member.is_empty())
            .try_for_each(|member| self.push(member))
            .map_err(ExtractReason::TraceState)
    }

    fn push(&mut self, member: &[u8]) -> Result<(), TraceStateError> {
        self.members += 1;
        if self.members > MEMBERS_MAX {
            return Err(TraceStateError::TooMany);
        }
        let (key, value) = text::split_once(member, b'=').ok_or(TraceStateError::Key)?;
        let key = std::str::from_utf8(key).map_err(|_| TraceStateError::Key)?;
        let value = std::str::from_utf8(value).map_err(|_| TraceStateError::Value)?;
        self.state.push(key, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    fn read(fields: &[&[u8]]) -> Result<String, ExtractReason> {
        let pairs: Vec<_> = fields.iter().map(|value| ("tracestate", *value)).collect();
        extract(&Pairs(&pairs)).map(|state| state.to_string()).map_err(|error| error.reason)
    }

    #[test]
    fn fields_are_joined_trimmed_and_of_a_key_the_first_stays() {
        let fields: [&[u8]; 4] = [b"a=1 , ,\tb= x\t", b"", b",,", b"a=2,c=3,"];
        assert_eq!(read(&fields).unwrap(), "a=1,b= x,c=3");
        assert_eq!(read(&[]).unwrap(), "");
    }

    #[test]
    fn one_malformed_member_drops_the_list() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_value = format!("k={}", "v".repeat(257));
        let key: [&[u8]; 9] =
            [b"a", b"=", b"=1", b"A=1", b"a =1", b"@a=1", b"\xff=1", b"a\n=1", long_key.as_bytes()];
        let value: [&[u8]; 6] = [b"a=", b"a=1=2", b"a=\xff", b"a=\x7f", b"a=1\t2", long_value.as_bytes()];
        for member in key {
            assert_eq!(
                read(&[b"ok=1", member]),
                Err(ExtractReason::TraceState(TraceStateError::Key)),
                "{member:?}"
            );
        }
        for member in value {
            assert_eq!(
                read(&[b"ok=1", member]),
                Err(ExtractReason::TraceState(TraceStateError::Value)),
                "{member:?}"
            );
        }
    }

    #[test]
    fn a_33rd_member_drops_the_list_even_if_it_repeats_a_key() {
        let list = |count: usize| (0..count).map(|n| format!("k{}=v,,", n % 31)).collect::<String>();
        assert_eq!(read(&[list(32).as_bytes()]).unwrap().split(',').count(), 31);
        let too_many = Err(ExtractReason::TraceState(TraceStateError::TooMany));
        assert_eq!(read(&[list(33).as_bytes()]), too_many);
        assert_eq!(read(&[list(20).as_bytes(), list(13).as_bytes()]), too_many);
    }

    #[test]
    fn the_longest_list_is_kept_and_endless_ones_are_not_read() {
        let member = |n: usize| format!("{n:0>256}={}", "v".repeat(256));
        let longest = (0..32).map(member).collect::<Vec<_>>().join(",");
        assert_eq!(read(&[longest.as_bytes()]).unwrap(), longest);
        let commas = vec![b','; READ_BYTES_MAX];
        assert_eq!(read(&[&commas]).unwrap(), "");
        assert_eq!(read(&[&commas, b","]), Err(ExtractReason::Length(READ_BYTES_MAX + 1)));
    }
}
