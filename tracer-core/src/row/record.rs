//! The reader: a row as a value that programs can look at.
//!
//! It takes OTLP `Span` messages from any sender: fields in any order, unknown ones skipped.

use super::wire::{Field, Fields, WireError};
use crate::context::{SpanId, TraceId};
use crate::span::{SpanKind, StatusCode};

/// How deeply arrays and maps may be nested in a value.
const VALUE_DEPTH_MAX: usize = 16;

/// A finished span, decoded.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SpanRecord {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Its parent; not valid in a root.
    pub parent_span_id: SpanId,
    /// The operation name.
    pub name: String,
    /// The kind.
    pub kind: SpanKind,
    /// Start, unix nanoseconds.
    pub start_unix_ns: u64,
    /// End, unix nanoseconds.
    pub end_unix_ns: u64,
    /// Tags, in the order in which they were last set.
    pub attributes: Vec<(String, Value)>,
    /// Logs, in the order of the calls.
    pub events: Vec<EventRecord>,
    /// Links: all references but the parent.
    pub links: Vec<LinkRecord>,
    /// The status.
    pub status: StatusCode,
    /// What the status says beyond its code.
    pub status_message: String,
    /// The `tracestate` list.
    pub trace_state: String,
    /// OTLP's flags: the W3C byte, and bits 8 and 9 of the parent's remoteness.
    pub flags: u32,
    /// Tags left out for the limits.
    pub dropped_attributes: u32,
    /// Logs left out for the limits.
    pub dropped_events: u32,
    /// Links left out for the limits.
    pub dropped_links: u32,
}

/// A log of a span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EventRecord {
    /// When, unix nanoseconds.
    pub time_unix_ns: u64,
    /// The event's name.
    pub name: String,
    /// Its fields.
    pub attributes: Vec<(String, Value)>,
}

/// A link to another span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkRecord {
    /// The other trace.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// Its tracestate.
    pub trace_state: String,
    /// Tags of the link. `opentracing.ref_type` tells `child_of` from `follows_from`.
    pub attributes: Vec<(String, Value)>,
    /// OTLP's flags, as those of a span, of the other span.
    pub flags: u32,
}

/// An OTLP `AnyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing set.
    #[default]
    Empty,
    /// Text.
    Str(String),
    /// Truth.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// A floating-point number.
    F64(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Self>),
    /// A map.
    Map(Vec<(String, Self)>),
}

impl SpanRecord {
    /// Decodes an OTLP `Span` message, as [`Rows::iter`](super::Rows::iter) yields them.
    ///
    /// Ids of another length than 16 and 8 bytes are left invalid: it is for the caller to refuse
    /// them.
    ///
    /// # Errors
    /// If the message is not well-formed protobuf with these types.
    pub fn decode(span: &[u8]) -> Result<Self, WireError> {
        let mut record = Self::default();
        for field in Fields::new(span) {
            let (number, field) = field?;
            record.set(number, field)?;
        }
        Ok(record)
    }

    /// The value of a tag.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn set(&mut self, number: u64, field: Field<'_>) -> Result<(), WireError> {
        match number {
            1 => self.trace_id = trace_id(field.bytes()?),
            2 => self.span_id = span_id(field.bytes()?),
            3 => self.trace_state = field.str()?.to_owned(),
            4 => self.parent_span_id = span_id(field.bytes()?),
            5 => self.name = field.str()?.to_owned(),
            6 => self.kind = SpanKind::from_otlp(field.varint()?),
            7 => self.start_unix_ns = field.fixed64()?,
            8 => self.end_unix_ns = field.fixed64()?,
            9 => self.attributes.push(key_value(field.bytes()?)?),
            10 => self.dropped_attributes = count(field)?,
            11 => self.events.push(EventRecord::decode(field.bytes()?)?),
            12 => self.dropped_events = count(field)?,
            13 => self.links.push(LinkRecord::decode(field.bytes()?)?),
            14 => self.dropped_links = count(field)?,
            15 => self.set_status(field.bytes()?)?,
            16 => self.flags = fixed32(field)?,
            _ => {}
        }
        Ok(())
    }

    fn set_status(&mut self, status: &[u8]) -> Result<(), WireError> {
        for field in Fields::new(status) {
            match field? {
                (2, field) => self.status_message = field.str()?.to_owned(),
                (3, field) => self.status = StatusCode::from_otlp(field.varint()?),
                _ => {}
            }
        }
        Ok(())
    }
}

