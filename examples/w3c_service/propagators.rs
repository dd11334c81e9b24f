//! Formats by their names in `OTEL_PROPAGATORS`.

use tracer_propagation::{B3, Composite, Jaeger, TraceContext, W3cBaggage};

/// A name that is no format's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no propagator {0:?}; there are: tracecontext, baggage, b3, b3multi, jaeger")]
pub(crate) struct UnknownPropagator(String);

/// The formats of a list, in its order.
pub(crate) fn composite(names: &str) -> Result<Composite, UnknownPropagator> {
    names.split(',').map(str::trim).try_fold(Composite::new(), |all, name| match name {
        "tracecontext" => Ok(all.with(TraceContext)),
        "baggage" => Ok(all.with(W3cBaggage)),
        "b3" => Ok(all.with(B3::single())),
        "b3multi" => Ok(all.with(B3::multi())),
        "jaeger" => Ok(all.with(Jaeger)),
        other => Err(UnknownPropagator(other.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use tracer_propagation::Codec as _;

    use super::*;

    #[test]
    fn names_are_formats_in_their_order() {
        let names =
            |list| composite(list).map(|all| all.fields().iter().map(|f| f.name()).collect::<Vec<_>>());
        assert_eq!(names("baggage, tracecontext").unwrap(), ["baggage", "traceparent", "tracestate"]);
        assert_eq!(names("jaeger").unwrap().first(), Some(&"uber-trace-id"));
        assert_eq!(names("tracecontext,xray"), Err(UnknownPropagator("xray".to_owned())));
    }
}
