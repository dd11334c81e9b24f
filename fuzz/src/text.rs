//! Texts that are short in the input and may be long in the call.

use std::ops::Deref;

use arbitrary::{Arbitrary, Result, Unstructured};

/// The longest text: beyond every limit but the body's.
const BYTES_MAX: usize = 12_000;

/// A text, made of a short one and how often it stands there.
#[derive(Clone, Debug)]
pub struct Text(String);

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let unit = <&str>::arbitrary(input)?;
        let times = if bool::arbitrary(input)? { usize::from(u8::arbitrary(input)?) * 8 } else { 1 };
        Ok(Self(unit.repeat(times.min(BYTES_MAX / unit.len().max(1)))))
    }
}
