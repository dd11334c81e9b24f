//! What the layers of servers and clients have in common.

use std::borrow::Cow;
use std::sync::Arc;

use tracer_core::Tracer;
use tracer_propagation::Composite;

use crate::exchange::Protocol;
use crate::grpc::{self, Rpc};
use crate::head::RequestHead;
use crate::tags::SensitiveKeys;

pub(crate) type NameFn = dyn for<'a> Fn(RequestHead<'a>) -> Cow<'a, str> + Send + Sync;
pub(crate) type FilterFn = dyn Fn(RequestHead<'_>) -> bool + Send + Sync;

/// Whom to trace for, what, and under which names.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) composite: Composite,
    pub(crate) span_name: Option<Arc<NameFn>>,
    pub(crate) filter: Option<Arc<FilterFn>>,
    pub(crate) sensitive_keys: SensitiveKeys,
    pub(crate) grpc_only: bool,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Self {
            tracer,
            composite: Composite::w3c(),
            span_name: None,
            filter: None,
            sensitive_keys: SensitiveKeys::Usual,
            grpc_only: false,
        }
    }

    pub(crate) fn wants(&self, head: &RequestHead<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter(*head))
    }

    /// The method that is called, if the request is a call.
    pub(crate) fn rpc<'a>(&self, head: &RequestHead<'a>) -> Option<Rpc<'a>> {
        let may_be_call = self.grpc_only || grpc::is_grpc(head.headers);
        may_be_call.then(|| Rpc::of_path(head.uri.path())).flatten()
    }

    /// The name of the span: as set, else the method that is called, else what `usual` makes.
    pub(crate) fn name<'a>(
        &self,
        head: &RequestHead<'a>,
        rpc: Option<Rpc<'a>>,
        usual: impl FnOnce() -> Cow<'a, str>,
    ) -> Cow<'a, str> {
        match (&self.span_name, rpc) {
            (Some(span_name), _) => span_name(*head),
            (None, Some(rpc)) => Cow::Borrowed(rpc.full_method),
            (None, None) => usual(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer.service_name())
            .field("composite", &self.composite)
            .field("sensitive_keys", &self.sensitive_keys)
            .field("grpc_only", &self.grpc_only)
            .finish_non_exhaustive()
    }
}

/// What the span of a request is about.
pub(crate) fn protocol(head: &RequestHead<'_>, rpc: Option<Rpc<'_>>) -> Protocol {
    match rpc {
        Some(_) => Protocol::Grpc { is_settled: false },
        None => Protocol::Http { is_head: *head.method == http::Method::HEAD },
    }
}

/// The setters that both layers have.
macro_rules! common_setters {
    () => {
        /// Makes the names of spans. Names should be few: from a route's template, never from a
        /// path.
        pub fn span_name<F>(mut self, name: F) -> Self
        where
            F: for<'a> Fn(RequestHead<'a>) -> Cow<'a, str> + Send + Sync + 'static,
        {
            self.common().span_name = Some(Arc::new(name));
            self
        }

        /// Leaves requests alone for which this says `false`: no span, nothing active, no header
        /// read or written.
        pub fn filter(mut self, wants: impl Fn(RequestHead<'_>) -> bool + Send + Sync + 'static) -> Self {
            self.common().filter = Some(Arc::new(wants));
            self
        }

        /// How contexts are read and written. Usually W3C Trace Context and Baggage.
        pub fn propagation(mut self, composite: Composite) -> Self {
            self.common().composite = composite;
            self
        }

        /// The keys of a query whose values are not shown, instead of
        /// [`SENSITIVE_QUERY_KEYS`](crate::SENSITIVE_QUERY_KEYS). Letter case does not matter.
        pub fn sensitive_query_keys<K: Into<Box<str>>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
            self.common().sensitive_keys = SensitiveKeys::named(keys);
            self
        }

        /// Takes all requests for gRPC calls, whatever their content type.
        pub fn grpc(mut self) -> Self {
            self.common().grpc_only = true;
            self
        }
    };
}

pub(crate) use common_setters;
