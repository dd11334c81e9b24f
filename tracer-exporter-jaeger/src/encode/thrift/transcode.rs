//! The second look at a row: it becomes a Thrift `Span`.

use tracer_core::row::record::{Value, key_value};
use tracer_core::row::wire::{Field, Fields, WireError};

use super::ScopeTags;
use super::protocol::{
    Protocol, Type, put_bool_tag, put_bytes_tag, put_f64_tag, put_i64_tag, put_str_tag, put_tag,
};
use super::scan::Scan;
use crate::encode::names;

const ATTRIBUTES: u64 = 9;
const EVENTS: u64 = 11;
const LINKS: u64 = 13;

/// Appends a `Span`. Says whether all of its entries could be read; if not, what was appended is of no use.
pub(super) fn put_span<P: Protocol>(out: &mut Vec<u8>, scan: &Scan<'_>, scope: &ScopeTags) -> bool {
    try_put_span::<P>(out, scan, scope).is_ok()
}

fn try_put_span<P: Protocol>(out: &mut Vec<u8>, scan: &Scan<'_>, scope: &ScopeTags) -> Result<(), WireError> {
    let [high, low] = halves(&scan.trace_id);
    for (id, number) in [(1, low), (2, high), (3, scan.span_id), (4, scan.parent)] {
        P::field(out, id - 1, id, Type::I64);
        P::id(number).put(out);
    }
    P::field(out, 4, 5, Type::Binary);
    P::bytes(out, scan.name);
    let mut previous = 5;
    if scan.links > 0 {
        P::field(out, 5, 6, Type::List);
        put_references::<P>(out, scan)?;
        previous = 6;
    }
    P::field(out, previous, 7, Type::I32);
    // Bit 0 means "sampled" in both; the others do not mean the same.
    P::i32(out, scan.flags & 1);
    P::field(out, 7, 8, Type::I64);
    P::time_us(out, scan.start_ns / 1000);
    P::field(out, 8, 9, Type::I64);
    P::i64(out, duration_us(scan.start_ns, scan.end_ns));
    P::field(out, 9, 10, Type::List);
    put_tags::<P>(out, scan, scope)?;
    if scan.events > 0 {
        P::field(out, 10, 11, Type::List);
        P::list(out, Type::Struct, scan.events);
        for event in scan.entries(EVENTS) {
            put_log::<P>(out, event)?;
        }
    }
    P::stop(out);
    Ok(())
}

