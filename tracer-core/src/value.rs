//! The values of tags and log fields: borrowed, never owned, encoded where they are set.

use std::borrow::Cow;

/// A borrowed value. What is set is encoded at once, so nothing needs to be owned or `'static`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TagRef<'a> {
    /// Text.
    Str(&'a str),
    /// Truth.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer; above `i64::MAX` it is recorded as decimal text, since no back end
    /// has a wider integer.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An array of texts.
    StrArray(&'a [&'a str]),
    /// An array of truths.
    BoolArray(&'a [bool]),
    /// An array of integers.
    I64Array(&'a [i64]),
    /// An array of floating-point numbers.
    F64Array(&'a [f64]),
}

/// A key and a value, as logs and links take several of.
pub type Field<'a> = (&'a str, TagRef<'a>);

macro_rules! from_lossless {
    ($variant:ident, $wide:ty: $($narrow:ty),+) => {$(
        impl From<$narrow> for TagRef<'_> {
            fn from(value: $narrow) -> Self {
                Self::$variant(<$wide>::from(value))
            }
        }
    )+};
}

from_lossless!(I64, i64: i8, i16, i32, i64, u8, u16, u32);
from_lossless!(F64, f64: f32, f64);

macro_rules! from_borrowed {
    ($($variant:ident: $source:ty),+ $(,)?) => {$(
        impl<'a> From<$source> for TagRef<'a> {
            fn from(value: $source) -> Self {
                Self::$variant(value)
            }
        }
    )+};
}

from_borrowed!(
    Str: &'a str,
    Str: &'a String,
    Bool: bool,
    U64: u64,
    Bytes: &'a [u8],
    Bytes: &'a Vec<u8>,
    StrArray: &'a [&'a str],
    BoolArray: &'a [bool],
    I64Array: &'a [i64],
    F64Array: &'a [f64],
);

impl From<usize> for TagRef<'_> {
    fn from(value: usize) -> Self {
        Self::U64(value as u64)
    }
}

impl From<isize> for TagRef<'_> {
    fn from(value: isize) -> Self {
        Self::I64(value as i64)
    }
}

impl<'a> From<&'a Cow<'_, str>> for TagRef<'a> {
    fn from(value: &'a Cow<'_, str>) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a Box<str>> for TagRef<'a> {
    fn from(value: &'a Box<str>) -> Self {
        Self::Str(value)
    }
}
