//! What codecs do with one field.

use crate::carrier::{Extractor, Field, Found, Injector};
use crate::codec::{InjectError, InjectReason};
use crate::text;

/// The first value of a field, without blanks around it.
pub(crate) fn first<'c>(carrier: &'c dyn Extractor, field: &Field) -> Option<&'c [u8]> {
    carrier.find(field).first().map(text::trim)
}

/// The first value of each of several fields, without blanks around it.
pub(crate) fn firsts<'c, const N: usize>(
    carrier: &'c dyn Extractor,
    fields: [&Field; N],
) -> [Option<&'c [u8]>; N] {
    let mut found = [Found::Absent; N];
    carrier.find_all(&fields, &mut found);
    found.map(|found| found.first().map(text::trim))
}

/// Sets or removes each of several fields, and removes all headers of some prefixes.
pub(crate) fn write<const N: usize>(
    carrier: &mut dyn Injector,
    fields: [(&'static Field, Option<&[u8]>); N],
    prefixes: &[&str],
) -> Result<(), InjectError> {
    carrier.write(&fields, prefixes).map_err(|(place, error)| {
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
