//! The headers by which contexts came over the wire, kept for a while: what each hop of an order
//! was sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::UNIX_EPOCH;

use http::{HeaderMap, Request};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tower::{Layer, Service};
use tracer_core::{Clock, active};
use tracer_propagation::{Codec, Composite};

/// More hops than forty orders make.
const HOPS_MAX: usize = 512;

const HEADERS_MAX: usize = 32;

/// Longer values are cut; so 512 hops are 8 MiB at most.
const VALUE_BYTES_MAX: usize = 512;

/// The last hops of a process. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct WireLog {
    hops: Arc<Mutex<VecDeque<Hop>>>,
    /// Knows which headers carry contexts.
    formats: Arc<Composite>,
}

/// One request, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hop {
    #[serde(rename = "traceID")]
    trace_id: String,
    /// The span that the request became here.
    #[serde(rename = "spanID")]
    span_id: String,
    service: String,
    path: String,
    /// Since 1970.
    pub(crate) time_us: u64,
    headers: Vec<(String, String)>,
}

impl WireLog {
    /// An empty one, for the headers of these formats.
    pub(crate) fn new(formats: Composite) -> Self {
        Self { hops: Arc::default(), formats: Arc::new(formats) }
    }

    /// Keeps the hops to a service; to lie within the layer that traces.
    pub(crate) fn layer(&self, service: &'static str) -> WireLayer {
        WireLayer { log: self.clone(), service }
    }

    /// The hops of a trace that are still kept, in order.
    pub(crate) fn of_trace(&self, trace_id: &str) -> Vec<Hop> {
        self.hops.lock().iter().filter(|hop| hop.trace_id == trace_id).cloned().collect()
    }

    fn keep<B>(&self, service: &str, request: &Request<B>) {
        let Some(context) = active::context().filter(|context| context.is_valid()) else {
            return;
        };
        let since_1970 = Clock::system().now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let hop = Hop {
            trace_id: context.trace_id().to_string(),
            span_id: context.span_id().to_string(),
            service: service.to_owned(),
            path: cut(request.uri().path()),
            time_us: u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX),
            headers: self.context_headers(request.headers()),
        };
        let mut hops = self.hops.lock();
        if hops.len() == HOPS_MAX {
            hops.pop_front();
        }
        hops.push_back(hop);
    }

    /// Those that carry contexts, by name.
    fn context_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let carries = |name: &str| {
            self.formats.fields().iter().any(|field| field.name() == name)
                || self.formats.prefixes().iter().any(|prefix| name.starts_with(prefix))
        };
        let mut kept: Vec<(String, String)> = headers
            .iter()
            .filter(|(name, _)| carries(name.as_str()))
            .take(HEADERS_MAX)
            .map(|(name, value)| (name.to_string(), cut(&String::from_utf8_lossy(value.as_bytes()))))
            .collect();
        kept.sort();
        kept
    }
}

/// Makes services whose requests are kept.
#[derive(Clone, Debug)]
pub(crate) struct WireLayer {
    log: WireLog,
    service: &'static str,
}

/// A service whose requests are kept.
#[derive(Clone, Debug)]
pub(crate) struct Wired<S> {
    inner: S,
    layer: WireLayer,
}

impl<S> Layer<S> for WireLayer {
    type Service = Wired<S>;

    fn layer(&self, inner: S) -> Wired<S> {
        Wired { inner, layer: self.clone() }
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Wired<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        self.layer.log.keep(self.layer.service, &request);
        self.inner.call(request)
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(VALUE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (kept, rest) = text.split_at(end);
    if rest.is_empty() { kept.to_owned() } else { format!("{kept}…") }
}

#[cfg(test)]
mod tests {
    use tracer_core::testing::TestTracer;

    use super::*;
    use crate::tracing_setup::all_formats;

    fn request(headers: &[(&'static str, &str)]) -> Request<()> {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn headers_that_carry_contexts_are_kept_and_cut_and_no_others() {
        let (log, test) = (WireLog::new(all_formats()), TestTracer::new("route"));
        let span = test.tracer().span("/route").start_active();
        let long = "x".repeat(VALUE_BYTES_MAX + 1);
        log.keep(
            "route",
            &request(&[
                ("traceparent", "00-1-2-01"),
                ("x-b3-traceid", "1"),
                ("uberctx-session", "<b>7</b>"),
                ("authorization", "secret"),
                ("baggage", &long),
            ]),
        );
        let hops = log.of_trace(&span.context().trace_id().to_string());
        let names: Vec<&str> = hops[0].headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["baggage", "traceparent", "uberctx-session", "x-b3-traceid"]);
        assert_eq!(hops[0].headers[0].1.len(), VALUE_BYTES_MAX + "…".len());
        assert!(log.of_trace(&"0".repeat(32)).is_empty());
    }

    #[test]
    fn the_oldest_make_room_and_what_is_not_traced_is_not_kept() {
        let (log, test) = (WireLog::new(all_formats()), TestTracer::new("route"));
        log.keep("route", &request(&[]));
        assert!(log.hops.lock().is_empty());
        let _span = test.tracer().span("/route").start_active();
        (0..HOPS_MAX + 3).for_each(|_| log.keep("route", &request(&[])));
        assert_eq!(log.hops.lock().len(), HOPS_MAX);
    }
}
