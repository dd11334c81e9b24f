//! Headers passed on as they came, with no tracer at all.
//!
//! A mesh's proxies trace by themselves; a service between them only has to copy some headers of
//! the incoming request onto its outgoing ones. What is not on the list stays behind.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::carrier::SetError;
use crate::codec::Codec;

/// What a mesh with Envoy and Zipkin needs, and nothing else.
const BOOK: [&str; 7] = [
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-ot-span-context",
];

/// What the tracers of meshes read: Envoy's own, W3C, B3, Jaeger, LightStep, Google Cloud,
/// OpenCensus, SkyWalking and Datadog.
const WIDE: [&str; 11] = [
    "x-request-id",
    "x-client-trace-id",
    "baggage",
    "traceparent",
    "tracestate",
    "b3",
    "x-ot-span-context",
    "uber-trace-id",
    "x-cloud-trace-context",
    "grpc-trace-bin",
    "sw8",
];

const WIDE_PREFIXES: [&str; 5] = ["x-b3-", "uberctx-", "baggage-", "ot-baggage-", "x-datadog-"];

/// Which headers are passed on: a list of names and of prefixes.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tracer_propagation::ForwardSet;
///
/// let mut incoming = HeaderMap::new();
/// incoming.insert("x-request-id", HeaderValue::from_static("27ad97b1-812e-9a21-a5d9-c2860ecb3819"));
/// incoming.insert("x-b3-sampled", HeaderValue::from_static("1"));
/// incoming.insert("authorization", HeaderValue::from_static("Bearer secret"));
/// let forwarded = ForwardSet::book().capture(&incoming);
///
/// let mut outgoing = HeaderMap::new();
/// forwarded.apply(&mut outgoing)?;
/// assert_eq!(outgoing.len(), 2);
/// assert_eq!(outgoing["x-b3-sampled"], "1");
/// # Ok::<(), tracer_propagation::SetError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardSet {
    names: Vec<HeaderName>,
    prefixes: Vec<Box<str>>,
    excluded: Vec<HeaderName>,
    excluded_prefixes: Vec<Box<str>>,
    all_values: bool,
}

/// Headers that were captured. Cheap to clone: one count.
#[derive(Clone, Debug, Default)]
pub struct Forwarded(Arc<[(HeaderName, HeaderValue)]>);

impl ForwardSet {
    /// Nothing; of what is added the first value is passed on.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            names: Vec::new(),
            prefixes: Vec::new(),
            excluded: Vec::new(),
            excluded_prefixes: Vec::new(),
            all_values: false,
        }
    }

    /// The seven headers that applications in a mesh are usually told to copy: `x-request-id`, five
    /// of B3, and `x-ot-span-context`. The first value of each.
    #[must_use]
    pub fn book() -> Self {
        let names = BOOK.into_iter().map(HeaderName::from_static).collect();
        Self { names, ..Self::new() }
    }

    /// All that a mesh's tracers of any make read, baggage included. All values, in their order.
    #[must_use]
    pub fn wide() -> Self {
        let names = WIDE.into_iter().map(HeaderName::from_static).collect();
        let prefixes = WIDE_PREFIXES.into_iter().map(Into::into).collect();
        Self { names, prefixes, all_values: true, ..Self::new() }
    }

    /// The same and one more name.
    #[must_use]
    pub fn with(mut self, name: HeaderName) -> Self {
        self.excluded.retain(|excluded| *excluded != name);
        self.names.push(name);
        self
    }

    /// The same and all names with a prefix, in whatever case.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefixes.push(prefix.to_ascii_lowercase().into());
        self
    }

    /// The same without a name, even if it has a prefix of the set.
    #[must_use]
    pub fn without(mut self, name: HeaderName) -> Self {
        self.names.retain(|theirs| *theirs != name);
        self.excluded.push(name);
        self
    }

    /// The same without all that a codec owns: beside a tracer, which writes those itself.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue};
    /// use tracer_propagation::{Composite, ForwardSet};
    ///
    /// let set = ForwardSet::wide().beside(&Composite::w3c());
    /// let mut incoming = HeaderMap::new();
    /// incoming.insert("traceparent", HeaderValue::from_static("stale"));
    /// assert!(set.capture(&incoming).is_empty());
    /// ```
    #[must_use]
    pub fn beside(mut self, codec: &dyn Codec) -> Self {
        self.excluded_prefixes.extend(codec.prefixes().iter().copied().map(Into::into));
        codec.fields().iter().fold(self, |set, field| set.without(field.header_name().clone()))
    }

    /// Whether a header is passed on.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        let begins_with = |prefixes: &[Box<str>]| prefixes.iter().any(|p| name.as_str().starts_with(&**p));
        (self.names.contains(name) || begins_with(&self.prefixes))
            && !self.excluded.contains(name)
            && !begins_with(&self.excluded_prefixes)
    }

    /// Takes what is to be passed on, byte for byte; nothing is parsed.
    #[must_use]
    pub fn capture(&self, incoming: &HeaderMap) -> Forwarded {
        let mut captured: Vec<(HeaderName, HeaderValue)> = Vec::new();
        // The values of a name follow one another.
        for (name, value) in incoming {
            let is_repeated = captured.last().is_some_and(|(last, _)| last == name);
            let is_wanted = if is_repeated { self.all_values } else { self.contains(name) };
            if is_wanted {
                captured.push((name.clone(), value.clone()));
            }
        }
        Forwarded(captured.into())
    }
}

