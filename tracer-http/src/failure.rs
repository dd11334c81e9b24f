//! Errors of services and bodies, which need not implement `Error`.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt::Display;

use tracer_core::{Span, StatusCode, tags};

type BoxError = Box<dyn Error + Send + Sync>;

/// Records an error of any type that can be shown. A boxed one, which is what most stacks of layers
/// end with, is recorded with its causes.
pub(crate) fn record<E: Display + 'static>(span: &mut Span, error: &E) {
    if !span.is_recording() {
        return;
    }
    span.set_tag(tags::ERROR_TYPE, type_name::<E>());
    let any: &dyn Any = error;
    if let Some(boxed) = any.downcast_ref::<BoxError>() {
        span.record_error(boxed.as_ref());
        return;
    }
    if let Some(error) = any.downcast_ref::<std::io::Error>() {
        span.record_error(error);
        return;
    }
    let message = error.to_string();
    span.log(
        "exception",
        &[
            (tags::EXCEPTION_TYPE.key(), type_name::<E>().into()),
            (tags::EXCEPTION_MESSAGE.key(), (&message).into()),
        ],
    );
    span.set_status(StatusCode::Error, &message);
}
