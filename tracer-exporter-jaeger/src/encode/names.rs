//! The tags that carry what a format has no field for (OpenTelemetry specification, "Exporter for
//! non-OTLP formats", Jaeger and Zipkin).

use tracer_core::StatusCode;

/// The library that made the span.
pub const SCOPE_NAME: &str = "otel.scope.name";
/// Its version.
pub const SCOPE_VERSION: &str = "otel.scope.version";
/// The kind, as OpenTracing has it.
pub const SPAN_KIND: &str = "span.kind";
/// `OK` or `ERROR`.
pub const STATUS_CODE: &str = "otel.status_code";
/// What the status says.
pub const STATUS_DESCRIPTION: &str = "otel.status_description";
/// That the span failed, as OpenTracing has it.
pub const ERROR: &str = "error";
/// The W3C `tracestate`.
pub const TRACE_STATE: &str = "w3c.tracestate";
/// How many tags were left out.
pub const DROPPED_ATTRIBUTES: &str = "otel.dropped_attributes_count";
/// How many logs were left out.
pub const DROPPED_EVENTS: &str = "otel.dropped_events_count";
/// How many links were left out.
pub const DROPPED_LINKS: &str = "otel.dropped_links_count";
/// The log field that holds an event's name.
pub const EVENT: &str = "event";
/// That a span was cut to fit a packet; what is gone is in the three counts above.
pub const TRIMMED: &str = "otel.span_trimmed";
/// The resource's tag that is the service's name.
pub const SERVICE_NAME: &str = "service.name";
/// The link's tag that tells `child_of` from `follows_from`.
pub const REF_TYPE: &str = "opentracing.ref_type";
/// Its value for a further parent; anything else is `follows_from`.
pub const CHILD_OF: &str = "child_of";

/// What `span.kind` says for a number of OTLP's; nothing for "unspecified".
pub(crate) const fn kind(otlp: u64) -> Option<&'static str> {
    Some(match otlp {
        1 => "internal",
        2 => "server",
        3 => "client",
        4 => "producer",
        5 => "consumer",
        _ => return None,
    })
}

/// What `otel.status_code` says for a number of OTLP's; nothing for "unset".
pub(crate) const fn status_code(otlp: u64) -> Option<&'static str> {
    match otlp {
        1 => Some("OK"),
        2 => Some("ERROR"),
        _ => None,
    }
}

/// As [`status_code`], and empty for "unset".
pub(crate) const fn status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::Unset => "",
        StatusCode::Ok => "OK",
        StatusCode::Error => "ERROR",
    }
}