impl EventRecord {
    fn decode(event: &[u8]) -> Result<Self, WireError> {
        let mut record = Self::default();
        for field in Fields::new(event) {
            match field? {
                (1, field) => record.time_unix_ns = field.fixed64()?,
                (2, field) => record.name = field.str()?.to_owned(),
                (3, field) => record.attributes.push(key_value(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(record)
    }
}

impl LinkRecord {
    fn decode(link: &[u8]) -> Result<Self, WireError> {
        let mut record = Self::default();
        for field in Fields::new(link) {
            match field? {
                (1, field) => record.trace_id = trace_id(field.bytes()?),
                (2, field) => record.span_id = span_id(field.bytes()?),
                (3, field) => record.trace_state = field.str()?.to_owned(),
                (4, field) => record.attributes.push(key_value(field.bytes()?)?),
                (6, field) => record.flags = fixed32(field)?,
                _ => {}
            }
        }
        Ok(record)
    }
}

/// Decodes an OTLP `KeyValue` message.
///
/// # Errors
/// If it is not well-formed, or its value is nested more than 16 deep.
pub fn key_value(message: &[u8]) -> Result<(String, Value), WireError> {
    key_value_at(message, 0)
}

fn key_value_at(message: &[u8], depth: usize) -> Result<(String, Value), WireError> {
    let mut pair = (String::new(), Value::Empty);
    for field in Fields::new(message) {
        match field? {
            (1, field) => pair.0 = field.str()?.to_owned(),
            (2, field) => pair.1 = any_value(field.bytes()?, depth)?,
            _ => {}
        }
    }
    Ok(pair)
}

fn any_value(message: &[u8], depth: usize) -> Result<Value, WireError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(WireError::TooDeep);
    }
    let mut value = Value::Empty;
    for field in Fields::new(message) {
        value = match field? {
            (1, field) => Value::Str(field.str()?.to_owned()),
            (2, field) => Value::Bool(field.varint()? != 0),
            (3, field) => Value::I64(i64::from_le_bytes(field.varint()?.to_le_bytes())),
            (4, field) => Value::F64(f64::from_bits(field.fixed64()?)),
            (5, field) => Value::Array(repeated(field.bytes()?, |item| any_value(item, depth + 1))?),
            (6, field) => Value::Map(repeated(field.bytes()?, |item| key_value_at(item, depth + 1))?),
            (7, field) => Value::Bytes(field.bytes()?.to_vec()),
            _ => continue,
        };
    }
    Ok(value)
}

/// The elements of a message that holds nothing but a repeated field 1.
fn repeated<T>(message: &[u8], decode: impl Fn(&[u8]) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
    let mut items = Vec::new();
    for field in Fields::new(message) {
        if let (1, field) = field? {
            items.push(decode(field.bytes()?)?);
        }
    }
    Ok(items)
}

fn trace_id(bytes: &[u8]) -> TraceId {
    bytes.try_into().map_or(TraceId::INVALID, TraceId::from_bytes)
}

fn span_id(bytes: &[u8]) -> SpanId {
    bytes.try_into().map_or(SpanId::INVALID, SpanId::from_bytes)
}

fn count(field: Field<'_>) -> Result<u32, WireError> {
    Ok(u32::try_from(field.varint()?).unwrap_or(u32::MAX))
}

fn fixed32(field: Field<'_>) -> Result<u32, WireError> {
    match field {
        Field::Fixed32(bits) => Ok(bits),
        Field::Varint(_) | Field::Fixed64(_) | Field::Bytes(_) => Err(WireError::WrongType),
    }
}
