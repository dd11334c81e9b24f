//! B3: Zipkin's format, in one header or in several.
//!
//! ```text
//! b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90     codec/b3/single
//!
//! x-b3-traceid: 4bf92f3577b34da6a3ce929d0e0e4736                               codec/b3/multi
//! x-b3-spanid: 00f067aa0ba902b7
//! x-b3-parentspanid: 05e3ac9a4f6e3b90
//! x-b3-sampled: 1
//!
//! trace-id = 32HEXDIGLC / 16HEXDIGLC     16 digits: zeros on the left
//! span-id  = 16HEXDIGLC                  a parent's id likewise; no id is all zero
//! ```
//! (openzipkin/b3-propagation.) The single header is tried first; if it is absent or malformed, the
//! others are, and never parts of both. Of repeated headers the first one counts. A trace is
//! recorded, not recorded, debugged, or the receiver decides ("defer", the absence of a state).

mod multi;
mod single;

use tracer_core::{SpanContext, SpanId, TraceId};

use super::{SamplingDecision, hex};
use crate::carrier::{Extractor, Field, Injector};
use crate::codec::field::{first, firsts, write};
use crate::codec::{Codec, ExtractError, Extracted, InjectError};
use crate::text::Buffer;

pub use self::multi::B3MultiError;
pub use self::single::B3SingleError;

static FIELDS: [&Field; 6] = [
    &single::FIELD,
    &multi::TRACE_ID,
    &multi::SPAN_ID,
    &multi::PARENT_SPAN_ID,
    &multi::SAMPLED,
    &multi::FLAGS,
];

/// B3. Reads both of its formats and writes one of them, or both if asked.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_propagation::{B3, Codec};
///
/// let single = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1".to_owned();
/// let extracted = B3::single().extract(&HashMap::from([("b3".to_owned(), single)]))?;
///
/// let mut headers = HashMap::new();
/// B3::multi().inject(&extracted.parent().unwrap_or_default(), &mut headers)?;
/// assert_eq!(headers["x-b3-traceid"], "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(headers["x-b3-spanid"], "00f067aa0ba902b7");
/// assert_eq!(headers["x-b3-sampled"], "1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct B3 {
    format: Format,
    sends_parent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Single,
    Multi,
    Both,
}

/// What B3 says: ids or none, and a decision or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    ids: Option<Ids>,
    decision: Option<SamplingDecision>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ids {
    trace_id: TraceId,
    span_id: SpanId,
    parent_id: Option<SpanId>,
}

impl B3 {
    /// Writes the header `b3`.
    #[must_use]
    pub const fn single() -> Self {
        Self { format: Format::Single, sends_parent: false }
    }

    /// Writes the headers `x-b3-traceid`, `x-b3-spanid`, and `x-b3-sampled` or `x-b3-flags`.
    #[must_use]
    pub const fn multi() -> Self {
        Self { format: Format::Multi, sends_parent: false }
    }

    /// Writes all of them: towards peers of which some know only one of the two formats.
    #[must_use]
    pub const fn both() -> Self {
        Self { format: Format::Both, sends_parent: false }
    }

    /// Writes the parent's span id as well, if there is one.
    #[must_use]
    pub const fn with_parent_id(mut self) -> Self {
        self.sends_parent = true;
        self
    }

    fn write(self, state: State, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let (single, multi) = match self.format {
            Format::Single => (Some(state), None),
            Format::Multi => (None, Some(state)),
            Format::Both => (Some(state), Some(state)),
        };
        let single = single.map(single::format);
        let multi = multi.map(multi::format);
        let [trace_id, span_id, parent_id, sampled, flags] =
            multi.as_ref().map(multi::Written::values).unwrap_or_default();
        let single = single.as_ref().map(Buffer::as_bytes).filter(|value| !value.is_empty());
        write(
            carrier,
            [
                (&single::FIELD, single),
                (&multi::TRACE_ID, trace_id),
                (&multi::SPAN_ID, span_id),
                (&multi::PARENT_SPAN_ID, parent_id),
                (&multi::SAMPLED, sampled),
                (&multi::FLAGS, flags),
            ],
            &[],
        )
    }

    fn ids(self, context: &SpanContext) -> Option<Ids> {
        context.is_valid().then(|| Ids {
            trace_id: context.trace_id(),
            span_id: context.span_id(),
            parent_id: Some(context.parent_id()).filter(|id| self.sends_parent && id.is_valid()),
        })
    }
}

