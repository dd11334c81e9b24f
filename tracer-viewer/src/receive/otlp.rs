//! OTLP's `ExportTraceServiceRequest`, from any sender: fields in any order.
//!
//! ```text
//! request        = resource_spans 1*
//! resource_spans = resource 1?, scope_spans 2*
//! scope_spans    = scope 1?, span 2*
//! ```

use tracer_core::row::record::SpanRecord;
use tracer_core::row::wire::{Field, Fields, WireError, put_bytes, put_varint};

use crate::store::{Inserted, Source, Store};

/// Keeps the spans of a request.
///
/// # Errors
/// If any part of it is not well-formed; then nothing of it is kept.
pub(crate) fn receive(store: &Store, request: &[u8]) -> Result<Inserted, WireError> {
    each_scope_spans(request, &mut |resource, scope, scope_spans| {
        Source::decode(resource, scope)?;
        spans(scope_spans).try_for_each(|span| SpanRecord::decode(span).map(drop))
    })?;
    let mut total = Inserted::default();
    each_scope_spans(request, &mut |resource, scope, scope_spans| {
        let inserted = store.insert(resource, scope, spans(scope_spans))?;
        total.invalid += inserted.invalid;
        total.over_limit += inserted.over_limit;
        Ok(())
    })?;
    Ok(total)
}

/// An `ExportTraceServiceResponse`; empty if all was kept.
pub(crate) fn response(inserted: Inserted) -> Vec<u8> {
    let rejected = inserted.invalid + inserted.over_limit;
    if rejected == 0 {
        return Vec::new();
    }
    let message = format!(
        "{} spans without valid trace, span or parent ids; {} spans over the limits of one trace",
        inserted.invalid, inserted.over_limit
    );
    let mut partial_success = vec![0x08];
    put_varint(&mut partial_success, rejected as u64);
    put_bytes(&mut partial_success, 0x12, message.as_bytes());
    let mut response = Vec::new();
    put_bytes(&mut response, 0x0a, &partial_success);
    response
}

/// A `google.rpc.Status`, the body of an error.
pub(crate) fn status(code: u8, message: &str) -> Vec<u8> {
    let mut status = vec![0x08, code];
    put_bytes(&mut status, 0x12, message.as_bytes());
    status
}

/// Calls with the resource, the scope and the whole message of each `scope_spans`.
fn each_scope_spans(
    request: &[u8],
    call: &mut impl FnMut(&[u8], &[u8], &[u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    for resource_spans in messages(request, 1) {
        let resource_spans = resource_spans?;
        let resource = merged(resource_spans, 1)?;
        for scope_spans in messages(resource_spans, 2) {
            let scope_spans = scope_spans?;
            let scope = merged(scope_spans, 1)?;
            check(scope_spans)?;
            call(&resource, &scope, scope_spans)?;
        }
    }
    Ok(())
}

fn spans(scope_spans: &[u8]) -> impl Iterator<Item = &[u8]> {
    messages(scope_spans, 2).filter_map(Result::ok)
}

/// A repeated message.
fn messages(message: &[u8], number: u64) -> impl Iterator<Item = Result<&[u8], WireError>> {
    Fields::new(message).filter_map(move |field| match field {
        Ok((found, field)) if found == number => Some(field.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// A message that should come once; if it comes several times its parts count as one.
fn merged(message: &[u8], number: u64) -> Result<Vec<u8>, WireError> {
    messages(message, number).try_fold(Vec::new(), |mut whole, part| {
        whole.extend_from_slice(part?);
        Ok(whole)
    })
}

fn check(message: &[u8]) -> Result<(), WireError> {
    Fields::new(message).try_for_each(|field| match field? {
        (1 | 2, Field::Varint(_) | Field::Fixed32(_) | Field::Fixed64(_)) => Err(WireError::WrongType),
        _ => Ok(()),
    })
}
