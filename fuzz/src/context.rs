//! Contexts as input.

use arbitrary::{Arbitrary, Result, Unstructured};
use tracer_core::{Baggage, SpanContext, SpanId, TraceFlags, TraceId};

use crate::text::Text;

/// The most items of baggage in a context.
const ITEMS_MAX: usize = 16;

/// A remote context with ids, without flags or baggage, and its parent's id or zero.
///
/// # Errors
/// If the input is used up.
pub fn context(input: &mut Unstructured<'_>) -> Result<SpanContext> {
    let mut trace_id: [u8; 16] = input.arbitrary()?;
    let mut span_id: [u8; 8] = input.arbitrary()?;
    if input.ratio(1, 4)? {
        trace_id[..8].fill(0);
    }
    trace_id[15] |= u8::from(trace_id == [0; 16]);
    span_id[7] |= u8::from(span_id == [0; 8]);
    let parent_id = if input.arbitrary()? { input.arbitrary()? } else { [0; 8] };
    let ids = (TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id));
    Ok(SpanContext::new(ids.0, ids.1, TraceFlags::NONE)
        .with_parent_id(SpanId::from_bytes(parent_id))
        .into_remote())
}

/// Some of these flags.
///
/// # Errors
/// If the input is used up.
pub fn flags(input: &mut Unstructured<'_>, among: &[TraceFlags]) -> Result<TraceFlags> {
    among.iter().try_fold(TraceFlags::NONE, |flags, flag| {
        Ok(if input.arbitrary()? { flags.with(*flag) } else { flags })
    })
}

/// Baggage whose keys are short, of lower-case letters and digits; each once.
///
/// # Errors
/// If the input is used up.
pub fn baggage(input: &mut Unstructured<'_>) -> Result<Baggage> {
    let count = input.int_in_range(0..=ITEMS_MAX)?;
    (0..count).try_fold(Baggage::new(), |baggage, index| {
        let letter = char::from(input.int_in_range(b'a'..=b'z')?);
        Ok(baggage.with_item(&format!("{letter}{index}"), &Text::arbitrary(input)?))
    })
}
