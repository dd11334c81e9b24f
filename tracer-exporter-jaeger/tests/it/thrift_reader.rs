//! Any Thrift struct, read by Apache's own protocols.

use std::collections::BTreeMap;

use thrift::protocol::{TFieldIdentifier, TInputProtocol, TType};

use super::jaeger_model::{Seen, Tag};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    I32(i32),
    I64(i64),
    Double(f64),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Struct(Struct),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Struct(pub(crate) BTreeMap<i16, Value>);

pub(crate) fn read_struct(input: &mut dyn TInputProtocol) -> Struct {
    let mut fields = BTreeMap::new();
    input.read_struct_begin().unwrap();
    loop {
        let TFieldIdentifier { field_type, id, .. } = input.read_field_begin().unwrap();
        if field_type == TType::Stop {
            break;
        }
        let before = fields.insert(id.unwrap(), read_value(input, field_type));
        assert_eq!(before, None, "a field came twice");
        input.read_field_end().unwrap();
    }
    input.read_struct_end().unwrap();
    Struct(fields)
}

fn read_value(input: &mut dyn TInputProtocol, value_type: TType) -> Value {
    match value_type {
        TType::Bool => Value::Bool(input.read_bool().unwrap()),
        TType::I32 => Value::I32(input.read_i32().unwrap()),
        TType::I64 => Value::I64(input.read_i64().unwrap()),
        TType::Double => Value::Double(input.read_double().unwrap()),
        TType::String => Value::Bytes(input.read_bytes().unwrap()),
        TType::Struct => Value::Struct(read_struct(input)),
        TType::List => {
            let head = input.read_list_begin().unwrap();
            let items = (0..head.size).map(|_| read_value(input, head.element_type)).collect();
            input.read_list_end().unwrap();
            Value::List(items)
        }
        other => panic!("the schema has no {other:?}"),
    }
}

impl Struct {
    pub(crate) fn take(&mut self, id: i16) -> Option<Value> {
        self.0.remove(&id)
    }

    fn i64(&mut self, id: i16) -> u64 {
        match self.take(id) {
            Some(Value::I64(number)) => u64::from_le_bytes(number.to_le_bytes()),
            other => panic!("{id}: {other:?}"),
        }
    }

    fn i32(&mut self, id: i16) -> i32 {
        match self.take(id) {
            Some(Value::I32(number)) => number,
            other => panic!("{id}: {other:?}"),
        }
    }

    pub(crate) fn text(&mut self, id: i16) -> String {
        match self.take(id) {
            Some(Value::Bytes(bytes)) => String::from_utf8(bytes).unwrap(),
            other => panic!("{id}: {other:?}"),
        }
    }

    pub(crate) fn structs(&mut self, id: i16) -> Vec<Self> {
        let Some(Value::List(items)) = self.take(id) else { return Vec::new() };
        let as_struct = |item| match item {
            Value::Struct(fields) => fields,
            other => panic!("{other:?}"),
        };
        items.into_iter().map(as_struct).collect()
    }
}

/// A `Span` of the schema.
pub(crate) fn seen(mut span: Struct) -> Seen {
    let trace_id = u128::from(span.i64(1)) | u128::from(span.i64(2)) << 64;
    let (span_id, parent) = (span.i64(3), span.i64(4));
    let links: Vec<_> = span.structs(6).into_iter().map(reference).collect();
    // As Jaeger puts parent and links together.
    let mut references = Vec::new();
    if parent != 0 {
        let said = links.iter().rfind(|(_, trace, span)| (*trace, *span) == (trace_id, parent));
        references.push((said.is_some_and(|link| link.0), trace_id, parent));
    }
    references.extend(links.into_iter().filter(|(_, trace, span)| (*trace, *span) != (trace_id, parent)));
    let seen = Seen {
        trace_id,
        span_id,
        name: span.text(5),
        references,
        flags: u32::try_from(span.i32(7)).unwrap(),
        start_us: span.i64(8),
        duration_us: span.i64(9),
        tags: span.structs(10).into_iter().map(tag).collect(),
        logs: span
            .structs(11)
            .into_iter()
            .map(|mut log| (log.i64(1), log.structs(2).into_iter().map(tag).collect()))
            .collect(),
    };
    assert_eq!(span, Struct::default(), "fields that the schema does not have");
    seen
}

fn reference(mut reference: Struct) -> (bool, u128, u64) {
    let follows_from = reference.i32(1) == 1;
    let (low, high) = (reference.i64(2), reference.i64(3));
    (follows_from, u128::from(low) | u128::from(high) << 64, reference.i64(4))
}

pub(crate) fn tag(mut tag: Struct) -> (String, Tag) {
    let (key, tag_type) = (tag.text(1), tag.i32(2));
    let value = match (tag_type, tag.0.pop_first().unwrap()) {
        (0, (3, Value::Bytes(text))) => Tag::Str(String::from_utf8(text).unwrap()),
        (1, (4, Value::Double(number))) => Tag::F64(number.to_bits()),
        (2, (5, Value::Bool(truth))) => Tag::Bool(truth),
        (3, (6, Value::I64(number))) => Tag::I64(number),
        (4, (7, Value::Bytes(bytes))) => Tag::Bytes(bytes),
        other => panic!("{other:?}"),
    };
    assert_eq!(tag, Struct::default());
    (key, value)
}
