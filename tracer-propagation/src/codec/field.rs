//! What codecs do with one field.

use std::ops::ControlFlow;

use crate::carrier::{Extractor, Field, Injector};
use crate::codec::{InjectError, InjectReason};
use crate::text;

/// The first value of a field, without blanks around it.
pub(crate) fn first<'c>(carrier: &'c dyn Extractor, field: &Field) -> Option<&'c [u8]> {
    let mut value = None;
    carrier.visit_values(field, &mut |first| {
        value = Some(text::trim(first));
        ControlFlow::Break(())
    });
    value
}

/// Sets a field, or removes it if there is nothing to write.
pub(crate) fn set_or_remove(
    carrier: &mut dyn Injector,
    field: &Field,
    value: Option<&[u8]>,
) -> Result<(), InjectError> {
    let Some(value) = value else {
        carrier.remove(field);
        return Ok(());
    };
    carrier.set(field, value).map_err(|error| InjectError::new(field.name(), InjectReason::Carrier(error)))
}
