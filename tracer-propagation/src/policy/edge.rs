//! What is taken from callers.

use tracer_core::{Span, SpanBuilder};

use crate::carrier::Extractor;
use crate::codec::{Codec, ExtractError, Extracted};

/// What a server makes of the headers of its callers.
///
/// | | trace | link to the caller | baggage | caller's decision, debug id |
/// |---|---|---|---|---|
/// | `Continue` | the caller's | no | kept | obeyed |
/// | `RestartWithLink` | its own | yes | dropped | dropped |
/// | `Ignore` | its own | no | dropped | dropped |
///
/// Strangers can have any request recorded, put it into whatever trace they like, and send baggage
/// that goes on to all servers behind this one: an edge that they reach should not continue their
/// traces. (W3C Trace Context, "Security Considerations".)
///
/// ```
/// use std::collections::HashMap;
/// use tracer_core::testing::TestTracer;
/// use tracer_propagation::{Composite, EdgePolicy, Extracted};
///
/// let headers = HashMap::from([
///     ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
///     ("baggage".to_owned(), "admin=true".to_owned()),
/// ]);
/// let (test, edge) = (TestTracer::new("shop"), EdgePolicy::RestartWithLink);
/// let extracted = edge.extract(&Composite::w3c(), &headers).unwrap_or_else(Extracted::from);
/// let span = edge.start(&extracted, test.tracer().span("GET /cart"));
/// assert_ne!(span.context().trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(span.baggage_item("admin"), None);
/// span.finish();
/// assert_eq!(test.spans()[0].links[0].trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EdgePolicy {
    /// The caller's trace goes on.
    #[default]
    Continue,
    /// As if there were no headers, but for a link to the caller's span.
    RestartWithLink,
    /// As if there were no headers. They are not read, and so none of them is malformed.
    Ignore,
}

impl EdgePolicy {
    /// Reads what the policy has any use for: all, the context alone, or nothing.
    ///
    /// # Errors
    /// As [`Codec::extract`].
    pub fn extract(self, codec: &dyn Codec, carrier: &dyn Extractor) -> Result<Extracted, ExtractError> {
        match self {
            Self::Ignore => Ok(Extracted::default()),
            _ => codec.extract(carrier).map(|extracted| self.of_use(extracted)),
        }
    }

    /// Reads likewise, and tells each error as [`Codec::extract_reporting`] does.
    pub fn extract_reporting(
        self,
        codec: &dyn Codec,
        carrier: &dyn Extractor,
        report: &mut dyn FnMut(ExtractError),
    ) -> Extracted {
        match self {
            Self::Ignore => Extracted::default(),
            _ => self.of_use(codec.extract_reporting(carrier, report)),
        }
    }

    fn of_use(self, extracted: Extracted) -> Extracted {
        match self {
            Self::Continue => extracted,
            Self::RestartWithLink => {
                Extracted { context: extracted.context, error: extracted.error, ..Extracted::default() }
            }
            Self::Ignore => Extracted::default(),
        }
    }

