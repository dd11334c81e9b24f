//! Distributed tracing: the [`Tracer`]/[`Span`]/[`SpanContext`] API and the span pipeline.
//!
//! ```
//! use std::time::Duration;
//! use tracer_core::{SpanKind, Tracer, tags, testing::InMemoryExporter};
//!
//! let exporter = InMemoryExporter::default();
//! let tracer = Tracer::builder("shop").exporter(exporter.clone()).build();
//!
//! let mut order = tracer.span("order").start_active();
//! let mut query = tracer.span("SELECT").kind(SpanKind::Client).start();
//! query.set_tag(tags::PEER_SERVICE, "mysql").set_tag("rows", 3);
//! query.finish();
//! order.with(|span| { span.log("packed", &[("boxes", 2.into())]); });
//! order.finish();
//!
//! tracer.shutdown(Duration::from_secs(5))?;
//! assert_eq!(tracer.stats().exported, 2);
//! # Ok::<(), tracer_core::FlushError>(())
//! ```
//!
//! # Without recording
//!
//! The feature `recording-off` compiles all recording away: tracers are [`Tracer::noop`], tags and logs are
//! nothing, no thread starts, and spans pass their parent's context on, so that headers still travel through the
//! service. Features add up over a whole build: ask for it in the final program alone, never in a library.
//! To turn single operations, libraries or tags off while running, see [`Switch`].
//!
//! # Where things are
//!
//! A span's walk, by file: `span/start`, `span/tag`, `span/log`, `span/finish`, `row`,
//! `pipeline/local`, `pipeline/chunk_log`, `pipeline/worker`, `export`; an exporter crate goes on from there.
//! The active span is [`active`]; what travels is in `context`.

pub mod active;
mod baggage_restrictions;
mod byte_table;
mod clock;
mod context;
mod export;
mod fork;
pub mod global;
mod id_generator;
mod inline_list;
mod limits;
mod open_spans;
mod pipeline;
mod resource;
pub mod row;
pub mod sampler;
mod span;
mod switch;
mod sync;
pub mod tags;
pub mod testing;
mod tracer;
mod value;

pub use self::baggage_restrictions::BaggageRestrictions;
#[doc(hidden)] // For the other crates of the family.
pub use self::byte_table::{byte_table, is_within};
pub use self::clock::Clock;
pub use self::context::{
    Baggage, BaggageItem, BaggageProperty, SpanContext, SpanId, TraceFlags, TraceId, TraceState,
    TraceStateError,
};
pub use self::export::{Batch, ExportError, Exported, Exporter, Losses};
pub use self::limits::SpanLimits;
pub use self::pipeline::{
    Dropped, ExporterStats, FlushError, FlushFuture, Pipeline, PipelineBuilder, ShutdownGuard, Stats,
};
pub use self::resource::{Resource, Scope};
pub use self::sampler::{
    ConstSampler, Decision, InvalidProbability, ParentBased, ProbabilisticSampler, Sampler, SamplerTags,
    SamplingParams,
};
pub use self::span::{SharedSpan, Span, SpanBuilder, SpanKind, StatusCode};
pub use self::switch::{Switch, SwitchError};
pub use self::tracer::{Tracer, TracerBuilder};
pub use self::value::{Field, TagRef};
