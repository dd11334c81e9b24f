//! One traced request, from its head to the end of its response: how the span fares on the way.
//!
//! ```text
//!            ┌ respond ─> trailers ─> complete     the body ended
//! begin ─────┤                    └─> fail         the body failed
//!            ├ fail                                no response
//!            └ abandon                             dropped before any of these
//! ```

use std::fmt::Display;

use http::{HeaderMap, Response, StatusCode as HttpStatus};
use tracer_core::{Span, SpanContext, StatusCode, tags};

use crate::failure;
use crate::grpc::{self, Status};
use crate::response_names;
use crate::tags::method;

/// The span of a request, and what its end needs.
#[derive(Debug)]
pub(crate) struct Exchange {
    span: Span,
    role: Role,
    protocol: Protocol,
}

/// Whose span it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server {
        /// Which headers of the response name the span.
        names: ResponseNames,
        /// Whether a method that is not there loses its name: anybody can call any.
        hides_unknown_methods: bool,
    },
}

/// Which headers of a response name the server's span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseNames {
    pub(crate) traceresponse: bool,
    pub(crate) server_timing: bool,
}

/// What the span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A request; one for the head alone is answered without a body.
    Http { is_head: bool },
    /// A call.
    Grpc {
        /// Nothing more need be said of how it ended.
        is_settled: bool,
    },
}

impl Exchange {
    pub(crate) const fn new(span: Span, role: Role, protocol: Protocol) -> Self {
        Self { span, role, protocol }
    }

    pub(crate) fn context(&self) -> &SpanContext {
        self.span.context()
    }

    /// The span is active while `run` runs.
    pub(crate) fn in_scope<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.span.in_scope(run)
    }

    /// The head of the response is there. Says whether a body may follow.
    pub(crate) fn respond<B>(&mut self, response: &mut Response<B>) -> bool {
        let status = response.status();
        let may_have_body = match &mut self.protocol {
            Protocol::Http { is_head } => {
                let may_have_body = !*is_head && has_body(status);
                self.http_status(status);
                may_have_body
            }
            Protocol::Grpc { is_settled } => {
                let said = Status::of(response.headers()).or_else(|| Status::of_http(status));
                *is_settled = said.is_some() || grpc::is_grpc_web(response.headers());
                if let Some(said) = said {
                    self.grpc_status(&said);
                }
                true
            }
        };
        if let Role::Server { names, .. } = self.role {
            self.name_span(names, response.headers_mut());
        }
        may_have_body
    }

    /// The trailers of the response are there.
    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        let Protocol::Grpc { is_settled } = &mut self.protocol else {
            return;
        };
        if let Some(status) = Status::of(trailers) {
            *is_settled = true;
            self.grpc_status(&status);
        }
    }

    /// Whether the end of the body alone does not say how it ended.
    pub(crate) const fn awaits_trailers(&self) -> bool {
        matches!(self.protocol, Protocol::Grpc { is_settled: false })
    }

    /// The service or the body failed.
    pub(crate) fn fail<E: Display + 'static>(mut self, error: &E) {
        failure::record(&mut self.span, error);
    }

    /// The response came to its end.
    pub(crate) fn complete(mut self) {
        if self.awaits_trailers() {
            self.grpc_status(&Status::missing());
        }
    }

    /// Nobody waits for the end any more, or the thread is unwinding. What is dropped for that may
    /// still start spans below this one.
    pub(crate) fn abandon(mut self, drop_rest: impl FnOnce()) {
        if std::thread::panicking() {
            self.span.set_tag(tags::ERROR_TYPE, "panic");
            self.span.set_status(StatusCode::Error, "panicked");
        } else {
            self.span.set_tag(tags::CANCELLED, true);
        }
        self.span.in_scope(drop_rest);
    }

    fn http_status(&mut self, status: HttpStatus) {
        self.span.set_tag(tags::HTTP_RESPONSE_STATUS_CODE, status.as_u16());
        let is_error = match self.role {
            Role::Client => status.as_u16() >= 400,
            Role::Server { .. } => status.as_u16() >= 500,
        };
        if is_error {
            self.span.set_tag(tags::ERROR_TYPE, status.as_str());
            self.span.set_tag(tags::ERROR, true);
        }
    }

    fn grpc_status(&mut self, status: &Status) {
        self.span.set_tag(tags::RPC_GRPC_STATUS_CODE, status.code);
        let is_error = match self.role {
            Role::Client => !status.is_ok(),
            Role::Server { .. } => status.is_fault_of_server(),
        };
        if status.is_unimplemented() && self.hides_unknown_methods() {
            self.span.set_operation_name(method::OTHER);
        }
        if is_error {
            self.span.set_tag(tags::ERROR_TYPE, status.name());
            self.span.set_status(StatusCode::Error, &status.message);
        }
    }

    const fn hides_unknown_methods(&self) -> bool {
        matches!(self.role, Role::Server { hides_unknown_methods: true, .. })
    }

    /// Tells the caller which span answered, if it is this process's own: without a tracer it would be
    /// the caller's.
    fn name_span(&self, names: ResponseNames, headers: &mut HeaderMap) {
        let context = self.context();
        if !context.is_valid() || context.is_remote() {
            return;
        }
        if names.traceresponse {
            response_names::set_traceresponse(context, headers);
        }
        if names.server_timing {
            response_names::add_server_timing(context, headers);
        }
    }
}

/// RFC 9110 section 6.4.1.
fn has_body(status: HttpStatus) -> bool {
    !status.is_informational() && status != HttpStatus::NO_CONTENT && status != HttpStatus::NOT_MODIFIED
}