/// The attributes, between what the batch and the span's own fields become.
fn put_tags<P: Protocol>(out: &mut Vec<u8>, scan: &Scan<'_>, scope: &ScopeTags) -> Result<(), WireError> {
    let kind = names::kind(scan.kind);
    let status = names::status_code(scan.status.code);
    let is_error = scan.status.code == 2 && !scan.has_error_tag;
    let texts = [
        (names::SPAN_KIND, kind.unwrap_or("").as_bytes()),
        (names::STATUS_CODE, status.unwrap_or("").as_bytes()),
        (names::STATUS_DESCRIPTION, scan.status.message),
        (names::TRACE_STATE, scan.trace_state),
    ];
    let counts = [
        (names::DROPPED_ATTRIBUTES, scan.dropped_attributes),
        (names::DROPPED_EVENTS, scan.dropped_events),
        (names::DROPPED_LINKS, scan.dropped_links),
    ];
    let own = texts.iter().filter(|(_, text)| !text.is_empty()).count()
        + counts.iter().filter(|(_, count)| *count > 0).count()
        + usize::from(is_error);
    P::list(out, Type::Struct, scope.count + scan.attributes + own);
    out.extend_from_slice(&scope.bytes);
    for pair in scan.entries(ATTRIBUTES) {
        put_pair::<P>(out, pair)?;
    }
    for (key, text) in texts {
        if !text.is_empty() {
            put_str_tag::<P>(out, key.as_bytes(), text);
        }
    }
    if is_error {
        put_bool_tag::<P>(out, names::ERROR.as_bytes(), true);
    }
    for (key, count) in counts {
        if count > 0 {
            put_i64_tag::<P>(out, key.as_bytes(), i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    Ok(())
}

fn put_references<P: Protocol>(out: &mut Vec<u8>, scan: &Scan<'_>) -> Result<(), WireError> {
    P::list(out, Type::Struct, scan.links);
    for link in scan.entries(LINKS) {
        put_reference::<P>(out, link)?;
    }
    Ok(())
}

/// A link; only the kind of reference is left of its tags.
fn put_reference<P: Protocol>(out: &mut Vec<u8>, link: &[u8]) -> Result<(), WireError> {
    let (mut trace_id, mut span_id, mut is_child) = ([0; 16], [0; 8], false);
    for field in Fields::new(link) {
        match field? {
            (1, field) => trace_id = field.bytes()?.try_into().map_err(|_| WireError::WrongType)?,
            (2, field) => span_id = field.bytes()?.try_into().map_err(|_| WireError::WrongType)?,
            (4, field) => {
                let (key, value) = key_value(field.bytes()?)?;
                is_child |= key == names::REF_TYPE && value == Value::Str(names::CHILD_OF.into());
            }
            _ => {}
        }
    }
    let [high, low] = halves(&trace_id);
    P::field(out, 0, 1, Type::I32);
    P::i32(out, u32::from(!is_child));
    for (id, number) in [(2, low), (3, high), (4, span_id)] {
        P::field(out, id - 1, id, Type::I64);
        P::id(number).put(out);
    }
    P::stop(out);
    Ok(())
}

/// An event: its name becomes the field `event`, unless it has one.
fn put_log<P: Protocol>(out: &mut Vec<u8>, event: &[u8]) -> Result<(), WireError> {
    let (mut time_ns, mut name, mut pairs, mut has_event) = (0, &[][..], 0, false);
    for field in Fields::new(event) {
        match field? {
            (1, field) => time_ns = field.fixed64()?,
            (2, field) => name = field.bytes()?,
            (3, Field::Bytes(pair)) => {
                pairs += 1;
                has_event |= pair.starts_with(b"\x0a\x05event");
            }
            _ => {}
        }
    }
    let has_name = !name.is_empty() && !has_event;
    P::field(out, 0, 1, Type::I64);
    P::time_us(out, time_ns / 1000);
    P::field(out, 1, 2, Type::List);
    P::list(out, Type::Struct, pairs + usize::from(has_name));
    if has_name {
        put_str_tag::<P>(out, names::EVENT.as_bytes(), name);
    }
    for field in Fields::new(event) {
        if let Ok((3, Field::Bytes(pair))) = field {
            put_pair::<P>(out, pair)?;
        }
    }
    P::stop(out);
    Ok(())
}

/// A `KeyValue` as this family's spans write it, where all lengths are one byte; any other takes the
/// general way.
#[inline]
fn put_pair<P: Protocol>(out: &mut Vec<u8>, pair: &[u8]) -> Result<(), WireError> {
    match short_pair(pair) {
        Some((key, [0x0a, len, text @ ..])) if usize::from(*len) == text.len() => {
            put_str_tag::<P>(out, key, text);
            Ok(())
        }
        Some((key, [0x10, truth @ (0 | 1)])) => {
            put_bool_tag::<P>(out, key, *truth == 1);
            Ok(())
        }
        Some((key, [0x21, a, b, c, d, e, f, g, h])) => {
            put_f64_tag::<P>(out, key, f64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]));
            Ok(())
        }
        _ => put_any_pair::<P>(out, pair),
    }
}

/// Key and `AnyValue` of a pair with lengths below 128.
#[inline]
fn short_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x0a, key_len @ 0..=0x7f, rest @ ..] = pair else { return None };
    let (key, rest) = rest.split_at_checked(usize::from(*key_len))?;
    match rest {
        [0x12, len @ 0..=0x7f, value @ ..] if usize::from(*len) == value.len() => Some((key, value)),
        _ => None,
    }
}

fn put_any_pair<P: Protocol>(out: &mut Vec<u8>, pair: &[u8]) -> Result<(), WireError> {
    let (mut key, mut value) = (&[][..], &[][..]);
    for field in Fields::new(pair) {
        match field? {
            (1, field) => key = field.bytes()?,
            (2, field) => value = field.bytes()?,
            _ => {}
        }
    }
    match Fields::new(value).last().transpose()? {
        Some((1, Field::Bytes(text))) => put_str_tag::<P>(out, key, text),
        Some((2, Field::Varint(truth))) => put_bool_tag::<P>(out, key, truth != 0),
        Some((3, Field::Varint(bits))) => put_i64_tag::<P>(out, key, i64::from_le_bytes(bits.to_le_bytes())),
        Some((4, Field::Fixed64(bits))) => put_f64_tag::<P>(out, key, f64::from_bits(bits)),
        Some((7, Field::Bytes(bytes))) => put_bytes_tag::<P>(out, key, bytes),
        _ => put_tag::<P>(out, key, &key_value(pair)?.1),
    }
    Ok(())
}

/// The high and the low half of a trace id.
#[inline]
pub(super) const fn halves(id: &[u8; 16]) -> [[u8; 8]; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *id;
    [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]]
}

/// How long it took; never less than nothing.
#[inline(always)]
pub(super) fn duration_us(start_ns: u64, end_ns: u64) -> i64 {
    i64::from_le_bytes((end_ns.saturating_sub(start_ns) / 1000).to_le_bytes())
}
