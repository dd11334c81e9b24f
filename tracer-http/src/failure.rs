//! Errors of services and bodies, which need not implement `Error`: boxed ones do not.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt::Display;

use tracer_core::{Span, StatusCode, tags};

type BoxError = Box<dyn Error + Send + Sync>;

/// Records an error of any type that can be shown. Those of the types below are recorded with their
/// causes; most stacks of layers end with the boxed one.
pub(crate) fn record<E: Display + 'static>(span: &mut Span, error: &E) {
    if !span.is_recording() {
        return;
    }
    span.set_tag(tags::ERROR_TYPE, type_name::<E>());
    if record_boxed(span, error) || record_as::<std::io::Error>(span, error) {
        return;
    }
    #[cfg(feature = "reqwest")]
    if record_as::<::reqwest::Error>(span, error) || record_as::<reqwest_middleware::Error>(span, error) {
        return;
    }
    let message = error.to_string();
    let fields = [
        (tags::EXCEPTION_TYPE.key(), type_name::<E>().into()),
        (tags::EXCEPTION_MESSAGE.key(), (&message).into()),
    ];
    span.log("exception", &fields);
    span.set_status(StatusCode::Error, &message);
}

fn record_boxed(span: &mut Span, error: &dyn Any) -> bool {
    let boxed = error.downcast_ref::<BoxError>();
    boxed.map(|error| span.record_error(error.as_ref())).is_some()
}

fn record_as<T: Error + 'static>(span: &mut Span, error: &dyn Any) -> bool {
    let known = error.downcast_ref::<T>();
    known.map(|error| span.record_error(error)).is_some()
}
