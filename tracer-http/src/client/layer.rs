//! The layer and its settings.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, Uri};
use tower_layer::Layer;
use tracer_core::{SpanContext, SpanKind, Tracer};
use tracer_propagation::{Codec, Composite, OutgoingPolicy, Propagation};

use super::policy::Policy;
use super::service::Trace;
use crate::exchange::{Exchange, Role};
use crate::head::RequestHead;
use crate::settings::{Settings, common_setters, protocol};
use crate::tags::{self, SensitiveKeys, ServerAddress, method};

/// Wraps a client's service so that its requests are traced; see the [module](super).
///
/// With the feature `reqwest` it is also a `reqwest_middleware::Middleware`.
///
/// ```
/// use tracer_core::Tracer;
/// use tracer_http::client::{OutgoingPolicy, TraceLayer};
///
/// let layer = TraceLayer::new(Tracer::noop())
///     .span_name(|head| format!("HTTP {}", head.method).into())
///     .outgoing_policy(OutgoingPolicy::internal(["*.svc.cluster.local"])?);
/// # Ok::<(), tracer_http::client::HostPatternError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing unless it wraps a service"]
pub struct TraceLayer(Arc<ClientSettings>);

#[derive(Clone, Debug)]
struct ClientSettings {
    common: Settings,
    server: Option<ServerAddress>,
    /// Without one, everything goes everywhere.
    policy: Option<Policy>,
    /// Shared by all layers that were made from one.
    incomplete: Arc<AtomicU64>,
}

impl TraceLayer {
    /// A layer whose spans a tracer starts.
    pub fn new(tracer: Tracer) -> Self {
        Self(Arc::new(ClientSettings {
            common: Settings::new(tracer),
            server: None,
            policy: None,
            incomplete: Arc::default(),
        }))
    }

    common_setters!();

    /// Decides per host what leaves. The host is that of the request's URI, else that of
    /// [`server_address`](Self::server_address), else that of the `Host` header.
    ///
    /// Without it, everything goes everywhere. Redirects that the client follows by itself, below
    /// this layer, are not asked about: they take along what the first request did. Takes the place of
    /// [`propagate_to`](Self::propagate_to).
    ///
    /// ```
    /// use tracer_core::Tracer;
    /// use tracer_http::client::{OutgoingPolicy, Propagation, TraceLayer};
    ///
    /// // Friends are sent everything, one stranger nothing, and all others the trace alone.
    /// let policy = OutgoingPolicy::new()
    ///     .with("*.internal", Propagation::Full)?
    ///     .with("ads.example", Propagation::None)?
    ///     .with("*", Propagation::TraceOnly)?;
    /// let layer = TraceLayer::new(Tracer::noop()).outgoing_policy(policy);
    /// # Ok::<(), tracer_http::client::HostPatternError>(())
    /// ```
    pub fn outgoing_policy(mut self, policy: OutgoingPolicy) -> Self {
        self.settings_mut().policy = Some(Policy::ByHost(policy));
        self
    }

    /// Decides per target what leaves, where hosts do not tell: a [`Propagation`], or a `bool` for
    /// all or nothing. Takes the place of [`outgoing_policy`](Self::outgoing_policy), and what is
    /// said there of redirects holds here too.
    pub fn propagate_to<P: Into<Propagation>>(
        mut self,
        policy: impl Fn(&Uri) -> P + Send + Sync + 'static,
    ) -> Self {
        self.settings_mut().policy = Some(Policy::ByTarget(Arc::new(move |uri| policy(uri).into())));
        self
    }

    /// The server that requests go to, for the tags of those whose URI is a path alone: a tonic
    /// channel adds the authority below this layer.
    pub fn server_address(mut self, host: &str, port: u16) -> Self {
        self.settings_mut().server = Some(ServerAddress { host: host.into(), port });
        self
    }

    /// How many requests went out without some of what was to travel: baggage over the limits of its
    /// format, say. All layers and services made from this one are counted together.
    #[must_use]
    pub fn incomplete_headers(&self) -> u64 {
        self.0.incomplete.load(Ordering::Relaxed)
    }

    /// Starts the span of a request, if it is to be traced.
    pub(crate) fn begin(&self, head: RequestHead<'_>) -> Option<Exchange> {
        let ClientSettings { common, server, .. } = &*self.0;
        if !common.wants(&head) {
            return None;
        }
        let rpc = common.rpc(&head);
        let name = common.name(&head, rpc, || method::span_name(head.method).into());
        let builder = common.tracer.span_with_name(&name).kind(SpanKind::Client);
        let mut span = tags::at_start(builder, &head, rpc).start();
        if span.is_recording() {
            let keys = &common.sensitive_keys;
            tags::of_client(&mut span, &head, rpc.is_some(), server.as_ref(), keys);
        }
        Some(Exchange::new(span, Role::Client, protocol(&head, rpc)))
    }

    /// What may leave for a target.
    pub(crate) fn policy(&self, uri: &Uri, headers: &HeaderMap) -> Propagation {
        let ClientSettings { policy, server, .. } = &*self.0;
        let decide = |policy: &Policy| policy.decide(uri, headers, server.as_ref());
        policy.as_ref().map_or(Propagation::Full, decide)
    }

    /// Writes a context into the headers of a request, and takes out what was there before.
    pub(crate) fn inject(&self, context: &SpanContext, propagation: Propagation, headers: &mut HeaderMap) {
        if self.0.common.composite.inject(&propagation.apply(context), headers).is_err() {
            self.0.incomplete.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn settings_mut(&mut self) -> &mut ClientSettings {
        Arc::make_mut(&mut self.0)
    }

    fn common(&mut self) -> &mut Settings {
        &mut self.settings_mut().common
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace::new(inner, self.clone())
    }
}