impl Codec for B3 {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        // Senders of the one format have no header of the other, as a rule.
        let (single, multi) = if self.format == Format::Single {
            (first(carrier, &single::FIELD), None)
        } else {
            let [single, multi @ ..] = firsts(carrier, FIELDS);
            (single, Some(multi))
        };
        let multi = || multi::extract(multi.unwrap_or_else(|| firsts(carrier, multi::FIELDS)));
        let Some(single) = single else {
            return Ok(multi()?.map_or_else(Extracted::default, Extracted::from));
        };
        single::extract(single).map(Extracted::from).or_else(|error| match multi() {
            Ok(Some(state)) => Ok(Extracted { error: Some(error.into()), ..state.into() }),
            Ok(None) | Err(_) => Err(error.into()),
        })
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let ids = self.ids(context);
        // Without ids there is no decision either: flags that were never set are no "deny".
        let decision = ids.and_then(|_| SamplingDecision::of(context.flags()));
        self.write(State { ids, decision }, carrier)
    }

    /// A decision without ids is passed on alone.
    fn forward(&self, extracted: &Extracted, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let ids = extracted.context.as_ref().and_then(|context| self.ids(context));
        self.write(State { ids, decision: extracted.decision }, carrier)
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}

impl From<State> for Extracted {
    fn from(state: State) -> Self {
        let context = state.ids.map(|ids| {
            SpanContext::new(ids.trace_id, ids.span_id, SamplingDecision::flags(state.decision))
                .with_parent_id(ids.parent_id.unwrap_or_default())
                .into_remote()
        });
        Self { context, decision: state.decision, ..Self::default() }
    }
}

/// Ids of 32 and 16 digits, read in one look; `None` for others, and if there is a mistake in them.
#[inline(always)]
fn usual_ids(trace_id: &[u8], span_id: &[u8]) -> Option<(TraceId, SpanId)> {
    let ids = hex::decode_ids(trace_id.try_into().ok()?, span_id.try_into().ok()?)?;
    (ids.0.is_valid() && ids.1.is_valid()).then_some(ids)
}

/// A trace id, or the error for one that is malformed or zero.
fn trace_id<E>(digits: &[u8], malformed: E, zero: E) -> Result<TraceId, E> {
    let bytes = match hex::decode::<8>(digits) {
        Some([a, b, c, d, e, f, g, h]) => Some([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d, e, f, g, h]),
        None => hex::decode::<16>(digits),
    };
    let id = bytes.map(TraceId::from_bytes).ok_or(malformed)?;
    if id.is_valid() { Ok(id) } else { Err(zero) }
}

/// A span id, likewise.
fn span_id<E>(digits: &[u8], malformed: E, zero: E) -> Result<SpanId, E> {
    let id = hex::decode(digits).map(SpanId::from_bytes).ok_or(malformed)?;
    if id.is_valid() { Ok(id) } else { Err(zero) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::Pairs;

    type Headers = Vec<(String, Vec<u8>)>;

    const SINGLE: (&str, &str) = ("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1");

    fn names(headers: &Headers) -> Vec<&str> {
        headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_malformed_single_header_is_reported_beside_what_the_others_say() {
        let headers = [("b3", "zzz"), ("X-B3-Sampled", "0")];
        let extracted = B3::single().extract(&Pairs(&headers)).unwrap();
        assert_eq!(extracted.decision, Some(SamplingDecision::Deny));
        assert_eq!(extracted.error, Some(B3SingleError::TraceId.into()));
        let error = B3::single().extract(&Pairs(&[("b3", "zzz"), ("x-b3-sampled", "?")])).unwrap_err();
        assert_eq!(error, B3SingleError::TraceId.into());
    }

    #[test]
    fn both_formats_are_written_only_when_asked_and_stale_ones_removed() {
        let context = B3::single().extract(&Pairs(&[SINGLE])).unwrap().context.unwrap();
        let mut headers: Headers = vec![("X-B3-ParentSpanId".into(), b"stale".to_vec())];
        B3::both().inject(&context, &mut headers).unwrap();
        assert_eq!(names(&headers), ["b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"]);
        B3::single().inject(&context, &mut headers).unwrap();
        assert_eq!(names(&headers), ["b3"]);
        B3::multi().inject(&SpanContext::default(), &mut headers).unwrap();
        assert!(headers.is_empty());
    }

    #[test]
    fn a_parents_id_is_written_only_when_asked() {
        let context = B3::single().extract(&Pairs(&[SINGLE])).unwrap().context.unwrap();
        let context = context.with_parent_id(SpanId::from_bytes([5; 8]));
        let mut headers = Headers::new();
        B3::multi().with_parent_id().inject(&context, &mut headers).unwrap();
        assert_eq!(names(&headers), ["x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled"]);
        B3::multi().inject(&context, &mut headers).unwrap();
        assert_eq!(names(&headers), ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled"]);
    }
}
