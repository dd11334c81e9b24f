//! Checks that tie a trace to the request that was sent and the response that came back.

use super::dissected::Dissected;
use super::expectations::Expectations;
use super::order::driver_of;
use super::role::Role;

/// Check 10: the database saw the baggage member `request`.
pub(super) fn baggage(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    let found = it.one(Role::SqlSelect)?.tag("request");
    if found.as_deref() == Some(expected.request.as_str()) {
        return Ok(());
    }
    Err(format!("tag request of SQL SELECT is {found:?}, not {:?}", expected.request))
}

/// Check 11: the driver of the response is the one the root logged last, and one of the ten
/// that redis knew.
pub(super) fn driver(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    let root = it.one(Role::Dispatch)?;
    let logged = root.logs.last().and_then(|log| log.field("driver"));
    let Some(logged) = logged else {
        return Err("the root's last log has no field driver".to_owned());
    };
    if let Some(answered) = &expected.driver {
        if *answered != logged {
            return Err(format!("driver {answered} answered, {logged} logged"));
        }
    }
    let known = it.of(Role::GetDriver);
    let found = known.iter().any(|span| driver_of(span).as_deref() == Some(logged.as_str()));
    if !found {
        return Err(format!("driver {logged} is none that GetDriver returned"));
    }
    Ok(())
}

/// Check 14: `traceresponse` names this trace and its root span.
pub(super) fn traceresponse(it: &Dissected<'_>, expected: &Expectations) -> Result<(), String> {
    let Some(header) = &expected.traceresponse else {
        return Ok(());
    };
    let (trace_id, span_id) = parse_traceresponse(header)?;
    let root = it.one(Role::Dispatch)?;
    if trace_id != it.trace.trace_id || span_id != root.span_id {
        return Err(format!("{header:?} is not trace {} and root {}", it.trace.trace_id, root.span_id));
    }
    Ok(())
}

/// Reads the trace id and the span id out of a `traceresponse` header, which has the form of a
/// [traceparent](https://www.w3.org/TR/trace-context/#traceparent-header-field-values) of
/// version 00.
///
/// ```
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let (trace_id, span_id) = interop::shape::parse_traceresponse(header)?;
/// assert_eq!(trace_id, "0af7651916cd43dd8448eb211c80319c");
/// assert_eq!(span_id, "b7ad6b7169203331");
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// A message that quotes the header, if it has not that form.
pub fn parse_traceresponse(header: &str) -> Result<(&str, &str), String> {
    let fields: Vec<&str> = header.split('-').collect();
    let [version, trace_id, span_id, flags] = fields.as_slice() else {
        return Err(format!("{header:?} has not four fields"));
    };
    let all = [(*version, 2), (*trace_id, 32), (*span_id, 16), (*flags, 2)];
    let well_formed = all.iter().all(|(text, digits)| {
        text.len() == *digits && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
    });
    if !well_formed || *version != "00" {
        return Err(format!("{header:?} is not 00-<32 hex>-<16 hex>-<2 hex>"));
    }
    Ok((trace_id, span_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_headers_of_another_form() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-02",
        ] {
            assert!(parse_traceresponse(header).is_err(), "{header}");
        }
    }
}