impl Forwarded {
    /// Adds what was captured to an outgoing request. A name that is already there stays as it is.
    ///
    /// # Errors
    /// [`SetError::Full`] if the map can hold no more; what was added before stays.
    pub fn apply(&self, outgoing: &mut HeaderMap) -> Result<(), SetError> {
        for repeats in self.0.chunk_by(|(left, _), (right, _)| left == right) {
            if repeats.first().is_none_or(|(name, _)| outgoing.contains_key(name)) {
                continue;
            }
            for (name, value) in repeats {
                outgoing.try_append(name, value.clone()).map_err(|_| SetError::Full)?;
            }
        }
        Ok(())
    }

    /// Whether nothing was captured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers, those of a name one after the other.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Envoy's `x-request-id`, for log lines.
    #[must_use]
    pub fn request_id(&self) -> Option<&HeaderValue> {
        self.iter().find(|(name, _)| name.as_str() == "x-request-id").map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{B3, Jaeger};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    fn forwarded(set: &ForwardSet, incoming: &HeaderMap, mut outgoing: HeaderMap) -> HeaderMap {
        set.capture(incoming).apply(&mut outgoing).unwrap();
        outgoing
    }

    #[test]
    fn the_wide_set_keeps_repeats_and_prefixes_and_leaves_the_rest() {
        let passed =
            [("baggage", "a=1"), ("baggage", "b=2"), ("x-b3-new", ""), ("x-datadog-tags", "t"), ("sw8", "?")];
        let left =
            [("cookie", "c"), ("host", "h"), ("x-envoy-internal", "true"), ("x-b3", "1"), ("b3-x", "1")];
        let incoming = headers(&[passed.as_slice(), &left].concat());
        assert_eq!(forwarded(&ForwardSet::wide(), &incoming, HeaderMap::new()), headers(&passed));
    }

    #[test]
    fn a_name_that_is_already_there_stays_as_it_is() {
        let incoming = headers(&[("baggage", "a=1"), ("baggage", "b=2"), ("x-request-id", "r")]);
        let outgoing = forwarded(&ForwardSet::wide(), &incoming, headers(&[("baggage", "mine=1")]));
        assert_eq!(outgoing, headers(&[("baggage", "mine=1"), ("x-request-id", "r")]));
    }

    #[test]
    fn beside_a_codec_none_of_its_headers_pass() {
        let incoming = headers(&[
            ("x-b3-traceid", "1"),
            ("b3", "1"),
            ("uberctx-a", "1"),
            ("uber-trace-id", "1"),
            ("x-request-id", "r"),
            ("traceparent", "t"),
        ]);
        let set = ForwardSet::wide().beside(&B3::multi()).beside(&Jaeger);
        let outgoing = forwarded(&set, &incoming, HeaderMap::new());
        assert_eq!(outgoing, headers(&[("x-request-id", "r"), ("traceparent", "t")]));
    }

    #[test]
    fn a_set_can_be_changed() {
        let name = HeaderName::from_static;
        let set = ForwardSet::new().with_prefix("X-My-").with(name("a")).without(name("x-my-b"));
        let incoming = headers(&[("a", "1"), ("x-my-a", "2"), ("x-my-b", "3"), ("x-my-a", "4")]);
        assert_eq!(forwarded(&set, &incoming, HeaderMap::new()), headers(&[("a", "1"), ("x-my-a", "2")]));
        assert!(set.with(name("x-my-b")).contains(&name("x-my-b")));
        assert_eq!(ForwardSet::book().capture(&headers(&[("x-request-id", "r")])).request_id().unwrap(), "r");
    }
}
