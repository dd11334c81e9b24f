//! The layer and its settings.

use std::borrow::Cow;
use std::sync::Arc;

use tower_layer::Layer;
use tracer_core::Tracer;
use tracer_propagation::{Composite, EdgePolicy};

use super::malformed::{Counters, MalformedHeaders};
use super::service::Trace;
use crate::exchange::ResponseNames;
use crate::head::RequestHead;
use crate::settings::{Settings, common_setters};
use crate::tags::{SensitiveKeys, ServerView};

/// Wraps a server's service so that its requests are traced; see the [module](super).
///
/// ```
/// use tracer_core::Tracer;
/// use tracer_http::server::TraceLayer;
///
/// let layer = TraceLayer::new(Tracer::noop())
///     .filter(|head| head.uri.path() != "/healthz")
///     .span_name(|head| head.route().unwrap_or("other").into())
///     .trust_forwarded_headers(true);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing unless it wraps a service"]
pub struct TraceLayer(Arc<ServerSettings>);

#[derive(Clone, Debug)]
pub(super) struct ServerSettings {
    pub(super) common: Settings,
    pub(super) names: ResponseNames,
    pub(super) edge: EdgePolicy,
    trust_forwarded: bool,
    /// Shared by all layers that were made from one.
    pub(super) malformed: Arc<Counters>,
}

impl TraceLayer {
    /// A layer whose spans a tracer starts.
    pub fn new(tracer: Tracer) -> Self {
        Self(Arc::new(ServerSettings {
            common: Settings::new(tracer),
            names: ResponseNames { traceresponse: true, server_timing: false },
            edge: EdgePolicy::Continue,
            trust_forwarded: false,
            malformed: Arc::default(),
        }))
    }

    common_setters!();

    /// What is made of the trace and the baggage that callers send. They are continued unless this
    /// says otherwise; strangers should not be.
    ///
    /// | | trace | link to the caller | baggage | caller's decision | malformed headers |
    /// |---|---|---|---|---|---|
    /// | `Continue` | the caller's | no | kept | obeyed | counted |
    /// | `RestartWithLink` | its own | yes | dropped | dropped | counted |
    /// | `Ignore` | its own | no | dropped | dropped | not looked at |
    ///
    /// The handler still sees the headers as they came. Whether strangers are told the span that
    /// answered is up to [`traceresponse`](Self::traceresponse).
    ///
    /// ```
    /// use tracer_core::Tracer;
    /// use tracer_http::server::{EdgePolicy, TraceLayer};
    ///
    /// let public = TraceLayer::new(Tracer::noop()).edge_policy(EdgePolicy::RestartWithLink);
    /// ```
    pub fn edge_policy(mut self, policy: EdgePolicy) -> Self {
        Arc::make_mut(&mut self.0).edge = policy;
        self
    }

    /// Whether responses name their span in a `traceresponse` header
    /// (`00-<trace id>-<span id>-<flags>`). They do unless this is set to `false`.
    pub fn traceresponse(mut self, send: bool) -> Self {
        Arc::make_mut(&mut self.0).names.traceresponse = send;
        self
    }

    /// Whether responses name their span in a `Server-Timing` header too
    /// (`traceparent;desc="00-<trace id>-<span id>-<flags>"`), beside the metrics that are there. They
    /// do not unless this is set to `true`.
    ///
    /// Scripts of a page find it in `performance.getEntriesByType("navigation")[0].serverTiming`,
    /// those of other origins only with `Timing-Allow-Origin`.
    pub fn server_timing(mut self, send: bool) -> Self {
        Arc::make_mut(&mut self.0).names.server_timing = send;
        self
    }

    /// Whether `X-Forwarded-For` tells the client's address, and `X-Forwarded-Proto` the scheme. Set
    /// this only behind a proxy that writes them: anybody else can make them up.
    pub fn trust_forwarded_headers(mut self, trust: bool) -> Self {
        Arc::make_mut(&mut self.0).trust_forwarded = trust;
        self
    }

    /// How often which tracing header could not be used. The requests were answered all the same. All
    /// layers and services made from this one are counted together.
    #[must_use]
    pub fn malformed_headers(&self) -> MalformedHeaders {
        self.0.malformed.snapshot()
    }

    pub(super) fn settings(&self) -> &ServerSettings {
        &self.0
    }

    fn common(&mut self) -> &mut Settings {
        &mut Arc::make_mut(&mut self.0).common
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace::new(inner, self.clone())
    }
}

impl ServerSettings {
    pub(super) const fn view(&self) -> ServerView<'_> {
        ServerView { sensitive_keys: &self.common.sensitive_keys, trust_forwarded: self.trust_forwarded }
    }
}
