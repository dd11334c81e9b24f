//! W3C: Trace Context Level 2 (`traceparent`, `tracestate`) and Baggage.

mod baggage;
mod traceparent;
mod tracestate;

use std::ops::ControlFlow;

use tracer_core::SpanContext;

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::field::write;
use crate::codec::{Codec, ExtractError, ExtractReason, Extracted, InjectError};
use crate::text;

pub use self::baggage::W3cBaggage;

static FIELDS: [&Field; 2] = [&traceparent::FIELD, &tracestate::FIELD];

/// The place of `traceparent` in [`FIELDS`].
const PARENT: usize = 0;

/// W3C Trace Context Level 2: `traceparent` and `tracestate`.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_propagation::{Codec, ExtractReason, TraceContext};
///
/// let mut headers = HashMap::from([("traceparent".to_owned(), "00-zz".to_owned())]);
/// let error = TraceContext.extract(&headers).unwrap_err();
/// assert_eq!(error.reason, ExtractReason::Length(5));
/// headers.clear();
/// assert!(TraceContext.extract(&headers)?.is_empty());
/// # Ok::<(), tracer_propagation::ExtractError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceContext;

impl Codec for TraceContext {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let (mut parent, mut is_repeated, mut state) = (None, false, tracestate::Values::default());
        carrier.visit_fields(&FIELDS, &mut |place, value| {
            match place {
                PARENT if parent.is_some() => is_repeated = true,
                PARENT => parent = Some(text::trim(value)),
                _ => state.add(value),
            }
            if is_repeated { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let Some(parent) = parent else { return Ok(Extracted::default()) };
        let parsed = if is_repeated { Err(ExtractReason::Repeated) } else { traceparent::parse(parent) };
        let context = parsed.map_err(|reason| ExtractError::new(traceparent::FIELD.name(), reason))?;
        // A tracestate that cannot be read never affects the traceparent (section 3.3.1).
        let (context, error) = match state.parse(carrier) {
            Ok(state) if state.is_empty() => (context, None),
            Ok(state) => (context.with_trace_state(state), None),
            Err(reason) => (context, Some(ExtractError::new(tracestate::FIELD.name(), reason))),
        };
        Ok(Extracted { error, ..Extracted::from_context(context) })
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let parent = context.is_valid().then(|| traceparent::format(context));
        write(
            carrier,
            [
                (&traceparent::FIELD, parent.as_ref().map(AsRef::as_ref)),
                (&tracestate::FIELD, tracestate::format(context)),
            ],
        )
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}
