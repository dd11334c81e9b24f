//! The headers of a response that name the server's span.
//!
//! ```text
//! traceresponse: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//! server-timing: traceparent;desc="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
//! ```
//! (W3C Trace Context, `traceresponse`; W3C Server Timing, section 3.) A page's scripts can read the
//! second one of any resource, also of the page itself.

use http::{HeaderMap, HeaderName, HeaderValue};
use tracer_core::SpanContext;

static TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");
static SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const PREFIX: &[u8] = b"traceparent;desc=\"";

/// `00-<trace id>-<span id>-<flags>`
const VALUE_BYTES: usize = 55;

/// In place of any that the service has set itself. A map that is full is left as it is.
pub(crate) fn set_traceresponse(context: &SpanContext, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_bytes(&value(context)) {
        let _ = headers.try_insert(&TRACERESPONSE, value);
    }
}

/// Beside the metrics that the service has set itself. A map that is full is left as it is.
pub(crate) fn add_server_timing(context: &SpanContext, headers: &mut HeaderMap) {
    let mut metric = [0; PREFIX.len() + VALUE_BYTES + 1];
    fill(&mut metric, &[PREFIX, &value(context), b"\""]);
    if let Ok(metric) = HeaderValue::from_bytes(&metric) {
        let _ = headers.try_append(&SERVER_TIMING, metric);
    }
}

fn value(context: &SpanContext) -> [u8; VALUE_BYTES] {
    let flags = if context.is_sampled() { b"-01" } else { b"-00" };
    let mut text = [0; VALUE_BYTES];
    fill(&mut text, &[b"00-", &context.trace_id().to_hex(), b"-", &context.span_id().to_hex(), flags]);
    text
}

fn fill(text: &mut [u8], parts: &[&[u8]]) {
    for (byte, from) in text.iter_mut().zip(parts.iter().copied().flatten()) {
        *byte = *from;
    }
}
