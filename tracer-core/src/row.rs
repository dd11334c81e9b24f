//! Stage 5 of a span's walk: the row, the bytes that a finished span becomes.
//!
//! A row is one element of OTLP's `ScopeSpans.spans`, so an OTLP exporter only concatenates rows:
//!
//! ```text
//! row  = 0x12 LEN Span
//! Span =  0a 10 trace_id      12 08 span_id     39 start ns    41 end ns
//!         30 kind             85 01 flags       22 08 parent   2a LEN name
//!        (4a LEN attribute | 5a LEN event | 6a LEN link)*      in the order of the calls
//!         50 60 70 counts of what was left out  1a LEN tracestate   7a LEN status
//! ```
//!
//! [`wire`] knows protobuf and no more; [`record`] turns a row, from whatever program, into a
//! [`SpanRecord`](record::SpanRecord); the writer is the span itself, through `row/body`.

pub(crate) mod body;
pub(crate) mod buffer;
mod copy;
pub(crate) mod key_value;
pub mod record;
pub mod wire;
pub(crate) mod writer;

use self::wire::{Field, Fields, WireError};

/// The tag byte that opens a row: field 2, length-delimited.
pub(crate) const ROW_TAG: u8 = 0x12;

/// The rows of one batch, one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Rows<'a> {
    /// Rows that are known to be `count` whole ones.
    pub(crate) const fn new(bytes: &'a [u8], count: usize) -> Self {
        Self { bytes, count }
    }

    /// The rows of a serialized OTLP `ScopeSpans`-like run of `spans` elements.
    ///
    /// # Errors
    /// If the bytes are not whole length-delimited fields with number 2.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut count = 0;
        for field in Fields::new(bytes) {
            match field? {
                (2, Field::Bytes(_)) => count += 1,
                _ => return Err(WireError::WrongType),
            }
        }
        Ok(Self { bytes, count })
    }

    /// The bytes as they stand: ready to be put into an OTLP `ScopeSpans`.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The OTLP `Span` message of each row.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Fields::new(self.bytes).filter_map(|field| match field {
            Ok((_, Field::Bytes(span))) => Some(span),
            _ => None,
        })
    }
}

/// How many bytes the first row has, if there is one.
#[inline]
pub(crate) fn row_len(rows: &[u8]) -> Option<usize> {
    match rows {
        [ROW_TAG, len @ 0..0x80, ..] => Some(2 + usize::from(*len)),
        [ROW_TAG, rest @ ..] => wire::read_len(rest).map(|(len, len_bytes)| 1 + len_bytes + len),
        _ => None,
    }
}
