//! Protobuf's wire format: a total reader of fields, and the few writers that rows need.
//!
//! ```text
//! field  = key value                key = varint(number << 3 | type)
//! type 0 = varint    type 1 = 8 bytes    type 2 = varint length, bytes    type 5 = 4 bytes
//! ```

/// A field's value, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field<'a> {
    /// Types `int64`, `uint32`, `bool`, enumerations.
    Varint(u64),
    /// Types `fixed64`, `double`, by their bits.
    Fixed64(u64),
    /// Strings, bytes and messages.
    Bytes(&'a [u8]),
    /// Types `fixed32`, `float`, by their bits.
    Fixed32(u32),
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// It ends within a field.
    #[error("message is cut off")]
    Truncated,
    /// A varint has more than ten bytes.
    #[error("varint is too long")]
    VarintTooLong,
    /// A field has a wire type that does not exist, or not the one that its number has.
    #[error("field has the wrong wire type")]
    WrongType,
    /// A string is not UTF-8.
    #[error("string is not UTF-8")]
    NotUtf8,
    /// Values are nested too deeply.
    #[error("values are nested too deeply")]
    TooDeep,
}

/// Reads a message field by field; after an error it ends.
///
/// ```
/// use tracer_core::row::wire::{Field, Fields};
///
/// let mut fields = Fields::new(&[0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i']);
/// assert_eq!(fields.next(), Some(Ok((1, Field::Varint(150)))));
/// assert_eq!(fields.next(), Some(Ok((2, Field::Bytes(b"hi")))));
/// assert_eq!(fields.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads the fields of a message.
    #[must_use]
    pub const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    fn read(&mut self) -> Result<(u64, Field<'a>), WireError> {
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(*self.array()?)),
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| WireError::Truncated)?;
                Field::Bytes(self.take(len)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(*self.array()?)),
            _ => return Err(WireError::WrongType),
        };
        Ok((key >> 3, field))
    }

    /// Nearly all keys and lengths are one byte.
    #[inline]
    fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(WireError::Truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::VarintTooLong)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], WireError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(array)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Field<'a> {
    /// The bytes of a string, bytes or message field.
    ///
    /// # Errors
    /// [`WireError::WrongType`] for any other field.
    pub const fn bytes(self) -> Result<&'a [u8], WireError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32(_) => Err(WireError::WrongType),
        }
    }

    /// The text of a string field.
    ///
    /// # Errors
    /// [`WireError::WrongType`] for any other field, [`WireError::NotUtf8`] for malformed text.
    pub fn str(self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError::NotUtf8)
    }

    /// The value of an integer, boolean or enumeration field.
    ///
    /// # Errors
    /// [`WireError::WrongType`] for any other field.
    pub const fn varint(self) -> Result<u64, WireError> {
        match self {
            Self::Varint(value) => Ok(value),
            Self::Fixed64(_) | Self::Bytes(_) | Self::Fixed32(_) => Err(WireError::WrongType),
        }
    }

    /// The bits of an eight-byte field.
    ///
    /// # Errors
    /// [`WireError::WrongType`] for any other field.
    pub const fn fixed64(self) -> Result<u64, WireError> {
        match self {
            Self::Fixed64(bits) => Ok(bits),
            Self::Varint(_) | Self::Bytes(_) | Self::Fixed32(_) => Err(WireError::WrongType),
        }
    }
}

/// How many bytes a varint takes.
#[must_use]
pub const fn varint_len(value: u64) -> usize {
    match value {
        0 => 1,
        _ => (value.ilog2() as usize) / 7 + 1,
    }
}

/// Appends a varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a length-delimited field: its one-byte key, the length, the bytes.
pub fn put_bytes(out: &mut Vec<u8>, key: u8, bytes: &[u8]) {
    put_key_len(out, key, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends the key and length of a field whose `len` bytes follow.
pub fn put_key_len(out: &mut Vec<u8>, key: u8, len: usize) {
    out.push(key);
    put_varint(out, len as u64);
}

/// The size of a length-delimited field with a one-byte key and `len` bytes of content.
#[must_use]
pub const fn bytes_field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// A varint length and how many bytes it takes.
pub(crate) fn read_len(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut len = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        len |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((len, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_go_both_ways_at_their_edges() {
        for value in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            let mut out = vec![0x08];
            put_varint(&mut out, value);
            assert_eq!(out.len(), 1 + varint_len(value), "{value}");
            assert_eq!(Fields::new(&out).next(), Some(Ok((1, Field::Varint(value)))));
        }
    }

    #[test]
    fn malformed_messages_end_with_an_error() {
        let cases: [(&[u8], WireError); 6] = [
            (&[0x08], WireError::Truncated),
            (&[0x12, 0x05, b'a'], WireError::Truncated),
            (&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], WireError::Truncated),
            (&[0x39, 0, 0], WireError::Truncated),
            (&[0x0b], WireError::WrongType),
            (
                &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                WireError::VarintTooLong,
            ),
        ];
        for (message, error) in cases {
            let mut fields = Fields::new(message);
            assert_eq!(fields.next(), Some(Err(error)), "{message:x?}");
            assert_eq!(fields.next(), None);
        }
    }
}
