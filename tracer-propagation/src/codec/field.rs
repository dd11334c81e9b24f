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

/// The first value of each of several fields, without blanks around it.
pub(crate) fn firsts<'c, const N: usize>(
    carrier: &'c dyn Extractor,
    fields: [&Field; N],
) -> [Option<&'c [u8]>; N] {
    let mut values = [None; N];
    carrier.visit_fields(&fields, &mut |place, value| {
        if let Some(first @ None) = values.get_mut(place) {
            *first = Some(text::trim(value));
        }
        ControlFlow::Continue(())
    });
    values
}

/// Sets or removes each of several fields.
pub(crate) fn write<const N: usize>(
    carrier: &mut dyn Injector,
    fields: [(&'static Field, Option<&[u8]>); N],
) -> Result<(), InjectError> {
    carrier.write(&fields).map_err(|(place, error)| {
        let name = fields.get(place).map_or("", |(field, _)| field.name());
        InjectError::new(name, InjectReason::Carrier(error))
    })
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
