//! Headers to [`SpanContext`](tracer_core::SpanContext) and back, over any carrier: W3C Trace
//! Context and Baggage, B3, Jaeger, and `grpc-trace-bin`.
//!
//! ```text
//! headers ─> carrier ─> codec ─> Extracted ─> span ─> SpanContext ─> codec ─> carrier ─> headers
//! ```
//!
//! A service reads what came in, starts its span below it, and passes its own context on:
//!
//! ```
//! # #[cfg(feature = "http")] {
//! use http::{HeaderMap, HeaderValue};
//! use tracer_core::{SpanKind, testing::TestTracer};
//! use tracer_propagation::{Codec, Composite, Extracted};
//!
//! let test = TestTracer::new("shop");
//! let propagation = Composite::w3c();
//!
//! let mut incoming = HeaderMap::new();
//! let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! incoming.insert("traceparent", HeaderValue::from_static(parent));
//! incoming.insert("baggage", HeaderValue::from_static("session=7"));
//!
//! // Headers that cannot be used never stop a request: `error` says what was wrong with them.
//! let extracted = propagation.extract(&incoming).unwrap_or_else(Extracted::from);
//! assert_eq!(extracted.error, None);
//! let server = extracted.start(test.tracer().span("GET /cart").kind(SpanKind::Server));
//!
//! let mut outgoing = HeaderMap::new();
//! propagation.inject(server.context(), &mut outgoing)?;
//! let span_id = server.context().span_id();
//! assert_eq!(outgoing["traceparent"], format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span_id}-01"));
//! assert_eq!(outgoing["baggage"], "session=7");
//! # }
//! # Ok::<(), tracer_propagation::InjectError>(())
//! ```
//!
//! # Where things are
//!
//! A [`Codec`] knows one format (`codec/`, a file for each header), a [`Composite`] several
//! (`composite`). A program without a tracer passes headers on as they came (`forward`). What leaves
//! for which host, and what is taken from strangers, is in `policy/`. A carrier (`carrier/`) is
//! whatever holds headers: an [`Extractor`] is read, an [`Injector`] is written. Parts of fixed width
//! are read as bytes of fixed width: integer parsers take signs, upper case and any length. What is
//! read or sent has a limit, and what goes beyond it is in the error beside the result.
#![deny(clippy::indexing_slicing)]

mod carrier;
mod codec;
mod composite;
#[cfg(feature = "http")]
mod forward;
mod policy;
mod text;

pub use self::carrier::{EnvVars, Extractor, Field, Found, Injector, Pairs, SetError};
pub use self::codec::b3::{B3, B3MultiError, B3SingleError};
pub use self::codec::grpc_bin::{GrpcTraceBin, GrpcTraceBinError};
pub use self::codec::jaeger::{Jaeger, JaegerError};
pub use self::codec::w3c::{BaggageError, TraceContext, TraceparentError, TracestateError, W3cBaggage};
pub use self::codec::{
    Codec, ExtractError, Extracted, InjectError, InjectReason, OtherError, SamplingDecision,
};
pub use self::composite::{Composite, UnknownFormat};
#[cfg(feature = "http")]
pub use self::forward::{ForwardSet, Forwarded};
pub use self::policy::{EdgePolicy, HostPatternError, OutgoingPolicy, Propagation};

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../README.md")]
struct Readme;
