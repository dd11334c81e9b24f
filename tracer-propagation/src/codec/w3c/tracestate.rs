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

use crate::carrier::{Extractor, Field, Found};
use crate::codec::error::told;

pub(super) static FIELD: Field = Field::new("tracestate");

/// The most members of a list, repeated keys included.
const MEMBERS_MAX: usize = 32;

/// The most bytes that are read, blanks and empty members with them: twice the longest list.
const READ_BYTES_MAX: usize = 2 * MEMBERS_MAX * (256 + "=".len() + 256 + ",".len());

/// Why a `tracestate` is not used. The trace is: only the list is dropped, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TracestateError {
    /// A member is malformed, or there are too many.
    #[error(transparent)]
    List(TraceStateError),
    /// There is more than is read; so many bytes over all fields.
    #[error("tracestate: {0} bytes, more than {READ_BYTES_MAX}")]
    TooLong(u32),
}

/// Takes the list of what was found of the field into a context.
#[inline]
pub(super) fn read(
    found: Found<'_>,
    carrier: &dyn Extractor,
    context: &mut SpanContext,
) -> Result<(), TracestateError> {
    match found {
        Found::Absent => Ok(()),
        Found::Once(list) => read_list(list, context),
        Found::Repeated(_) => read_list(&joined(carrier)?, context),
    }
}

/// What is to be written; `None` if there is nothing, or no trace that it belongs to.
pub(super) fn format(context: &SpanContext) -> Option<&[u8]> {
    context.trace_state().filter(|_| context.is_valid()).map(TraceState::as_bytes)
}

#[inline]
fn read_list(list: &[u8], context: &mut SpanContext) -> Result<(), TracestateError> {
    if list.len() > READ_BYTES_MAX {
        return Err(TracestateError::TooLong(told(list.len())));
    }
    context.read_trace_state(list).map_err(TracestateError::List)
}

/// All fields, joined by commas. Nothing is copied of what is too long.
#[cold]
fn joined(carrier: &dyn Extractor) -> Result<Vec<u8>, TracestateError> {
    let (mut list, mut bytes) = (Vec::new(), 0_usize);
    carrier.visit_values(&FIELD, &mut |value| {
        bytes = bytes.saturating_add(value.len());
        if bytes > READ_BYTES_MAX {
            return ControlFlow::Continue(());
        }
        if !list.is_empty() {
            list.push(b',');
        }
        list.extend_from_slice(value);
        ControlFlow::Continue(())
    });
    if bytes > READ_BYTES_MAX { Err(TracestateError::TooLong(told(bytes))) } else { Ok(list) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    fn read(fields: &[&[u8]]) -> Result<String, TracestateError> {
        let pairs: Vec<_> = fields.iter().map(|value| ("tracestate", *value)).collect();
        let carrier = Pairs(&pairs);
        let mut context = SpanContext::default();
        super::read(carrier.find(&FIELD), &carrier, &mut context)?;
        Ok(context.trace_state().map(ToString::to_string).unwrap_or_default())
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
                Err(TracestateError::List(TraceStateError::Key)),
                "{member:?}"
            );
        }
        for member in value {
            assert_eq!(
                read(&[b"ok=1", member]),
                Err(TracestateError::List(TraceStateError::Value)),
                "{member:?}"
            );
        }
    }

    #[test]
    fn a_33rd_member_drops_the_list_even_if_it_repeats_a_key() {
        let list = |count: usize| (0..count).map(|n| format!("k{}=v,,", n % 31)).collect::<String>();
        assert_eq!(read(&[list(32).as_bytes()]).unwrap().split(',').count(), 31);
        let too_many = Err(TracestateError::List(TraceStateError::TooMany));
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
        assert_eq!(read(&[&commas, b","]), Err(TracestateError::TooLong(told(READ_BYTES_MAX + 1))));
    }
}
