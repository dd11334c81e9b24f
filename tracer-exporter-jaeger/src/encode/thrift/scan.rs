//! The first look at a row: its fixed fields, and how many entries it has of each kind.

use tracer_core::row::wire::{Field, Fields, WireError};

use crate::encode::names;

/// What a row holds beside its entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan<'a> {
    /// The row: an OTLP `Span` message, known to be well-formed but for its entries.
    pub(super) row: &'a [u8],
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
    /// Zeros in a root.
    pub(super) parent: [u8; 8],
    pub(super) name: &'a [u8],
    pub(super) kind: u64,
    pub(super) flags: u32,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) trace_state: &'a [u8],
    pub(super) status: Status<'a>,
    pub(super) attributes: usize,
    pub(super) events: usize,
    pub(super) links: usize,
    pub(super) dropped_attributes: u64,
    pub(super) dropped_events: u64,
    pub(super) dropped_links: u64,
    /// Whether a tag `error` was set that is no truth.
    pub(super) has_error_tag: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Status<'a> {
    pub(super) code: u64,
    pub(super) message: &'a [u8],
}

impl<'a> Scan<'a> {
    /// Reads a row. Ids of another length than 16 and 8 bytes make it unreadable.
    pub(super) fn new(row: &'a [u8]) -> Result<Self, WireError> {
        let mut scan = Self { row, ..Self::default() };
        for field in Fields::new(row) {
            let (number, field) = field?;
            scan.read(number, field)?;
        }
        if scan.trace_id == [0; 16] || scan.span_id == [0; 8] {
            return Err(WireError::WrongType);
        }
        Ok(scan)
    }

    /// The entries of that number: 9 attributes, 11 events, 13 links.
    #[inline]
    pub(super) fn entries(&self, wanted: u64) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Fields::new(self.row).filter_map(move |field| match field {
            Ok((number, Field::Bytes(entry))) if number == wanted => Some(entry),
            _ => None,
        })
    }

    #[inline]
    fn read(&mut self, number: u64, field: Field<'a>) -> Result<(), WireError> {
        match (number, field) {
            (1, Field::Bytes(id)) => self.trace_id = id.try_into().map_err(|_| WireError::WrongType)?,
            (2, Field::Bytes(id)) => self.span_id = id.try_into().map_err(|_| WireError::WrongType)?,
            (3, Field::Bytes(state)) => self.trace_state = state,
            (4, Field::Bytes([])) => {}
            (4, Field::Bytes(id)) => self.parent = id.try_into().map_err(|_| WireError::WrongType)?,
            (5, Field::Bytes(name)) => self.name = name,
            (6, Field::Varint(kind)) => self.kind = kind,
            (7, Field::Fixed64(time)) => self.start_ns = time,
            (8, Field::Fixed64(time)) => self.end_ns = time,
            (9, Field::Bytes(pair)) => {
                self.attributes += 1;
                self.has_error_tag |= is_error(pair);
            }
            (10, Field::Varint(count)) => self.dropped_attributes = count,
            (11, Field::Bytes(_)) => self.events += 1,
            (12, Field::Varint(count)) => self.dropped_events = count,
            (13, Field::Bytes(_)) => self.links += 1,
            (14, Field::Varint(count)) => self.dropped_links = count,
            (15, Field::Bytes(status)) => self.status = Status::read(status)?,
            (16, Field::Fixed32(flags)) => self.flags = flags,
            (1..=16, _) => return Err(WireError::WrongType),
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Status<'a> {
    pub(super) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut status = Self::default();
        for field in Fields::new(message) {
            match field? {
                (2, field) => status.message = field.bytes()?,
                (3, field) => status.code = field.varint()?,
                _ => {}
            }
        }
        Ok(status)
    }
}

/// Whether a pair's key is `error`: its fourth byte on, where the key stands first.
#[inline]
fn is_error(pair: &[u8]) -> bool {
    pair.get(2..7) == Some(names::ERROR.as_bytes()) && pair.get(1) == Some(&5)
}
