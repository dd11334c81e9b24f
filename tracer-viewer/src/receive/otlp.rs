//! OTLP's `ExportTraceServiceRequest`, from any sender: fields in any order.
//!
//! ```text
//! request        = resource_spans 1*
//! resource_spans = resource 1?, scope_spans 2*
//! scope_spans    = scope 1?, span 2*
//! ```

use tracer_core::TraceId;
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

/// How many spans were rejected and why; `None` if all were kept.
pub(crate) fn rejected(inserted: Inserted) -> Option<(usize, String)> {
    let rejected = inserted.invalid + inserted.over_limit;
    let message = || {
        format!(
            "{} spans without valid trace, span or parent ids; {} spans over the limits of one trace",
            inserted.invalid, inserted.over_limit
        )
    };
    (rejected > 0).then(|| (rejected, message()))
}

/// An `ExportTraceServiceResponse`; empty if all was kept.
pub(crate) fn response(inserted: Inserted) -> Vec<u8> {
    let Some((rejected, message)) = rejected(inserted) else {
        return Vec::new();
    };
    let mut partial_success = vec![0x08];
    put_varint(&mut partial_success, rejected as u64);
    put_bytes(&mut partial_success, 0x12, message.as_bytes());
    let mut response = Vec::new();
    put_bytes(&mut response, 0x0a, &partial_success);
    response
}

/// The trace of each span of a request.
///
/// # Errors
/// If it is not well-formed.
pub(super) fn trace_ids(request: &[u8]) -> Result<Vec<TraceId>, WireError> {
    let mut ids = Vec::new();
    each_scope_spans(request, &mut |_, _, scope_spans| {
        spans(scope_spans).try_for_each(|span| SpanRecord::decode(span).map(|span| ids.push(span.trace_id)))
    })?;
    Ok(ids)
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

#[cfg(test)]
mod tests {
    use tracer_core::{Resource, Scope};

    use super::*;
    use crate::store::Limits;

    fn request() -> Vec<u8> {
        let mut span = Vec::new();
        put_bytes(&mut span, 0x0a, &[1; 16]);
        put_bytes(&mut span, 0x12, &[2; 8]);
        put_bytes(&mut span, 0x2a, b"name");
        put_bytes(&mut span, 0x4a, &Resource::bare("tag").encoded()[2..]);
        let mut scope_spans = Vec::new();
        put_bytes(&mut scope_spans, 0x0a, Scope::new("lib", "1").encoded());
        put_bytes(&mut scope_spans, 0x12, &span);
        let mut resource_spans = Vec::new();
        put_bytes(&mut resource_spans, 0x0a, Resource::bare("shop").encoded());
        put_bytes(&mut resource_spans, 0x12, &scope_spans);
        let mut request = Vec::new();
        put_bytes(&mut request, 0x0a, &resource_spans);
        request
    }

    #[test]
    fn a_request_cut_anywhere_is_refused_whole() {
        let (store, request) = (Store::new(Limits::default()), request());
        for end in 1..request.len() {
            assert!(receive(&store, &request[..end]).is_err(), "{end} bytes");
        }
        assert_eq!(store.stats().received, 0);
        assert_eq!(receive(&store, &request), Ok(Inserted::default()));
        assert_eq!(store.stats().spans, 1);
    }

    #[test]
    fn a_byte_changed_anywhere_never_panics_and_is_accounted_for() {
        let (store, request) = (Store::new(Limits::default()), request());
        for at in 0..request.len() {
            for change in [0x01, 0x08, 0x80, 0xff] {
                let mut changed = request.clone();
                changed[at] ^= change;
                let _ = receive(&store, &changed);
            }
        }
        let stats = store.stats();
        assert_eq!(stats.received, stats.rejected + stats.duplicates + stats.spans);
    }

    #[test]
    fn a_resource_in_two_parts_counts_as_one() {
        let mut resource_spans = Vec::new();
        put_bytes(&mut resource_spans, 0x0a, Resource::bare("shop").encoded());
        let mut second = Vec::new();
        let whole = Resource::bare("x").with_tag("zone", "b");
        second.extend_from_slice(&whole.encoded()[Resource::bare("x").encoded().len()..]);
        put_bytes(&mut resource_spans, 0x0a, &second);
        let merged = merged(&resource_spans, 1).unwrap();
        assert_eq!(merged, Resource::bare("shop").with_tag("zone", "b").encoded());
    }
}
