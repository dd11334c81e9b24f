//! W3C: Trace Context Level 2 (`traceparent`, `tracestate`) and Baggage.

mod baggage;
mod traceparent;
mod tracestate;

use tracer_core::SpanContext;

use crate::carrier::{Extractor, Field, Found, Injector};
use crate::codec::field::write;
use crate::codec::{Codec, ExtractError, Extracted, InjectError};

use self::traceparent::Parent;

pub use self::baggage::{BaggageError, W3cBaggage};
pub use self::traceparent::TraceparentError;
pub use self::tracestate::TracestateError;

static FIELDS: [&Field; 2] = [&traceparent::FIELD, &tracestate::FIELD];

/// W3C Trace Context Level 2: `traceparent` and `tracestate`.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_propagation::{Codec, TraceContext, TraceparentError};
///
/// let mut headers = HashMap::from([("traceparent".to_owned(), "00-zz".to_owned())]);
/// let error = TraceContext.extract(&headers).unwrap_err();
/// assert_eq!(error, TraceparentError::TooShort(5).into());
/// headers.clear();
/// assert!(TraceContext.extract(&headers)?.is_empty());
/// # Ok::<(), tracer_propagation::ExtractError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceContext;

impl Codec for TraceContext {
    fn extract(&self, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        let mut found = [Found::Absent; 2];
        carrier.find_all(&FIELDS, &mut found);
        let [parent, list] = found;
        let value = match parent {
            Found::Absent => return Ok(Extracted::default()),
            Found::Once(value) => value,
            Found::Repeated(_) => return Err(TraceparentError::Repeated.into()),
        };
        match traceparent::parse_usual(value) {
            // Built in its place: to move it would take as long as to read it.
            Some(parent) if list == Found::Absent => Ok(Extracted::from_context(parent.context())),
            Some(parent) => Ok(with_list(parent, list, carrier)),
            None => Ok(with_list(traceparent::parse(value)?, list, carrier)),
        }
    }

    fn inject(&self, context: &SpanContext, carrier: &mut dyn Injector) -> Result<(), InjectError> {
        let parent = traceparent::format(context);
        write(
            carrier,
            [
                (&traceparent::FIELD, context.is_valid().then_some(parent.as_slice())),
                (&tracestate::FIELD, tracestate::format(context)),
            ],
            &[],
        )
    }

    fn fields(&self) -> &[&'static Field] {
        &FIELDS
    }
}

/// A tracestate that cannot be read never affects the traceparent (section 3.3.1).
#[inline(never)]
fn with_list(parent: Parent, list: Found<'_>, carrier: &dyn Extractor) -> Extracted {
    let mut context = parent.context();
    let error = tracestate::read(list, carrier, &mut context).err().map(ExtractError::from);
    Extracted { error, ..Extracted::from_context(context) }
}
