//! W3C: Trace Context Level 2 (`traceparent`, `tracestate`) and Baggage.

mod baggage;
mod traceparent;
mod tracestate;

use tracer_core::SpanContext;

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::{Codec, ExtractError, Extracted, InjectError};

pub use self::baggage::W3cBaggage;

static FIELDS: [&Field; 2] = [&traceparent::FIELD, &tracestate::FIELD];

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
        let Some(context) = traceparent::extract(carrier)? else {
            return Ok(Extracted::default());
        };
        // A tracestate that cannot be read never affects the traceparent (section 3.3.1).
        let (context, error) = match tracestate::extract(carrier) {
            Ok(state) if state.is_empty() => (context, None),
            Ok(state) => (context.with_trace_state(state), None),
            Err(error) => (context, Some(error)),
        };
        Ok(Extracted { error, ..Extracted::from_context(context) })
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let parent = traceparent::inject(context, carrier);
        let state = tracestate::inject(context, carrier);
        parent.and(state)
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}
