//! Headers to [`SpanContext`](tracer_core::SpanContext) and back: W3C Trace Context and Baggage,
//! over any carrier.
//!
//! ```text
//! headers ─> carrier ─> codec ─> Extracted ─> span ─> SpanContext ─> codec ─> carrier ─> headers
//! ```
//!
//! A [`Codec`] knows one format, a [`Composite`] several. A carrier is whatever holds headers: an
//! [`Extractor`] is read, an [`Injector`] is written.
#![deny(clippy::indexing_slicing)]

pub mod carrier;
mod codec;
mod composite;
mod text;

pub use self::carrier::{Extractor, Field, Injector};
pub use self::codec::w3c::{TraceContext, W3cBaggage};
pub use self::codec::{
    Codec, ExtractError, ExtractReason, Extracted, InjectError, InjectReason, SamplingDecision,
};
pub use self::composite::Composite;
