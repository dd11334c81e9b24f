//! One traced request, from its head to the end of its response: how the span fares on the way.
//!
//! ```text
//!            ┌ respond ─> trailers ─> complete     the body ended
//! begin ─────┤                    └─> fail         the body failed
//!            ├ fail                                no response
//!            └ abandon                             dropped before any of these
//! ```

use std::fmt::Display;

use http::{HeaderMap, HeaderValue, Response, StatusCode as HttpStatus};
use tracer_core::{Span, SpanContext, StatusCode, tags};

use crate::failure;
use crate::grpc::{self, Status};
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
        /// Whether the response names the span.
        traceresponse: bool,
        /// Whether a method that is not there loses its name: anybody can call any.
        hides_unknown_methods: bool,
    },
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

    pub(crate) const fn context(&self) -> &SpanContext {
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
        let is_wanted = matches!(self.role, Role::Server { traceresponse: true, .. });
        if let (true, Some(value)) = (is_wanted, self.traceresponse()) {
            response.headers_mut().insert("traceresponse", value);
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

    /// `00-<trace id>-<span id>-<flags>` (W3C Trace Context, `traceresponse`), if the span is this
    /// process's own: without a tracer it would name the caller's.
    fn traceresponse(&self) -> Option<HeaderValue> {
        let context = self.context();
        if !context.is_valid() || context.is_remote() {
            return None;
        }
        let flags = if context.is_sampled() { b"-01" } else { b"-00" };
        let mut text = [0; 55];
        let parts: [&[u8]; 5] =
            [b"00-", &context.trace_id().to_hex(), b"-", &context.span_id().to_hex(), flags];
        for (byte, from) in text.iter_mut().zip(parts.into_iter().flatten()) {
            *byte = *from;
        }
        HeaderValue::from_bytes(&text).ok()
    }
}

/// RFC 9110 section 6.4.1.
fn has_body(status: HttpStatus) -> bool {
    !status.is_informational() && status != HttpStatus::NO_CONTENT && status != HttpStatus::NOT_MODIFIED
}