    /// Starts the span of a request: below what was extracted, linked to it, or without it.
    pub fn start(self, extracted: &Extracted, builder: SpanBuilder<'_>) -> Span {
        match (self, &extracted.context) {
            (Self::Continue, _) => extracted.start(builder),
            (Self::RestartWithLink, Some(context)) => builder.link(context, &[]).start(),
            (Self::RestartWithLink, None) | (Self::Ignore, _) => builder.start(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tracer_core::sampler::{ConstSampler, ParentBased};
    use tracer_core::testing::TestTracer;
    use tracer_core::{TraceFlags, Tracer};

    use super::*;
    use crate::codec::b3::B3;
    use crate::codec::jaeger::Jaeger;
    use crate::composite::Composite;

    const OTHERS: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn start(edge: EdgePolicy, tracer: &Tracer, pairs: &[(&str, &str)]) -> (Span, Option<ExtractError>) {
        let codecs = Composite::w3c().with(B3::single()).with(Jaeger);
        let extracted = edge.extract(&codecs, &headers(pairs)).unwrap_or_else(Extracted::from);
        (edge.start(&extracted, tracer.span("serve")), extracted.error)
    }

    #[test]
    fn each_policy_is_its_row_of_the_table() {
        let parent = format!("00-{OTHERS}-00f067aa0ba902b7-01");
        for (edge, continues, links) in [
            (EdgePolicy::Continue, true, 0),
            (EdgePolicy::RestartWithLink, false, 1),
            (EdgePolicy::Ignore, false, 0),
        ] {
            let test = TestTracer::new("edge");
            let pairs = [("traceparent", &*parent), ("tracestate", "congo=1"), ("baggage", "k=v")];
            let (span, _) = start(edge, test.tracer(), &pairs);
            let context = span.context().clone();
            span.finish();
            let span = &test.spans()[0];
            assert_eq!(span.trace_id.to_string() == OTHERS, continues, "{edge:?}");
            assert_eq!(span.parent_span_id.is_valid(), continues, "{edge:?}");
            assert_eq!(context.baggage_item("k").is_some(), continues, "{edge:?}");
            assert_eq!(context.trace_state().is_some(), continues, "{edge:?}");
            assert_eq!(span.links.len(), links, "{edge:?}");
            for link in &span.links {
                let ids = (link.trace_id.to_string(), link.span_id.to_string());
                assert_eq!(ids, (OTHERS.to_owned(), "00f067aa0ba902b7".to_owned()));
                assert_eq!(link.trace_state, "congo=1");
            }
        }
    }

    #[test]
    fn strangers_do_not_decide_what_is_recorded() {
        let sampled = format!("00-{OTHERS}-00f067aa0ba902b7-01");
        let denied = format!("00-{OTHERS}-00f067aa0ba902b7-00");
        for (header, local) in [
            (("traceparent", &*sampled), false),
            (("traceparent", &*denied), true),
            (("b3", "1"), false),
            (("b3", "0"), true),
            (("b3", "d"), false),
            (("jaeger-debug-id", "find-me"), false),
        ] {
            let sampler = if local { ConstSampler::ON } else { ConstSampler::OFF };
            let test = TestTracer::with_sampler("edge", ParentBased::new(sampler));
            let decided = |edge| {
                let flags = start(edge, test.tracer(), &[header]).0.context().flags();
                flags.contains(TraceFlags::SAMPLED)
            };
            assert_eq!(decided(EdgePolicy::Continue), !local, "{header:?}");
            assert_eq!(decided(EdgePolicy::RestartWithLink), local, "{header:?}");
            assert_eq!(decided(EdgePolicy::Ignore), local, "{header:?}");
        }
    }

    #[test]
    fn malformed_headers_are_an_error_unless_they_are_ignored() {
        let test = TestTracer::new("edge");
        for (edge, is_error) in
            [(EdgePolicy::Continue, true), (EdgePolicy::RestartWithLink, true), (EdgePolicy::Ignore, false)]
        {
            let (span, error) = start(edge, test.tracer(), &[("traceparent", "00-zz"), ("baggage", "k=v")]);
            assert_eq!(error.is_some(), is_error, "{edge:?}");
            assert_eq!(span.baggage_item("k").is_some(), edge == EdgePolicy::Continue);
            span.finish();
        }
        assert!(test.spans().iter().all(|span| span.links.is_empty()));
    }

    #[test]
    fn without_a_tracer_no_strangers_context_is_passed_on() {
        let parent = format!("00-{OTHERS}-00f067aa0ba902b7-01");
        let passes_on = |edge| {
            let (span, _) = start(edge, &Tracer::noop(), &[("traceparent", &parent), ("baggage", "k=v")]);
            span.context().is_valid() || span.baggage_item("k").is_some()
        };
        assert!(passes_on(EdgePolicy::Continue));
        assert!(!passes_on(EdgePolicy::RestartWithLink) && !passes_on(EdgePolicy::Ignore));
    }
}
